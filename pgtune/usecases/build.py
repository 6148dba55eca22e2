"""`pgtune advise --apply`: which of the advised indexes can be created here, and the hand-over to the one writer."""

from collections.abc import Callable
from dataclasses import dataclass

from pglast import ast

from pgtune import versions
from pgtune.model.design import Index, Name
from pgtune.model.errors import BadInput, MustNotRunHere, NotAllowed
from pgtune.server import ledger
from pgtune.server.build import Build, Outcome, Wanted
from pgtune.server.watch import nobody
from pgtune.server.writer import Target, Writer
from pgtune.snapshot import Snapshot
from pgtune.sqltext.parse import isa, tree
from pgtune.usecases.advise import Advised

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Created:
    """What was done: the run's number for undo (None: nothing was there to do), and what became of each index."""

    ledger_id: int | None
    outcomes: tuple[Outcome, ...]


def build(advised: Advised, conninfo: str, patience: float, say: Say, tell: Say = nobody) -> Created:
    """Create the advised indexes concurrently, in their order. `patience` in seconds, for whoever blocks a build.

    `tell` hears how far a build is.

    Raises:
        MustNotRunHere: a standby, a version that was not tested, another server, or another pgtune at work.
        NotAllowed: the role may create none of them; the message names the owner.
        LedgerUnusable: the record cannot be written, so nothing was done.
        ConnectionLost: the server went away; `pgtune history` says how far it came.
    """
    with Writer(conninfo) as writer, ledger.opened() as book:
        writer.connect()
        target = writer.target()
        refuse(target, writer, advised.snapshot)
        wanted, left_out = _wanted(writer, advised)
        if not wanted:
            raise NotAllowed("; ".join(f"{each.wanted.name}: {each.why}" for each in left_out))
        number, outcomes = Build(writer, book, target, patience, say, tell).carry_out(wanted)
    return Created(number, (*outcomes, *left_out))


def refuse(target: Target, writer: Writer, snapshot: Snapshot) -> None:
    """Refuse a server that must not be written to.

    Raises:
        MustNotRunHere: the reason.
    """
    if target.in_recovery:
        raise MustNotRunHere("this is a standby; create the indexes on the primary")
    if target.major not in versions.TESTED:
        raise MustNotRunHere(
            f"PostgreSQL {target.major} was not tested with this pgtune: it reads and advises, and does not write"
        )
    if snapshot.database != writer.database or snapshot.system_identifier not in {None, target.system_identifier}:
        raise MustNotRunHere("this is another database than the one that was advised on")


def _wanted(writer: Writer, advised: Advised) -> tuple[list[Wanted], list[Outcome]]:
    """The indexes that this role can create, and the others with the reason."""
    wanted: list[Wanted] = []
    left_out: list[Outcome] = []
    for each in advised.answer.indexes.recommendations:
        one = as_wanted(each.index, each.needs)
        why = _obstacle(writer, one)
        if why is None:
            wanted.append(one)
        else:
            left_out.append(Outcome(one, "left out", why))
    return wanted, left_out


def as_wanted(index: Index, needs: tuple[str, ...] = ()) -> Wanted:
    """The index as the writer takes it; its statement was parsed and is exactly one CREATE INDEX.

    `needs` are statements to run before (CREATE EXTENSION).

    Raises:
        BadInput: it is something else, as a name or an expression could make it.
    """
    ddl = index.ddl(concurrently=True)
    if not isa(tree(ddl), ast.IndexStmt) or not all(isa(tree(text), ast.CreateExtensionStmt) for text in needs):
        raise BadInput(f"this is no statement that creates an index: {ddl}")
    return Wanted(Name(index.table.schema, index.name), index.table, ddl, needs)


def _obstacle(writer: Writer, wanted: Wanted) -> str | None:
    """Why this index cannot be created by this role; None if it can."""
    found = writer.rows("build/table", name=wanted.table.sql)
    if not found:
        return f"{wanted.table} is not there any more"
    row = found[0]
    if not row["owned"]:
        return f"only {row['owner']}, who owns {wanted.table}, and members of that role may create indexes on it"
    return None if row["may_create"] else f"GRANT CREATE ON SCHEMA {wanted.table.schema} would be needed"
