"""A rule is one function of the sheet that decides one setting, registered with its source."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgtune.model.setting import Value

if TYPE_CHECKING:
    from pgtune.settings.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Advice:
    """The value a rule wants, in natural units, and why, in one sentence.

    `enough` is a range (both ends included) in which a current value does the same service and is left alone;
    without it that is 5 % around the value.
    """

    value: Value
    why: str
    enough: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A setting's rule.

    `source` is the section of the documentation (numbers are those of 18) or the benchmark that the figure rests on.
    `never_lower`: a live server's value is never reduced (a standby, an extension or a session may need it).
    `group`: None, or the optional group ("statistics") the user has to ask for.
    """

    setting: str
    family: str
    decide: "Callable[[Sheet], Advice | None]"
    source: str
    never_lower: bool = False
    group: str | None = None

    @property
    def explanation(self) -> str:
        """The rule in words: the function's docstring."""
        lines = (self.decide.__doc__ or "").strip().splitlines()
        return "\n".join(line.strip() for line in lines)


RULES: dict[str, Rule] = {}


def rule(
    source: str, *, never_lower: bool = False, group: str | None = None
) -> "Callable[[Callable[[Sheet], Advice | None]], Callable[[Sheet], Advice | None]]":
    """Register a function as the rule of the setting that it is named after."""

    def register(decide: "Callable[[Sheet], Advice | None]") -> "Callable[[Sheet], Advice | None]":
        name, family = decide.__name__, decide.__module__.rpartition(".")[2]
        RULES[name] = Rule(name, family, decide, source, never_lower, group)
        return decide

    return register
