"""The first pass over a database's catalog: who needs what. Cheap: no sizes and no statistics of columns are asked for.

Rows come as iterables and go as they come; what is kept grows with the need, not with the database.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from pgtune.maintenance import analyze, leftovers, reindex, vacuum
from pgtune.maintenance.leftovers import Leftover
from pgtune.maintenance.need import Need
from pgtune.maintenance.policy import Policy
from pgtune.maintenance.reindex import Rebuild
from pgtune.maintenance.rows import AtWork, Collation, Identity, Index, Parent, Table
from pgtune.maintenance.selection import TableSelection
from pgtune.maintenance.spares import spares
from pgtune.maintenance.thresholds import Thresholds
from pgtune.maintenance.work import Kind, Spare


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked for: tasks, tables, and whether all indexes are rebuilt whatever their state."""

    kinds: frozenset[Kind] = frozenset(Kind)
    tables: TableSelection | None = None
    everything: bool = False

    def takes(self, schema: str, name: str) -> bool:
        """Whether the table was asked for."""
        return self.tables is None or self.tables.takes(schema, name)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What was read of one database. `block` is the page size; `indexes` come in the order of their tables."""

    identity: Identity
    thresholds: Thresholds
    block: int
    tables: Iterable[Table]
    parents: Iterable[Parent]
    indexes: Iterable[Index]
    collations: Sequence[Collation] = ()
    at_work: Sequence[AtWork] = ()


@dataclass(slots=True)
class Survey:
    """What was found. `candidates` are indexes whose columns have to be looked at, `suspicious` those for a person.

    `vacuums` may bring ANALYZE with them; `analyzes` are tables that need nothing else.
    """

    vacuums: list[Need] = field(default_factory=list)
    analyzes: list[Need] = field(default_factory=list)
    parents: list[tuple[Parent, str, float]] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    rebuilds: list[Rebuild] = field(default_factory=list)
    candidates: list[Index] = field(default_factory=list)
    suspicious: list[tuple[Index, str]] = field(default_factory=list)
    spares: list[Spare] = field(default_factory=list)


def survey(catalog: Catalog, scope: Scope, policy: Policy) -> Survey:
    """Go through tables, partitioned tables and indexes, in this order."""
    found = Survey()
    if scope.kinds & {Kind.VACUUM, Kind.ANALYZE}:
        _tables(catalog, scope, policy, found)
    if Kind.ANALYZE in scope.kinds:
        _parents(catalog, scope, policy, found)
    if scope.kinds & {Kind.REINDEX, Kind.LEFTOVERS}:
        judge = _Indexes(catalog, scope, policy, found, Kind.REINDEX in scope.kinds)
        for of_table in _by_table(catalog.indexes, scope):
            judge.look_at(of_table)
    return found


def _tables(catalog: Catalog, scope: Scope, policy: Policy, found: Survey) -> None:
    vacuums, analyzes = Kind.VACUUM in scope.kinds, Kind.ANALYZE in scope.kinds
    floor = vacuum.floor(policy, catalog.thresholds, catalog.block)
    for table in catalog.tables:
        if not scope.takes(table.schema, table.name) or (table.system and not table.may):
            continue
        stale = analyze.need(table, catalog.thresholds) if analyzes and not table.system else None
        needy = None
        if vacuums and not floor.under(table):
            needy = vacuum.need(table, policy, catalog.thresholds, catalog.block)
        if needy is not None:
            found.vacuums.append(_both(needy, stale))
        elif stale is not None:
            found.analyzes.append(stale)


def _both(needy: Need, stale: Need | None) -> Need:
    """One VACUUM (ANALYZE) for both needs."""
    if stale is None:
        return needy
    return replace(needy, reasons=(*needy.reasons, *stale.reasons), changed=stale.changed)


def _parents(catalog: Catalog, scope: Scope, policy: Policy, found: Survey) -> None:
    for parent in catalog.parents:
        if scope.takes(parent.schema, parent.name):
            needy = analyze.parent_need(parent, catalog.thresholds, policy)
            if needy is not None:
                found.parents.append((parent, *needy))


def _by_table(indexes: Iterable[Index], scope: Scope) -> Iterator[list[Index]]:
    """The indexes of one selected table after the other; other sessions' temporary ones are left out."""
    for _, group in groupby(indexes, key=lambda index: index.table_oid):
        of_table = list(group)
        table = of_table[0].table
        if not of_table[0].temporary and scope.takes(table.schema, table.name):
            yield of_table


@dataclass(frozen=True, slots=True)
class _Indexes:
    catalog: Catalog
    scope: Scope
    policy: Policy
    found: Survey
    rebuilds: bool

    def look_at(self, of_table: Sequence[Index]) -> None:
        """The indexes of one table: debris, rebuilds, candidates, spares."""
        for index in of_table:
            left = leftovers.leftover(index, of_table)
            if left is not None:  # before a rebuild too: each that fails would leave one more
                self.found.leftovers.append(left)
            elif self.rebuilds:
                self._judge(index)
        if self.rebuilds:
            counted = self.catalog.identity.stats_seconds
            since = self.catalog.identity.up_seconds if counted is None else counted
            database = self.catalog.identity.database
            self.found.spares += spares(of_table, self.policy, database, self.catalog.block, since)

    def _judge(self, index: Index) -> None:
        """At most one reason to rebuild: the gravest."""
        changed = self._misordered(index)
        refused = reindex.refusal(index)
        if not index.valid:
            self._invalid(index, refused)
        elif changed is not None and index.kind == reindex.INDEX:
            self._rebuild(index, reindex.misordered(index, changed), refused)
        elif refused is None and self.scope.everything:
            self.found.rebuilds.append(reindex.everything(index))
        elif reindex.may_be_bloated(index, self.policy, self.catalog.block):
            self.found.candidates.append(index)

    def _misordered(self, index: Index) -> Collation | None:
        if not self.catalog.collations:
            return None
        return next((each for each in self.catalog.collations if index.oid in each.indexes), None)

    def _rebuild(self, index: Index, rebuild: Rebuild, refused: str | None) -> None:
        if refused is None:
            self.found.rebuilds.append(rebuild)
        else:
            self.found.suspicious.append((index, f"{rebuild.why}; {refused}"))

    def _invalid(self, index: Index, refused: str | None) -> None:
        """An invalid index that is not surely a leftover."""
        if leftovers.named_like_one(index):
            why = "invalid and named like a leftover, but no index of its table is what it would be a copy of"
            self.found.suspicious.append((index, f"{why}: look at it, then drop or rebuild it"))
        elif refused is not None:
            self.found.suspicious.append((index, f"invalid; {refused}"))
        else:
            self.found.rebuilds.append(reindex.invalid(index))
