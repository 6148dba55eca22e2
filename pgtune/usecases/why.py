"""`pgtune why`: what a setting does or a finding means, the rule behind it, and where the rule comes from."""

from difflib import get_close_matches
from itertools import groupby

from pgtune import guide, resources, settings, versions
from pgtune.model.errors import BadInput
from pgtune.model.setting import Setting
from pgtune.report.why import Entry, Explanation, Facts
from pgtune.review.catalogue import RULES
from pgtune.review.rule import Rule


def explain(name: str) -> Explanation:
    """Everything pgtune knows of this setting.

    Raises:
        BadInput: no tested version has such a setting; the message names close ones.
    """
    text = resources.text("versions", "settings.toml")
    descriptions = versions.descriptions(text)
    name = name.strip().lower()  # names of settings are case-insensitive (documentation, 19.1.1)
    if name not in descriptions:
        raise BadInput(_unknown(name, sorted(descriptions.keys() | settings.RULES.keys() | RULES.keys())))
    rule = settings.RULES.get(name)
    return Explanation(
        name=name,
        does=descriptions[name],
        family=rule.family if rule else None,
        rule=rule.explanation if rule else None,
        source=rule.source if rule else None,
        guide=_guide(name),
        never_lower=bool(rule and rule.never_lower),
        group=rule.group if rule else None,
        facts=_facts(text, name),
    )


def rule_of(name: str) -> Rule | None:
    """The rule of the review with this code; None if there is none, then it may be a setting's name."""
    return RULES.get(name.strip().lower())


def rules() -> tuple[Rule, ...]:
    """Every rule of the review, those of a kind together."""
    kinds = list(dict.fromkeys(code.partition(".")[0] for code in RULES))
    return tuple(sorted(RULES.values(), key=lambda rule: kinds.index(rule.code.partition(".")[0])))


def overview() -> tuple[Entry, ...]:
    """Every setting that has a rule, in the order of the families; as the newest version that has it describes it."""
    text = resources.text("versions", "settings.toml")
    descriptions = versions.descriptions(text)
    newest: dict[str, Setting] = {}
    for major in versions.TESTED:
        newest |= versions.parameters(text, major)
    return tuple(
        Entry(name, rule.family, descriptions[name], newest[name].restart)
        for name, rule in settings.RULES.items()
        if name in newest
    )


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`pgtune why` lists all that it has rules for"
    return f"no setting and no finding {name}: {hint}"


def _guide(name: str) -> str | None:
    figures = guide.load(resources.text("guide", "guide.toml")).figure("settings")
    return str(figures[name]) if name in figures else None


def _facts(text: str, name: str) -> tuple[Facts, ...]:
    """The facts by version, with versions that agree taken together."""
    known = [(major, versions.parameters(text, major).get(name)) for major in versions.TESTED]
    have = [(major, setting) for major, setting in known if setting is not None]
    groups = groupby(have, key=lambda each: (each[1].show(), each[1].restart, each[1].choices))
    return tuple(_span([major for major, _ in group], *facts) for facts, group in groups)


def _span(majors: list[int], default: str, restart: bool, choices: tuple[str, ...]) -> Facts:
    return Facts(majors[0], majors[-1], default, restart, choices)
