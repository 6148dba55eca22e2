"""The sheet: settings as the cells of a spreadsheet, each computed by its rule when it is first asked for.

A rule is one function of the sheet that decides the setting it is named after, registered with its source.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pgtune.model.setting import Setting, Value
from pgtune.settings.situation import Situation

TOLERANCE = 0.05  # a value this near the advice is left alone: no restart is worth it


@dataclass(frozen=True, slots=True)
class Advice:
    """The value a rule wants, in natural units, and why, in one sentence.

    `enough` is a range (both ends included) in which a current value does the same service and is left alone;
    without it that is 5 % around the value.
    """

    value: Value
    why: str
    enough: tuple[float, float] | None = None


Decide = Callable[["Sheet"], Advice | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A setting's rule.

    `source` is the section of the documentation (numbers are those of 18) or the benchmark that the figure rests on.
    `never_lower`: a live server's value is never reduced (a standby, an extension or a session may need it).
    `group`: None, or the optional group ("statistics") the user has to ask for.
    """

    setting: str
    family: str
    decide: Decide
    source: str
    never_lower: bool = False
    group: str | None = None

    @property
    def explanation(self) -> str:
        """The rule in words: the function's docstring."""
        lines = (self.decide.__doc__ or "").strip().splitlines()
        return "\n".join(line.strip() for line in lines)


RULES: dict[str, Rule] = {}


def rule(source: str, *, never_lower: bool = False, group: str | None = None) -> Callable[[Decide], Decide]:
    """Register a function as the rule of the setting that it is named after."""

    def register(decide: Decide) -> Decide:
        name, family = decide.__name__, decide.__module__.rpartition(".")[2]
        RULES[name] = Rule(name, family, decide, source, never_lower, group)
        return decide

    return register


@dataclass(frozen=True, slots=True)
class Cell:
    """A setting after its rule was asked: `value` is what will be in force, `advice` what the rule said."""

    setting: Setting
    value: Value
    advice: Advice | None = None
    rule: Rule | None = None
    warning: str | None = None
    departs: str | None = None

    @property
    def changed(self) -> bool:
        """True if the value in force, or the one that waits for a restart, is to be changed."""
        return self.value != self.setting.coming()


@dataclass
class Sheet:
    """Cells by name. Rules read `situation` and other cells; a circle of rules is a programming error."""

    situation: Situation
    _cells: dict[str, Cell] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """True if the target's version knows the setting."""
        return name in self.situation.settings

    def __getitem__(self, name: str) -> Value:
        """The value that will be in force, in natural units; raises KeyError where the version lacks the setting."""
        return self.cell(name).value

    def number(self, name: str) -> float:
        """The same as a number."""
        return float(self[name])

    def cell(self, name: str) -> Cell:
        """The setting's cell, computed when first asked for."""
        if name not in self._cells:
            if name in self._open:
                raise RecursionError(f"rules go in a circle: {' -> '.join([*self._open, name])}")
            self._open.append(name)
            try:
                self._cells[name] = self._decide(self.situation.settings[name])
            finally:
                self._open.pop()
        return self._cells[name]

    def cells(self) -> list[Cell]:
        """Every cell that has a rule and exists in the target's version, in the order of the families."""
        return [self.cell(name) for name in RULES if self.has(name)]

    def _decide(self, setting: Setting) -> Cell:
        current = setting.coming()
        rule = RULES.get(setting.name)
        if rule is None or (rule.group and not getattr(self.situation.wishes, rule.group)):
            return Cell(setting, current)
        advice = rule.decide(self)
        guide = self.guide_value(setting)
        if guide is not None and self.situation.wishes.strict_guide:
            return self._strict(setting, rule, guide, advice)
        if advice is None:
            return Cell(setting, current, rule=rule)
        value = setting.fit(advice.value)
        departs = None if guide is None or _near(value, Advice(guide, "")) else setting.show(guide)
        if not setting.takes(value) or _near(current, Advice(value, "", advice.enough)):
            value = current
        if rule.never_lower and self.situation.live and _number(value) < _number(current) and _number(current) != -1:
            value = current
        return Cell(setting, value, advice, rule, departs=departs)

    def _strict(self, setting: Setting, rule: Rule, guide: Value, advice: Advice | None) -> Cell:
        """The guide's value to the letter; the rule's own reason becomes the warning where it disagrees."""
        value, current, warning = setting.fit(guide), setting.coming(), None
        if advice is not None and not _near(value, advice):
            warning = f"{setting.name} = {setting.show(value)} by the guide; pgtune would give "
            warning += f"{setting.show(setting.fit(advice.value))}: {advice.why}"
        letter = Advice(value, "the house guide's figure, to the letter")
        return Cell(setting, current if _near(current, letter) else value, letter, rule, warning)

    def guide_value(self, setting: Setting) -> Value | None:
        """The guide's figure for the setting in natural units, a share taken of the memory; None if it has none."""
        guide, name = self.situation.guide, setting.name
        figures = guide.figure("settings")
        if name not in figures:
            return None
        if str(figures[name]).endswith("%"):
            return setting.fit(int(guide.share(name) * self.situation.hardware.memory.value))
        if setting.is_memory:
            return guide.bytes(name)
        return guide.ms(name) if setting.unit else guide.number(name)


def _number(value: Value) -> float:
    return float("inf") if isinstance(value, str) else float(value)


def _near(current: Value, advice: Advice) -> bool:
    """True if `current` does the service of the advised value."""
    if isinstance(advice.value, (bool, str)) or isinstance(current, (bool, str)):
        return current == advice.value
    if advice.enough is not None:
        return advice.enough[0] <= current <= advice.enough[1]
    if current < 0 or advice.value < 0 or current == 0:
        return current == advice.value
    return abs(current - advice.value) <= TOLERANCE * abs(advice.value)
