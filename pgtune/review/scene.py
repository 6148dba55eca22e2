"""What holds when a statement of a migration begins: tables that are new, locks and timeouts of its transaction."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pgtune.model.name import Name
from pgtune.plans.facts import Facts
from pgtune.sqltext.raw import Node

if TYPE_CHECKING:
    from pgtune.snapshot.snapshot import Table

# The table-level locks, the weaker first (documentation, 13.3.1).
MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE", "ACCESS EXCLUSIVE",
)  # fmt: skip
STRONG = frozenset(MODES[4:])  # those that block writers, at the least


class Scene(NamedTuple):
    """The state between two statements; each makes the next one's.

    `fresh` are tables that the change itself makes, `dropped` those that it drops, `schema` the one that unqualified
    names mean, `began` how the transaction was opened ("" none, "tool", "text"), `held` its locks on tables that were
    there before (the strongest), `timeouts` those of lock_timeout and statement_timeout that are set, `proven`
    columns of which a valid check says that they are not null, `built` indexes that the change has made with their
    tables.
    """

    facts: Facts = Facts()
    fresh: frozenset[Name] = frozenset()
    dropped: frozenset[Name] = frozenset()
    schema: str = "public"
    began: str = ""
    held: Mapping[Name, str] = MappingProxyType({})
    timeouts: frozenset[str] = frozenset()
    proven: frozenset[tuple[Name, str]] = frozenset()
    built: Mapping[Name, Name] = MappingProxyType({})

    def named(self, node: Node) -> Name:
        """The table that a RangeVar means."""
        return self.resolve(str(node.get("schemaname", "")), str(node.get("relname", "")))

    def resolve(self, schema: str, name: str) -> Name:
        """The table of that name: one of the change, one of production, else one of the schema that is meant."""
        if schema:
            return Name(schema, name)
        meant = Name(self.schema, name)
        if meant in self.fresh:
            return meant
        if not self.facts.tables or meant in self.facts.tables:
            return meant
        return self.facts.resolve("", name) or meant

    def of_index(self, schema: str, index: str) -> Name | None:
        """The table of an index: one that the change made, or one of production; None if nobody knows it."""
        for found, table in self.built.items():
            if found.name == index and schema in {"", found.schema}:
                return table
        for known in self.facts.tables.values():
            for each in known.indexes:
                if each.name.name == index and schema in {"", each.name.schema}:
                    return known.name
        return None

    def old(self, name: Name) -> bool:
        """True if the table was there before the change."""
        return name not in self.fresh

    def table(self, name: Name) -> "Table | None":
        """What is known of a table of production."""
        return self.facts.tables.get(name) if self.old(name) else None

    def pages(self, name: Name) -> int | None:
        """Pages of a table of production with its partitions, None if nobody knows."""
        table = self.table(name)
        if table is None or table.kind == "f":
            return None
        return table.pages if table.kind != "p" else sum(each.pages for each in self._below(name))

    def _below(self, name: Name) -> "tuple[Table, ...]":
        """The partitions of a table, and theirs; a snapshot may lie about who is whose."""
        found: dict[Name, Table] = {}
        parents = {name}
        while parents:
            more = {each.name: each for each in self.facts.tables.values() if parents.intersection(each.parents)}
            parents = more.keys() - found.keys() - {name}
            found |= more
        return tuple(each for each in found.values() if each.kind != "p")
