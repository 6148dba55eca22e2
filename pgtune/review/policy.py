"""A project's policy for reviews: the table [review] of its pgtune.toml, text in, values out.

[review]
fail-on = "warning"
ignore = ["db/seeds/**", "vendor/**"]
not-suppressible = ["migration.*"]

[review.severity]
"query.select-star" = "off"
"migration.lock-timeout" = "note"
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from pgtune.model.errors import BadInput
from pgtune.model.finding import SEVERITIES, Finding, Severity

FILE = "pgtune.toml"
FailOn = Literal["error", "warning", "never"]
Wanted = Severity | Literal["off"]
FAIL_ON: tuple[FailOn, ...] = get_args(FailOn)
WANTED: tuple[Wanted, ...] = (*SEVERITIES, "off")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project wants of its reviews.

    `severity`: by code, or by the beginning of codes (`migration.*`; the longest that fits counts). `ignore`: patterns
    of paths; `**` and `*` both reach over folders. `not_suppressible`: codes that a comment cannot silence.
    """

    fail_on: FailOn = "error"
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Wanted] = field(default_factory=dict)
    not_suppressible: tuple[str, ...] = ()

    def ignores(self, path: str) -> bool:
        """True for a path that is not reviewed."""
        return any(fnmatchcase(path, pattern.removeprefix("./")) for pattern in self.ignore)

    def judged(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings with the severities that the project wants, without those that it does not want."""
        wanted = [(each, self.wanted(each.code) or each.severity) for each in findings]
        return tuple(replace(each, severity=severity) for each, severity in wanted if severity != "off")

    def wanted(self, code: str) -> Wanted | None:
        """The severity of a code, None where the rule's own counts."""
        fitting = [pattern for pattern in self.severity if matches(code, pattern)]
        return self.severity[max(fitting, key=len)] if fitting else None


def matches(code: str, pattern: str) -> bool:
    """True if the pattern is the code, or its beginning up to a dot and a star (`migration.*`)."""
    return code == pattern or (pattern.endswith(".*") and len(pattern) > 2 and code.startswith(pattern[:-1]))


def load(text: str, name: str = FILE) -> Policy:
    """The policy of a file; other tables than [review] are other commands' business.

    Raises:
        BadInput: it is no TOML, or says something that a policy does not have.
    """
    try:
        whole = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name}: {error}") from None
    table = whole.get("review", {})
    if not isinstance(table, Mapping):
        raise BadInput(f"{name}: review must be a table")
    unknown = sorted(set(table) - set(_READERS))
    if unknown:
        raise BadInput(f"{name}: [review] has no {', '.join(unknown)}; it has {', '.join(sorted(_READERS))}")
    values = {key.replace("-", "_"): _READERS[key](value, f"{name}: review.{key}") for key, value in table.items()}
    return Policy(**values)


def _fail_on(value: Any, where: str) -> FailOn:
    if value not in FAIL_ON:
        raise BadInput(f"{where} must be one of {', '.join(FAIL_ON)}")
    found: FailOn = value
    return found


def _words(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise BadInput(f"{where} must be a list of strings")
    return tuple(value)


def _severities(value: Any, where: str) -> dict[str, Wanted]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where} must be a table")
    wrong = sorted(str(each) for each in value.values() if each not in WANTED)
    if wrong:
        raise BadInput(f"{where}: {wrong[0]} is none of {', '.join(WANTED)}")
    return dict(value)


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "fail-on": _fail_on, "ignore": _words, "not-suppressible": _words, "severity": _severities,
}  # fmt: skip
