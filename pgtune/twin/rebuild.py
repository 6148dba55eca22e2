"""The schema of a snapshot made anew: what cannot be made is named and takes only its dependents along.

A snapshot is a file, and a file can be written by anybody. So its statements run as the weak owner, each only if it
makes what it says, and what takes a superuser (roles, schemas, extensions) is composed here from the names that they
hold, and made before anything of a user's is there that an extension's script could stumble over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
from pglast import ast
from psycopg import sql

from pgtune.model.errors import NotSql
from pgtune.snapshot.snapshot import Object, Snapshot
from pgtune.sqltext.parse import isa, tree
from pgtune.twin.allowed import EXTENSIONS, refused
from pgtune.twin.builder import Builder
from pgtune.twin.house import OWNER, PLANNER

BATCH = 200  # statements a round trip
UNNEEDED = {"comment"}  # no plan depends on them
RUNAWAYS = 2  # statements that may have to be ended by the clock; an honest schema has none


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
        for each in batch:
            why = refused(each)
            if why is not None:
                self._lose(each, why)
        wanted = [each for each in batch if each.id not in self._lost and not self._orphaned(each)]
        if self.builder.ended or len(wanted) < 2 or self.builder.made([each.sql for each in wanted]) is not None:
            self._singly(wanted)

    def _singly(self, wanted: Sequence[Object]) -> None:
        for each in wanted:
            if self._orphaned(each):
                continue
            if self.builder.ended > RUNAWAYS:
                self._lose(each, "statements before it had to be ended: they ran too long")
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
    """Each privileged object alone, before all others, and runs of plain ones."""
    batch: list[Object] = []
    for each in sorted(objects, key=lambda thing: thing.kind not in PRIVILEGED):
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
    if not isa(statement, ast.CreateSchemaStmt) or not statement.schemaname:
        return _nothing(thing)
    name = sql.Identifier(statement.schemaname)
    words = sql.SQL("CREATE SCHEMA IF NOT EXISTS {0}; ALTER SCHEMA {0} OWNER TO {1}; GRANT USAGE ON SCHEMA {0} TO {2}")
    return words.format(name, sql.Identifier(OWNER), sql.Identifier(PLANNER))


def _extension(thing: Object) -> sql.Composed:
    statement = tree(thing.sql)
    if not isa(statement, ast.CreateExtensionStmt):
        return _nothing(thing)
    if statement.extname not in EXTENSIONS:
        raise NotSql("it is none of the extensions that are made from a snapshot")
    schemas = [each.arg.sval for each in statement.options or () if each.defname == "schema"]
    words = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(statement.extname))
    return words + sql.SQL(" WITH SCHEMA {}").format(sql.Identifier(schemas[0])) if schemas else words


def _nothing(thing: Object) -> sql.Composed:
    raise NotSql(f"this is no statement that makes a {thing.kind}")


PRIVILEGED = {"role": _role, "schema": _schema, "extension": _extension}
