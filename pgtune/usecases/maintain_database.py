"""One database through the core: survey it, ask what the survey needs to know, make its jobs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pgtune.maintenance import reindex
from pgtune.maintenance.blockers import obstacles
from pgtune.maintenance.jobs import Workshop
from pgtune.maintenance.policy import Policy
from pgtune.maintenance.predict import Predictor
from pgtune.maintenance.reindex import Rebuild
from pgtune.maintenance.rows import Collation, Identity, Index
from pgtune.maintenance.survey import Scope, Survey, survey
from pgtune.maintenance.work import Alarm, Blocker, Job, Kind, Skipped, Spare, Urgency
from pgtune.server.maintain.reading import Reader
from pgtune.versions import features


@dataclass(slots=True)
class Draft:
    """A plan while database after database is added to it."""

    jobs: list[Job] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    spares: list[Spare] = field(default_factory=list)
    blockers: list[Blocker] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def take(self, made: Iterable[Job | Skipped | None]) -> None:
        """Sort what the workshop made."""
        for each in made:
            if isinstance(each, Job):
                self.jobs.append(each)
            elif each is not None:
                self.skipped.append(each)


def add(source: Reader, scope: Scope, figures: Policy, guess: Predictor, draft: Draft) -> None:
    """Add what this database needs to the draft."""
    catalog = source.catalog()
    found = survey(catalog, scope, figures)
    locks = source.locks(sorted(_relations(found)))
    sizes = source.sizes(sorted(_sized(found)), locks)
    hindrances = obstacles(locks, source.horizons(), catalog.at_work, figures)
    shop = Workshop(
        source.identity, figures, guess, hindrances, source.block, source.statistics_target, sizes,
        source.index_sizes([need.table.oid for need in found.vacuums]),
    )  # fmt: skip
    _Maker(source, scope, shop, found, draft).make()
    draft.alarms += _alarms(source.identity, found, catalog.collations)
    draft.spares += found.spares
    draft.blockers += hindrances.old()
    if not source.identity.reads_statistics:
        draft.missing.append(
            "age, query and tables of other roles' sessions: GRANT pg_read_all_stats TO " + source.identity.role_quoted
        )


def _relations(found: Survey) -> set[int]:
    """Everything that a lock may hold up: tables, their TOAST tables, indexes."""
    tables = {oid for need in found.vacuums for oid in (need.table.oid, need.table.toast) if oid is not None}
    indexes = [
        *(rebuild.index for rebuild in found.rebuilds), *(left.index for left in found.leftovers), *found.candidates
    ]  # fmt: skip
    return (
        tables
        | {need.table.oid for need in found.analyzes}
        | {parent.oid for parent, _, _ in found.parents}
        | {oid for index in indexes for oid in (index.oid, index.table_oid, index.table.oid)}
    )


def _sized(found: Survey) -> set[int]:
    """What the catalog's page counts are too old or too rough for."""
    return (
        {need.table.oid for need in (*found.vacuums, *found.analyzes) if need.unsure or not need.table.pages}
        | {need.table.oid for need in found.vacuums}
        | {rebuild.index.oid for rebuild in found.rebuilds}
        | {left.index.oid for left in found.leftovers}
        | {index.oid for index in found.candidates}
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    """The jobs of one database."""

    source: Reader
    scope: Scope
    shop: Workshop
    found: Survey
    draft: Draft

    def make(self) -> None:
        """Leftovers, tables, indexes."""
        found, shop, draft = self.found, self.shop, self.draft
        draft.take(shop.leftover(left) for left in found.leftovers)
        self._tables()
        draft.take(shop.parent(*each) for each in found.parents)
        if features.rebuilds_corrupt(shop.identity.version):
            self._refuse_rebuilds()
            return
        draft.take(shop.rebuild(rebuild) for rebuild in found.rebuilds)
        _Bloat(self.source, shop, draft, self._judged_later()).judge(found.candidates)

    def _judged_later(self) -> set[int]:
        """Tables whose rows are counted anew by a job of this plan."""
        return {job.table.oid for job in self.draft.jobs if job.kind in {Kind.VACUUM, Kind.ANALYZE}}

    def _tables(self) -> None:
        """VACUUM and ANALYZE; a table that a worker against wraparound is at is left to it."""
        at_it = {each.table_oid: each.pid for each in self.shop.obstacles.at_work if each.wraparound}
        analyze = self.shop.policy.analyze_with_vacuum
        for need in self.found.vacuums:
            pid = at_it.get(need.table.oid) or at_it.get(need.table.toast)
            if pid is not None:
                why = f"autovacuum (process {pid}) is at it to prevent wraparound, and is never cancelled"
                self.draft.take([Skipped(Kind.VACUUM, self.shop.identity.database, need.table.relation, why)])
            else:
                self.draft.take([self.shop.vacuum(need, analyze=analyze or need.changed > 0)])
        self.draft.take(self.shop.analyze(need) for need in self.found.analyzes)

    def _refuse_rebuilds(self) -> None:
        """Concurrent builds of 14.0 to 14.3 may leave rows out of an index."""
        why = "REINDEX CONCURRENTLY of PostgreSQL 14.0 to 14.3 may leave rows out of the index: update to 14.4 or later"
        database = self.shop.identity.database
        self.draft.alarms.append(Alarm(database, why))
        for rebuild in self.found.rebuilds:
            self.draft.take([Skipped(Kind.REINDEX, database, rebuild.index.relation, why)])


@dataclass(slots=True)
class _Bloat:
    """The confirming of suspects: measured where the extension is, else by a fresh ANALYZE where statistics are stale.

    `counted` are tables that this plan vacuums or analyzes anyway. `left` is how many bytes may still be read.
    """

    source: Reader
    shop: Workshop
    draft: Draft
    counted: set[int]
    left: int = 0
    blind: list[Index] = field(default_factory=list)

    def judge(self, candidates: Sequence[Index]) -> None:
        """The most wasteful first, for only so much is measured in one plan."""
        self.left = self.shop.policy.measured_bytes
        for suspect in sorted(self._suspects(candidates), key=_waste):
            self._confirm(suspect)
        for index in sorted(self.blind, key=lambda index: -index.pages):
            self._look_into(index)

    def _suspects(self, candidates: Sequence[Index]) -> Iterator[Rebuild]:
        columns = self.source.columns([index.oid for index in candidates])
        for index in candidates:
            of_index = columns.get(index.oid, [])
            size = self.shop.sizes.get(index.oid)
            suspect = reindex.bloated(index, of_index, size, self.shop.policy, self.shop.block)
            if suspect is not None:
                yield suspect
            elif any(column.length < 0 and column.width is None for column in of_index):
                self.blind.append(index)

    def _confirm(self, suspect: Rebuild) -> None:
        index = suspect.index
        measured = self._measured(index)
        if measured is not None:
            suspect = measured
        elif suspect.stale and index.parent_oid is None:
            if index.table.oid not in self.counted:
                self.counted.add(index.table.oid)
                self.draft.take([self.shop.refresh(index)])
            return
        if suspect.estimate is not None and reindex.worth(suspect.estimate, self.shop.policy):
            self.draft.take([self.shop.rebuild(suspect)])

    def _look_into(self, index: Index) -> None:
        """An index that can be measured or not judged at all."""
        measured = self._measured(index)
        if measured is None:
            role = self.shop.identity.role_quoted
            self.draft.missing.append(
                f"bloat of indexes in {self.shop.identity.database} whose columns show this role no statistics: "
                f"GRANT pg_read_all_data TO {role}, or pg_stat_scan_tables, and the extension pgstattuple"
            )
        elif measured.estimate is not None and reindex.worth(measured.estimate, self.shop.policy):
            self.draft.take([self.shop.rebuild(measured)])

    def _measured(self, index: Index) -> Rebuild | None:
        """The index as pgstatindex sees it; None where it cannot be measured or no more may be read."""
        size = self.shop.sizes.get(index.oid) or index.pages * self.shop.block
        if size > self.left:
            return None
        density = self.source.density(index.oid)
        if density is None:
            return None
        self.left -= size
        return reindex.measured(index, density, self.shop.block)


def _waste(suspect: Rebuild) -> int:
    return -suspect.estimate.wasted if suspect.estimate else 0


def _alarms(identity: Identity, found: Survey, collations: Sequence[Collation]) -> Iterator[Alarm]:
    """What a person has to look at, the gravest first."""
    for each in collations:
        versions = f"from version {each.recorded or 'none'} to {each.actual or 'none'}"
        yield Alarm(
            identity.database,
            f"{each.name} changed {versions}: {len(each.indexes)} indexes may miss rows until they are rebuilt; "
            f"when all are: {each.remedy};",
        )
    for need in found.vacuums:
        if need.urgency is Urgency.ALARM:
            yield Alarm(identity.database, need.why, need.table.relation)
    for index, why in found.suspicious:
        yield Alarm(identity.database, why, index.relation)
