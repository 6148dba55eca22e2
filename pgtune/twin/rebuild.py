"""The schema of a snapshot made anew: what cannot be made is named and takes only its dependents along.

A snapshot is a file, and a file can be written by anybody. So its statements run as the weak owner, and what takes a
superuser (roles, schemas, extensions) is composed here from the names that they hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
from pglast import ast
from psycopg import sql

from pgtune.model.errors import NotSql
from pgtune.snapshot.snapshot import Object, Snapshot
from pgtune.sqltext.parse import isa, tree
from pgtune.twin.builder import Builder
from pgtune.twin.house import OWNER, PLANNER

BATCH = 200  # statements a round trip
UNNEEDED = {"comment"}  # no plan depends on them


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object that the twin does without, and why; `because` names the object whose loss took it along."""

    kind: str
    name: str
    why: str
    because: str | None = None


@dataclass
class Rebuild:
    """One run over a snapshot's objects."""

    builder: Builder
    superuser: psycopg.Connection
    left_out: list[LeftOut] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lost: dict[str, str] = {}

    def run(self, snapshot: Snapshot) -> None:
        """Make everything that can be made."""
        for batch in _batches(snapshot.objects):
            if batch[0].kind in PRIVILEGED:
                self._privileged(batch[0])
            else:
                self._plain(batch)

    def _plain(self, batch: Sequence[Object]) -> None:
        wanted = [each for each in batch if not self._orphaned(each)]
        if len(wanted) > 1 and self.builder.made([each.sql for each in wanted]) is None:
            return
        for each in wanted:
            if self._orphaned(each):
                continue
            why = self.builder.made([each.sql])
            if why is not None:
                self._lose(each, why)

    def _privileged(self, thing: Object) -> None:
        try:
            words = PRIVILEGED[thing.kind](thing)
            if words is not None:
                self.superuser.execute(words)
        except psycopg.Error as error:
            self._lose(thing, " ".join(str(error.diag.message_primary or error).split()))
        except NotSql as error:
            self._lose(thing, str(error))

    def _orphaned(self, thing: Object) -> bool:
        lost = next((need for need in thing.needs if need in self._lost), None)
        if lost is None:
            return False
        if thing.id not in self._lost:
            self._lose(thing, f"it needs {self._lost[lost]}", self._lost[lost])
        return True

    def _lose(self, thing: Object, why: str, because: str | None = None) -> None:
        self._lost[thing.id] = f"{thing.kind} {thing.name}"
        self.left_out.append(LeftOut(thing.kind, thing.name, why, because))


def _batches(objects: Sequence[Object]) -> Iterator[list[Object]]:
    """Runs of plain objects, and each privileged one alone."""
    batch: list[Object] = []
    for each in objects:
        if each.kind in UNNEEDED:
            continue
        if batch and (each.kind in PRIVILEGED or len(batch) == BATCH):
            yield batch
            batch = []
        if each.kind in PRIVILEGED:
            yield [each]
        else:
            batch.append(each)
    if batch:
        yield batch


def _role(thing: Object) -> sql.Composed:
    return sql.SQL("CREATE ROLE {0} NOLOGIN; GRANT {0} TO {1}").format(
        sql.Identifier(thing.name), sql.Identifier(PLANNER)
    )


def _schema(thing: Object) -> sql.Composed:
    statement = tree(thing.sql)
    if not isa(statement, ast.CreateSchemaStmt):
        return _nothing(thing)
    name = sql.Identifier(statement.schemaname)
    words = sql.SQL("CREATE SCHEMA IF NOT EXISTS {0}; ALTER SCHEMA {0} OWNER TO {1}; GRANT USAGE ON SCHEMA {0} TO {2}")
    return words.format(name, sql.Identifier(OWNER), sql.Identifier(PLANNER))


def _extension(thing: Object) -> sql.Composed:
    statement = tree(thing.sql)
    if not isa(statement, ast.CreateExtensionStmt):
        return _nothing(thing)
    schemas = [each.arg.sval for each in statement.options or () if each.defname == "schema"]
    words = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(statement.extname))
    return words + sql.SQL(" WITH SCHEMA {}").format(sql.Identifier(schemas[0])) if schemas else words


def _nothing(thing: Object) -> sql.Composed:
    raise NotSql(f"this is no statement that makes a {thing.kind}")


PRIVILEGED = {"role": _role, "schema": _schema, "extension": _extension}
