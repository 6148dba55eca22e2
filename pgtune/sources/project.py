"""What was found in a project's files."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pgtune.model.finding import Skipped

Role = Literal["query", "migration", "routine"]


class Sql(NamedTuple):
    """A statement where it stands: `line` is that of its first word (the first is 1), `lines` how many it spans.

    `text` is as written, placeholders and all; `numbered` of sqltext makes `$n` of them. `native`: `?` and `:` in it
    are PostgreSQL's own operators. `dynamic`: parts of it are known only when it runs, so nothing but what is certain
    may be said. `loop`: the line of the loop in code that runs it once a turn, 0 for none. `name`: of a named query.
    `routine`: the function whose body it stands in. `by_tool`: a BEGIN or COMMIT that a migration tool sends.
    """

    text: str
    path: str
    line: int
    lines: int = 1
    role: Role = "query"
    native: bool = True
    dynamic: bool = False
    loop: int = 0
    name: str = ""
    routine: str = ""
    by_tool: bool = False

    def line_at(self, offset: int) -> int:
        """The line of the file on which what stands at this offset of the text stands, as near as is known."""
        return self.line + min(self.text.count("\n", 0, offset), self.lines - 1)


class Migration(NamedTuple):
    """One step of a project's history, in the direction that production takes.

    `tool` is its convention: flyway, goose, dbmate, sql-migrate, micrate, rambler, tern, sqlx, diesel, golang-migrate,
    prisma, sqitch, atlas, numbered, alembic, django, structure (a dump of the whole schema) or plain (DDL of no tool).
    `transaction`: whether the tool runs the statements in one. `down`: it takes another migration back.
    """

    path: str
    tool: str
    statements: tuple[Sql, ...]
    transaction: bool = True
    down: bool = False


class Comment(NamedTuple):
    """A comment that speaks to the review: `pgtune: ignore CODE[, CODE] reason`, on its own line or behind a statement.

    `line` is the one it stands on; `covers` the lines whose findings it silences, the last one included.
    """

    path: str
    line: int
    codes: tuple[str, ...]
    reason: str
    covers: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Project:
    """All SQL of the files that were read: migrations in the order in which they are applied, and the rest."""

    migrations: tuple[Migration, ...] = ()
    queries: tuple[Sql, ...] = ()
    comments: tuple[Comment, ...] = ()
    skipped: tuple[Skipped, ...] = ()
