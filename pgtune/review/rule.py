"""A rule: its words, which are its page and its `pgtune why` too, and what it says of a line."""

from dataclasses import dataclass
from typing import NamedTuple

from pgtune.model.finding import Severity
from pgtune.model.name import Name


@dataclass(frozen=True, slots=True)
class Rule:
    """The words of a rule, static data beside its check.

    `code` is dotted (`migration.rewrite`), `severity` the gravest that it gives, `title` one line, `why` what goes
    wrong in production, `remedy` what to do instead; `wrong` and `right` are SQL examples, of which the first must be
    found and the second not; `source` is the section of PostgreSQL's documentation or the command that measured it;
    `known_as` are the names under which other linters know it. `once`: it is said once a migration, at its first place.
    """

    code: str
    severity: Severity
    title: str
    why: str
    remedy: str
    wrong: str
    right: str
    source: str
    known_as: tuple[str, ...] = ()
    once: bool = False

    @property
    def instead(self) -> str:
        """The remedy as a remark's help: no full stop, and no capital unless it begins with a word of SQL."""
        text = self.remedy.removesuffix(".")
        return text[:1].lower() + text[1:] if text[1:2].islower() else text


class Remark(NamedTuple):
    """What a rule says of a statement. `at` is the offset in the statement's text of what it means (0: its start).

    `about` are the tables that it is about, if it is about some: of two remarks on the same the better one is shown.
    """

    severity: Severity
    message: str
    help: str
    fix: str = ""
    at: int = 0
    verified: bool = True
    about: tuple[Name, ...] = ()
