"""Needs into jobs: the exact statements, what they bring, how long they take, what they lock, who is in their way."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgtune.maintenance import reindex
from pgtune.maintenance.blockers import Obstacles
from pgtune.maintenance.leftovers import Leftover
from pgtune.maintenance.names import quoted, sql
from pgtune.maintenance.need import Need
from pgtune.maintenance.order import score
from pgtune.maintenance.policy import Policy
from pgtune.maintenance.predict import Predictor
from pgtune.maintenance.reindex import Rebuild
from pgtune.maintenance.rows import Identity, Index, Parent
from pgtune.maintenance.work import Gain, Job, Kind, Needs, Relation, Skipped, Urgency
from pgtune.versions import features

VACUUM_LOCK = REBUILD_LOCK = "SHARE UPDATE EXCLUSIVE"
PLAIN_REBUILD_LOCK = "ACCESS EXCLUSIVE"  # on the index, SHARE on its table
SAMPLED = 300  # rows a statistics target makes ANALYZE sample, each from a page of its own at worst (analyze.c)
FEW_DEAD = 0.02  # of the pages: below, VACUUM leaves the indexes alone (BYPASS_THRESHOLD_PAGES in vacuumlazy.c)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every job of one database is made with. `sizes` and `index_sizes` are bytes by oid, as far as asked for."""

    identity: Identity
    policy: Policy
    predictor: Predictor
    obstacles: Obstacles
    block: int
    target: int
    sizes: Mapping[int, int | None]
    index_sizes: Mapping[int, int]

    def vacuum(self, need: Need, *, analyze: bool) -> Job | Skipped | None:
        """VACUUM of a table, with ANALYZE where it shall; None if the table turned out to be empty or gone."""
        table = need.table
        if self._gone(table.oid):
            return None
        refusal = self._refusal(Kind.VACUUM, table.relation, table.owner, may=table.may, reach=table.reach)
        if refusal is not None:
            return refusal
        options = [
            *(["FREEZE"] if need.freeze else []), *(["ANALYZE"] if analyze else []), "SKIP_LOCKED",
            *(["TRUNCATE FALSE"] if self.identity.standbys else []),
        ]  # fmt: skip
        heap = self._size(table.oid, table.pages) + (table.toast_pages or 0) * self.block
        row = heap / max(table.rows, table.live, 1)
        passed = self._passed(need, heap)
        seconds, source = self.predictor.seconds(
            Kind.VACUUM, self.identity.database, table.relation, passed, self._size(table.oid, table.pages)
        )
        benefit = need.dead * row + need.hidden * self.block + need.changed * heap
        return Job(
            Kind.VACUUM, self.identity.database, table.relation, table.relation, need.why,
            (f"VACUUM ({', '.join(options)}) {sql(table.relation)};",), VACUUM_LOCK,
            gain=Gain(rows=need.dead), bytes=passed, seconds=seconds, predicted_from=source,
            urgency=need.urgency, score=score(benefit, seconds), tablespace=table.tablespace,
            blockers=self.obstacles.of(Kind.VACUUM, table.oid, *filter(None, (table.toast,))),
        )  # fmt: skip

    def analyze(self, need: Need) -> Job | Skipped | None:
        """ANALYZE of a table; None if it turned out to be empty or gone."""
        table = need.table
        if self._gone(table.oid) or (need.unsure and not self.sizes.get(table.oid)):
            return None
        refusal = self._refusal(Kind.ANALYZE, table.relation, table.owner, may=table.may, reach=table.reach)
        heap = self._size(table.oid, table.pages)
        return refusal or self._analyze(table.relation, need.why, heap, need.changed, "")

    def parent(self, parent: Parent, why: str, changed: float) -> Job | Skipped:
        """ANALYZE of a partitioned table; before 18 it takes all leaves along."""
        refusal = self._refusal(Kind.ANALYZE, parent.relation, parent.owner, may=parent.may, reach=parent.reach)
        only = "ONLY " if features.analyzes_parent_alone(self.identity.version) else ""
        return refusal or self._analyze(parent.relation, why, parent.pages * self.block, changed, only)

    def refresh(self, index: Index) -> Job | Skipped:
        """ANALYZE of an index's table, without which the index cannot be judged."""
        why = f"{index.name} looks bloated, but was last counted before much of it changed: ANALYZE, then judge it"
        refusal = self._refusal(Kind.ANALYZE, index.table, index.owner, may=index.may, reach=index.reach)
        return refusal or self._analyze(index.table, why, index.table_pages * self.block, 1.0, "")

    def _analyze(self, table: Relation, why: str, heap: int, changed: float, only: str) -> Job:
        sampled = min(heap, SAMPLED * self.target * self.block)
        seconds, source = self.predictor.seconds(Kind.ANALYZE, self.identity.database, table, sampled, heap)
        return Job(
            Kind.ANALYZE, self.identity.database, table, table, why, (f"ANALYZE (SKIP_LOCKED) {only}{sql(table)};",),
            VACUUM_LOCK, bytes=sampled, seconds=seconds, predicted_from=source,
            score=score(changed * heap, seconds), blockers=self.obstacles.of(Kind.ANALYZE, table.oid),
        )  # fmt: skip

    def rebuild(self, rebuild: Rebuild) -> Job | Skipped | None:
        """REINDEX INDEX, concurrently unless the guide says otherwise."""
        index, concurrently = rebuild.index, self.policy.concurrently
        if self._gone(index.oid):
            return None
        impossible = reindex.refusal(index)
        if impossible is not None:
            return Skipped(Kind.REINDEX, self.identity.database, index.relation, f"{rebuild.why}; {impossible}")
        builder = None if index.valid else self._builder(index)
        if builder is not None:
            return Skipped(Kind.REINDEX, self.identity.database, index.relation, f"not valid yet: {builder}")
        refusal = self._refusal(
            Kind.REINDEX, index.relation, index.owner, may=index.may, reach=index.reach, table=index.table
        )
        if refusal is not None:
            return refusal
        size = self._size(index.oid, index.pages)
        target = rebuild.estimate.rebuilt if rebuild.estimate else size
        won = rebuild.estimate.wasted if rebuild.estimate else None
        seconds, source = self.predictor.seconds(Kind.REINDEX, self.identity.database, index.relation, size)
        word = "CONCURRENTLY " if concurrently else ""
        return Job(
            Kind.REINDEX, self.identity.database, index.relation, index.table, rebuild.why,
            (f"REINDEX INDEX {word}{sql(index.relation)};",), REBUILD_LOCK if concurrently else PLAIN_REBUILD_LOCK,
            gain=Gain(bytes=won), bytes=size, seconds=seconds, predicted_from=source,
            needs=Needs(disk=target, wal=target, sort=target), urgency=rebuild.urgency,
            score=score(won or size, seconds), tablespace=index.tablespace,
            blockers=self.obstacles.of(Kind.REINDEX, *{index.oid, index.table_oid, index.table.oid}),
        )  # fmt: skip

    def leftover(self, left: Leftover) -> Job | Skipped | None:
        """DROP INDEX CONCURRENTLY of a leftover, never of one that somebody may be building."""
        index = left.index
        if self._gone(index.oid):
            return None
        builder = self._builder(index)
        if builder is not None:
            return Skipped(Kind.LEFTOVERS, self.identity.database, index.relation, f"{left.why}, or {builder}")
        refusal = self._refusal(Kind.LEFTOVERS, index.relation, index.owner, may=index.owned, reach=index.reach)
        if refusal is not None:
            return refusal
        size = self._size(index.oid, index.pages)
        seconds, source = self.predictor.seconds(Kind.LEFTOVERS, self.identity.database, index.relation, size)
        return Job(
            Kind.LEFTOVERS, self.identity.database, index.relation, index.table, left.why,
            (f"DROP INDEX CONCURRENTLY {sql(index.relation)};",), REBUILD_LOCK,
            gain=Gain(bytes=size), bytes=size, seconds=seconds, predicted_from=source, urgency=Urgency.DEBRIS,
            score=score(size, seconds), tablespace=index.tablespace,
            blockers=self.obstacles.of(Kind.LEFTOVERS, *{index.oid, index.table_oid, index.table.oid}),
        )  # fmt: skip

    def _gone(self, oid: int) -> bool:
        return oid in self.sizes and self.sizes[oid] is None

    def _size(self, oid: int, pages: int) -> int:
        size = self.sizes.get(oid)
        return pages * self.block if size is None else size

    def _passed(self, need: Need, heap: int) -> int:
        """The bytes that VACUUM reads: pages not all-visible (all, to freeze), and all indexes where rows go."""
        table = need.table
        hidden = heap if need.freeze or not table.pages else min(need.hidden * self.block, heap)
        many = need.dead >= FEW_DEAD * max(table.pages, 1)
        return hidden + (self.index_sizes.get(table.oid, 0) if many else 0)

    def _builder(self, index: Index) -> str | None:
        """Who may be building this index now; it looks like a leftover until they are done."""
        for each in self.obstacles.at_work:
            if not each.autovacuum and each.table_oid in {index.table_oid, index.table.oid}:
                return f"session {each.pid} is building it now"
        holder = self.obstacles.holder(index.table_oid, index.oid)
        return None if holder is None else f"session {holder} is at work on its table"

    def _refusal(
        self, kind: Kind, target: Relation, owner: str, *, may: bool, reach: bool, table: Relation | None = None
    ) -> Skipped | None:
        """Why this role cannot do the work, with the statement that would let it."""
        role = self.identity.role_quoted
        if not reach:
            grant = f"GRANT USAGE ON SCHEMA {quoted(target.schema)} TO {role};"
            return Skipped(kind, self.identity.database, target, "this role may not use its schema", grant)
        if may:
            return None
        if kind is not Kind.LEFTOVERS and features.grants_maintain(self.identity.version):
            grant = f"GRANT MAINTAIN ON TABLE {sql(table or target)} TO {role};"
            return Skipped(kind, self.identity.database, target, "this role may not maintain it", grant)
        grant = f"GRANT {quoted(owner)} TO {role};"
        return Skipped(kind, self.identity.database, target, f"it belongs to {owner}", grant)
