"""A statement of a migration with what it does and with what holds when it begins: the subject of migration rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pgtune.model.finding import Severity
from pgtune.model.name import Name
from pgtune.model.trace import Effect
from pgtune.model.units import human_bytes
from pgtune.plans.sizes import BIG_PAGES, HUGE_PAGES, PAGE, SOME_PAGES
from pgtune.review.rule import Remark
from pgtune.review.scene import Scene
from pgtune.sources.project import Migration, Sql
from pgtune.sqltext.raw import Node, Statement, inner, place, type_name

# How each tool is told not to open a transaction (their documentation).
WAYS_OUT = {
    "alembic": "with op.get_context().autocommit_block()",
    "dbmate": "-- migrate:up transaction:false",
    "diesel": "run_in_transaction = false in metadata.toml",
    "django": "atomic = False",
    "flyway": "executeInTransaction=false in its .conf",
    "goose": "-- +goose NO TRANSACTION",
    "sqlx": "-- no-transaction in its first line",
}


class Command(NamedTuple):
    """One of the commands of ALTER TABLE: the parser's `AT_...`, the column's or constraint's name, what is defined.

    `kind` names the definition (`ColumnDef`, `Constraint`, `PartitionCmd`), `definition` its fields. `spared`: it has
    an IF EXISTS or IF NOT EXISTS.
    """

    subtype: str
    name: str
    kind: str
    definition: Node
    spared: bool

    @property
    def at(self) -> int:
        """The byte at which the definition begins, 0 where the parser does not say."""
        return int(self.definition.get("location", 0))


def commands(statement: Statement) -> tuple[Command, ...]:
    """The commands of an ALTER TABLE or ALTER MATERIALIZED VIEW, none of anything else that is called by that name."""
    if statement.kind != "AlterTableStmt" or statement.node.get("objtype") not in {"OBJECT_TABLE", "OBJECT_MATVIEW"}:
        return ()
    found = (each["AlterTableCmd"] for each in statement.node.get("cmds", ()))
    return tuple(
        Command(each["subtype"], each.get("name", ""), *inner(each.get("def", {})), bool(each.get("missing_ok")))
        for each in found
    )


class Defined(NamedTuple):
    """A column that a statement defines.

    `type` as format_type() writes it, `base` the same without length and brackets, `node` all that is said of it.
    """

    name: str
    type: str
    base: str
    node: Node


def defined(statement: Statement, altered: Sequence[Command]) -> tuple[Defined, ...]:
    """The columns of CREATE TABLE, and those that the commands of an ALTER TABLE add."""
    if statement.kind == "CreateStmt":
        if statement.node["relation"].get("relpersistence") == "t":
            return ()  # a temporary table's types are nobody's sorrow
        return tuple(_column(each["ColumnDef"]) for each in statement.node.get("tableElts", ()) if "ColumnDef" in each)
    return tuple(_column(each.definition) for each in altered if each.subtype == "AT_AddColumn")


def _column(node: Node) -> Defined:
    name = type_name(node.get("typeName", {}))
    return Defined(node.get("colname", ""), name, name.partition("(")[0].partition("[")[0], node)


@dataclass(frozen=True, slots=True)
class Step:
    """A statement and its circumstances.

    `kind` is the parser's name of the statement, `node` its fields, `relation` the table that it names first.
    `does` is what it does to tables that were there before: what was observed on the twin if `traced`, else what its
    text lets foresee. `beside` are all steps of the migration, of which this is number `number`;
    `indexes` the columns of every index that the change makes anywhere, by table.
    """

    sql: Sql
    kind: str
    node: Node
    relation: Name
    migration: Migration
    scene: Scene
    does: Effect
    traced: bool = False
    commands: tuple[Command, ...] = ()
    columns: tuple[Defined, ...] = ()
    number: int = 0
    beside: Sequence["Step"] = ()
    indexes: Mapping[Name, Sequence[tuple[str, ...]]] = field(default_factory=dict)

    @property
    def before(self) -> Sequence["Step"]:
        """The steps before it."""
        return self.beside[: self.number]

    @property
    def later(self) -> Sequence["Step"]:
        """The steps behind it."""
        return self.beside[self.number + 1 :]

    @property
    def relation_scanned(self) -> bool:
        """True if the statement's own table is read or rewritten while its lock is held."""
        return self.relation in (*self.does.scanned, *self.does.rewritten)

    @property
    def tested(self) -> bool:
        """True if the statement's own table is read for a condition alone: a rewrite tests its rows as it goes."""
        return self.relation in self.does.scanned and self.relation not in self.does.rewritten

    @property
    def way_out(self) -> str:
        """How the migration's tool is told to run it outside a transaction, between brackets; "" if nobody knows."""
        way = WAYS_OUT.get(self.migration.tool, "")
        return f" ({way})" if way else ""

    @property
    def aside(self) -> str:
        """What a message adds if nobody saw the statement run."""
        return "" if self.traced else " (not traced: by its text)"

    def old(self, name: Name) -> bool:
        """True if the table was there before the change."""
        return self.scene.old(name)

    def of(self, *subtypes: str) -> Sequence[Command]:
        """The commands of these kinds, if the table was there before the change."""
        found = [each for each in self.commands if each.subtype in subtypes]
        return found if found and self.old(self.relation) else ()

    def place(self, byte: int) -> int:
        """The character at that byte of the statement's text."""
        return place(self.sql.text, byte)

    # -- sizes -----------------------------------------------------------------------------------------------------

    def shown(self, name: Name) -> str:
        """The table as a person writes it, with its size where it is known."""
        pages = self.scene.pages(name)
        return self.called(name) if pages is None else f"{self.called(name)} ({human_bytes(pages * PAGE)})"

    def called(self, name: Name) -> str:
        """The table as a person writes it."""
        return str(name).removeprefix(f"{self.scene.schema}.")

    def written(self, name: Name) -> str:
        """The table as SQL for a fix, quoted only where it must be."""
        return str(name) if name.schema != self.scene.schema else str(name).removeprefix(f"{self.scene.schema}.")

    def sized(self, name: Name) -> bool:
        """True if the table's size is known."""
        return self.scene.pages(name) is not None

    def graveness(self, name: Name) -> Severity | None:
        """How grave it is that all of the table is read or written under a lock; None: too small to matter.

        A table of unknown size is worth a warning: only a known size makes an error.
        """
        pages = self.scene.pages(name)
        if pages is None:
            return "warning"
        if pages >= HUGE_PAGES:
            return "error"
        return None if pages < SOME_PAGES else "warning" if pages >= BIG_PAGES else "note"


Check = Callable[[Step], Iterator[Remark]]


def asked_of(*kinds: str) -> Callable[[Check], Check]:
    """A check that is asked of these kinds of statements alone (the parser's names); without it, of all."""

    def mark(check: Check) -> Check:
        vars(check)["kinds"] = frozenset(kinds)
        return check

    return mark
