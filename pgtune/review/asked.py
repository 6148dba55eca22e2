"""A query of the change with its plan and what is known of its tables: the subject of query rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from pgtune.guide import Guide
from pgtune.indexes.advise import World
from pgtune.model.design import AS_IT_IS, Design, Index, Name, Query
from pgtune.model.errors import NotPlannable, NotSql
from pgtune.model.finding import Severity
from pgtune.model.units import human_bytes
from pgtune.partitions.advice import Partitioning
from pgtune.plans.insight import Insight
from pgtune.plans.insights import insights
from pgtune.plans.plan import Plan
from pgtune.plans.rules.scans import BIG_PAGES, SOME_PAGES
from pgtune.plans.spot import PAGE, Facts
from pgtune.review.proof import Proof, divide, prove
from pgtune.snapshot.building import creation
from pgtune.snapshot.snapshot import Snapshot, Table
from pgtune.sources.project import Sql
from pgtune.sqltext.analysis import shape
from pgtune.sqltext.parse import planable
from pgtune.sqltext.rewrites.tree import Rewrite
from pgtune.sqltext.shape import Catalog, Shape, Source
from pgtune.sqltext.spelling import spelled
from pgtune.workload.catalog import DEFAULT_PATH, Tables, search_path_of
from pgtune.workload.entry import Entry
from pgtune.workload.reading import NotWanted, plain, typed

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pagination:
    """The guide's figures for lists that are returned in pages: rows of a page, and whether cursors are wanted."""

    default_size: int
    max_size: int
    cursor: bool

    @classmethod
    def of(cls, guide: Guide) -> "Pagination":
        """As the guide has them."""
        found = guide.figure("review", "pagination")
        return cls(int(found["default_size"]), int(found["max_size"]), found["style"] == "cursor")


@dataclass(frozen=True, slots=True)
class Ground:
    """What queries are judged on: the database as the change's migrations leave it, its planner, and the guide.

    `snapshot` None: nothing is known of the database, so that only a text can be judged. `sized` False: the schema is
    known, sizes and statistics are not. `world` None: there is no planner.
    """

    pagination: Pagination
    guide: Guide
    snapshot: Snapshot | None = None
    sized: bool = False
    world: World | None = None
    facts: Facts = field(default_factory=Facts)
    tables: Tables = field(default_factory=lambda: Tables({}, frozenset()))
    search_path: Path = DEFAULT_PATH[1:]

    @classmethod
    def of(cls, guide: Guide, snapshot: Snapshot | None = None, *, sized: bool, world: World | None = None) -> "Ground":
        """The ground of a review; `snapshot` is of the database after the change."""
        pages = Pagination.of(guide)
        if snapshot is None:
            return cls(pages, guide)
        facts = Facts({table.name: table for table in snapshot.tables}, snapshot.settings)
        return cls(pages, guide, snapshot, sized, world, facts, Tables.of(snapshot), search_path_of(snapshot))

    @property
    def catalog(self) -> Catalog | None:
        """Names as the search_path resolves them."""
        return self.tables.under(self.search_path) if self.snapshot else None


def nothing() -> None:
    """No proof: there is no planner, or nothing to rest it on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: as it stands in the code, as PostgreSQL reads it, and as its planner answers it.

    `text` has `$n` for its placeholders; `plan` None: `why_unplanned` says why, empty where nobody asked the planner.
    """

    sql: Sql
    text: str
    tree: Any
    shape: Shape
    ground: Ground
    plan: Plan | None = None
    why_unplanned: str = ""
    insights: tuple[Insight, ...] = ()
    prove: Callable[[], Proof | None] = nothing
    divide: Callable[[], Partitioning | None] = nothing

    @property
    def sized(self) -> bool:
        """True if sizes are production's, so that a judgement can rest on them."""
        return self.ground.sized

    @property
    def facts(self) -> Facts:
        """What is known of the tables."""
        return self.ground.facts

    def table(self, source: Source) -> Table | None:
        """The facts of a relation in the text."""
        return self.facts.table(source.table)

    def pages(self, name: Name | None) -> int | None:
        """Pages of a table with its partitions; None if nobody knows."""
        table = self.facts.tables.get(name) if name and self.sized else None
        if table is None:
            return None
        return table.pages if table.kind != "p" else sum(each.pages for each in self._parts(table.name))

    def rows(self, name: Name | None) -> float | None:
        """Rows of a table with its partitions; None if nobody knows."""
        table = self.facts.tables.get(name) if name and self.sized else None
        if table is None:
            return None
        rows = table.rows if table.kind != "p" else sum(max(each.rows, 0.0) for each in self._parts(table.name))
        return rows if rows >= 0 else None

    def creation(self, index: Index) -> str:
        """The statements that make an index beside writers, each with its semicolon."""
        return creation(index, self.facts.tables.values())

    def type_of(self, qualifier: str, name: str) -> str:
        """The type of a column in the text, empty where it cannot be told which is meant."""
        found = set()
        for source in self.shape.sources:
            table = self.table(source)
            if table is not None and qualifier in {"", source.alias}:
                found |= {column.type for column in table.columns if column.name == name}
        return found.pop() if len(found) == 1 else ""

    def holder_of(self, name: str) -> str:
        """The alias of the outermost block's relation that a bare column belongs to, empty if that cannot be told."""
        sources = [(each, self.table(each)) for each in self.shape.blocks[0].sources]
        if len(sources) == 1:
            return sources[0][0].alias
        known = [each.alias for each, table in sources if table and any(name == one.name for one in table.columns)]
        return known[0] if len(known) == 1 and all(table for _, table in sources) else ""

    def scanned(self, name: Name) -> bool:
        """True if the plan reads the table (or partitions of it) from one end to the other."""
        if self.plan is None:
            return False
        whole = (node.relation for node in self.plan.root.walk() if node.kind == "Seq Scan" and node.relation)
        return any(self.root(each) == name for each in whole)

    def graveness(self, name: Name | None) -> tuple[Severity, bool] | None:
        """How grave it is to read all of the table in vain, and whether its size is known; None: it does not matter.

        What is no table of the database, such as a view or a temporary table, does not matter.
        """
        if not self.sized:
            return ("note", False)
        pages = self.pages(name)
        if pages is None or pages < SOME_PAGES:
            return None
        return ("warning" if pages >= BIG_PAGES else "note", True)

    def shown(self, name: Name) -> str:
        """The table as a person writes it, with its size where that is known."""
        pages = self.pages(name)
        called = name.name if name.schema in self.ground.search_path else str(name)
        return called if pages is None else f"{called} ({human_bytes(pages * PAGE)})"

    def root(self, name: Name) -> Name:
        """The table that a partition is one of; else itself."""
        table = self.facts.tables.get(name)
        while table is not None and table.partition_bound and table.parents:
            name = table.parents[0]
            table = self.facts.tables.get(name)
        return name

    def _parts(self, name: Name) -> tuple[Table, ...]:
        below = tuple(each for each in self.facts.tables.values() if name in each.parents)
        return tuple(part for each in below for part in (self._parts(each.name) if each.kind == "p" else (each,)))

    def planned(
        self, text: str, settings: Mapping[str, str] | None = None, indexes: tuple[Index, ...] = ()
    ) -> Plan | None:
        """Another text planned on the same ground, or this one under another design; None if it cannot be."""
        if self.ground.world is None:
            return None
        design = Design(frozenset(indexes), settings=tuple((settings or {}).items()))
        try:
            return self.ground.world.plan(Query(text, None, self.ground.search_path), design)
        except NotPlannable:
            return None

    def spelled(self, made: Rewrite, new: Mapping[int, str] | None = None) -> str:
        """A rewritten text with the placeholders of the code; `new` are names for parameters that it did not have."""
        if self.sql.native:
            return made.text
        origins = made.origins or tuple(range(1, self.shape.parameters + 1))
        return spelled(self.sql.text, made.text, origins, new or {})

    def place(self, byte: int) -> int:
        """Where in the text as written the line begins on which that byte of `text` stands; 0 on the first."""
        line = self.text.encode()[:byte].count(b"\n")
        lines = self.sql.text.splitlines(keepends=True)
        return sum(map(len, lines[:line])) if line else 0


def ask(sql: Sql, ground: Ground) -> Asked:
    """The query read and planned; one whose text is not whole is only read.

    Raises:
        NotSql: it is no statement that has a plan.
    """
    entry = Entry(sql.text, f"{sql.path}:{sql.line}", native=sql.native)
    try:
        text = plain(entry)
    except NotWanted as error:
        raise NotSql(str(error)) from None
    catalog = ground.tables.under(ground.search_path) if ground.snapshot else None
    found = shape(text, catalog)
    asked = Asked(sql, text, planable(text), found, ground)
    if ground.world is None or sql.dynamic:
        return asked
    query = Query(typed(text, found, catalog), None, ground.search_path)
    try:
        plan = ground.world.plan(query, AS_IT_IS)
    except NotPlannable as error:
        return Asked(sql, text, asked.tree, found, ground, why_unplanned=str(error))
    seen = insights(plan, ground.facts if ground.sized else Facts(settings=ground.facts.settings))
    proof = cache(partial(prove, entry, ground.snapshot, ground.world)) if ground.sized else nothing
    parts = partial(divide, entry, ground.snapshot, ground.world, ground.guide) if ground.sized else nothing
    return Asked(sql, text, asked.tree, found, ground, plan, insights=seen, prove=proof, divide=parts)
