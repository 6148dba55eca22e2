"""The migrations of a change traced, its queries planned, the known ones compared, and every rule asked."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pgtune import guide, resources
from pgtune.model.design import AS_IT_IS, Design, Query
from pgtune.model.errors import NotPlannable, NotSql
from pgtune.model.finding import Finding, Skipped
from pgtune.model.trace import Effect, Trace
from pgtune.plans.plan import Plan
from pgtune.plans.spot import PAGE, Facts
from pgtune.review import asked as asking
from pgtune.review import budget, regressions
from pgtune.review import migrations as migration_rules
from pgtune.review import queries as query_rules
from pgtune.review.asked import Asked
from pgtune.review.hiding import hidden, hidden_plan
from pgtune.review.proof import Proof
from pgtune.review.regressions import Compared
from pgtune.review.result import Moved, Picture, Pictured
from pgtune.review.rule import Remark, Rule
from pgtune.review.scene import MODES, STRONG
from pgtune.sources.project import Migration, Sql
from pgtune.sqltext.parse import kind, looked_at
from pgtune.usecases.review_ground import Ground
from pgtune.usecases.review_known import known
from pgtune.usecases.review_matter import Matter, Request
from pgtune.usecases.spread import spread
from pgtune.workload.reading import typed
from pgtune.workload.statement import Statement

Tell = Callable[[str], None]

PICTURES = 200  # statements whose plans are kept for the page
LATE = "the time of the review was over (--time-limit)"


@dataclass
class Judged:
    """What was found, in the order in which it was; `planned` counts queries."""

    said: list[tuple[Sql, Rule, Remark]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    plans: list[Pictured] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    planned: int = 0


@dataclass
class Judge:
    """Judges one change on one ground; `until` is the moment at which it stops, as time.monotonic() counts."""

    request: Request
    matter: Matter
    ground: Ground
    tell: Tell
    until: float
    found: Judged = field(default_factory=Judged)
    _of_code: bool = False
    _same: dict[Sql, tuple[list[tuple[Rule, Remark]], list[str], bool]] = field(default_factory=dict)

    def judge(self) -> Judged:
        """Everything, in the order in which production meets it: the old queries, the migrations, the new queries."""
        ups = [each for each in self.matter.migrations if not each.down]
        downs = [each for each in reversed(self.matter.migrations) if each.down]
        before = self._before(ups)
        self._migrations(ups, before)
        self._queries()
        self._migrations(downs, ())
        return self.found

    @property
    def late(self) -> bool:
        """True if the time is over."""
        return time.monotonic() > self.until

    # -- migrations ------------------------------------------------------------------------------------------------

    def _migrations(self, migrations: Sequence[Migration], before: Sequence[tuple[Statement, Plan]]) -> None:
        if not migrations:
            return
        facts = self.ground.facts
        traces = list(self._traced(migrations))
        together = self.matter.change is not None
        each = map if self.ground.twin else spread  # a twin's sessions are no child's
        self.found.said += migration_rules.findings(migrations, traces, facts, together=together, each=each)
        self.found.moved += _moved(migrations, traces, facts)
        compared = list(self._compared(before))
        self.found.said += regressions.findings(compared, migrations, traces)
        self.found.plans += (_pictured(each) for each in regressions.worse(compared))

    def _traced(self, migrations: Sequence[Migration]) -> Iterator[Trace | None]:
        for number, migration in enumerate(migrations, 1):
            self.tell(f"tracing migrations, {number} of {len(migrations)}")
            trace = None if self.late else self.ground.migrate(migration)
            yield trace
            self.found.skipped += _untraced(migration, trace, LATE if self.late else "")

    def _before(self, migrations: Sequence[Migration]) -> Sequence[tuple[Statement, Plan]]:
        """The known queries with their plans before the change, where it has migrations that could change them."""
        if not migrations or self.ground.twin is None:
            return ()
        found = known(self.request, self.matter, self.ground)
        self._of_code = found.of_code
        return tuple(self._planned(found.statements))

    def _planned(self, statements: Sequence[Statement]) -> Iterator[tuple[Statement, Plan]]:
        for number, statement in enumerate(statements, 1):
            self.tell(f"planning known queries, {number} of {len(statements)}")
            plan = None if self.late else self._plan(statement)
            if isinstance(plan, Plan):
                yield statement, plan

    def _compared(self, before: Sequence[tuple[Statement, Plan]]) -> Iterator[Compared]:
        """The known queries before and after; where sizes are not known only those that broke can be told."""
        shown, drawn = _showing(values=self.request.show_values)
        for number, (statement, plan) in enumerate(before, 1):
            self.tell(f"planning known queries again, {number} of {len(before)}")
            after = None if self.late else self._plan(statement)
            text, where = (statement.text, statement.origin) if self._of_code else (shown(statement.text), "")
            if isinstance(after, str):
                yield Compared(statement, text, drawn(plan), None, after, where)
            elif after is not None and self.ground.sized:
                yield Compared(statement, text, drawn(plan), drawn(after), where=where)

    def _plan(self, statement: Statement) -> Plan | str:
        """Its plan, or why there is none."""
        query, _ = statement.queries()[0]
        if self.ground.twin is None:
            return "no twin"
        try:
            return self.ground.twin.plan(query, AS_IT_IS)
        except NotPlannable as error:
            return str(error).split(" LINE ")[0]  # what follows is the statement again

    # -- queries ---------------------------------------------------------------------------------------------------

    def _queries(self) -> None:
        queries = self.matter.queries
        if not queries:
            return
        figures = guide.load(resources.text("guide", "guide.toml"))
        ground = self.ground
        if ground.sized:
            ground.notes.append(budget.note(figures))
        stands = asking.Ground.of(figures, ground.after, sized=ground.sized, world=ground.world)
        for number, sql in enumerate(queries, 1):
            self.tell(f"planning queries, {number} of {len(queries)}")
            if self.late:
                self.found.skipped.append(Skipped(sql.path, sql.line, LATE))
            else:
                self._query(sql, stands)

    def _query(self, sql: Sql, stands: asking.Ground) -> None:
        """Judge a query; the same text at another place is judged once."""
        same = sql._replace(path="", line=1, name="")
        if same not in self._same:
            self._same[same] = self._first(sql, stands)
        said, whys, planned = self._same[same]
        self.found.said += ((sql, rule, remark) for rule, remark in said)
        self.found.skipped += (Skipped(sql.path, sql.line, why) for why in whys)
        self.found.planned += planned

    def _first(self, sql: Sql, stands: asking.Ground) -> tuple[list[tuple[Rule, Remark]], list[str], bool]:
        """What is said of a query, why it was not looked at whole, and whether it was planned."""
        try:
            asked = asking.ask(sql, stands)
            proof = Remembered(asked.prove)
            said = [(rule, remark) for _, rule, remark in query_rules.findings(replace(asked, prove=proof))]
        except NotSql as error:
            return [], list(_unread(sql, str(error))), False
        except RecursionError:  # what the parser takes may still be too deep for those who walk its tree
            return [], ["nested too deeply to be judged"], False
        if said and asked.plan is not None and len(self.found.plans) < PICTURES:
            self.found.plans.append(Pictured(sql.path, sql.line, sql.text, tuple(_pictures(asked, proof.known))))
        return said, list(_unplanned(asked)), asked.plan is not None


class Remembered:
    """A proof that is made when the first rule asks for it, and not again; `known` stays None if none does."""

    def __init__(self, prove: Callable[[], Proof | None]) -> None:
        self._prove = prove
        self._asked = False
        self.known: Proof | None = None

    def __call__(self) -> Proof | None:
        """The proof."""
        if not self._asked:
            self._asked, self.known = True, self._prove()
        return self.known


def _pictures(asked: Asked, proven: Proof | None) -> Iterator[Picture]:
    """The query as it is planned, and with the indexes that were proven."""
    if asked.plan is None:
        return
    yield Picture("as it is", asked.plan, asked.insights)
    if proven is None or not proven.clear or asked.ground.world is None:
        return
    text = typed(asked.text, asked.shape, asked.ground.tables.under(asked.ground.search_path))
    design = Design(frozenset(each.index for each in proven.indexes))
    with suppress(NotPlannable):
        yield Picture("with the index", asked.ground.world.plan(Query(text, None, asked.ground.search_path), design))


def _untraced(migration: Migration, trace: Trace | None, late: str) -> Iterator[Skipped]:
    """The statements that nobody saw run, and why."""
    if trace is None:
        if late:
            yield Skipped(migration.path, 0, late)
        return
    for sql, effect in zip(migration.statements, trace.effects, strict=False):
        if effect.status in {"failed", "unverified"}:
            yield Skipped(sql.path, sql.line, f"not traced, judged by its text: {effect.why}")


def _moved(migrations: Iterable[Migration], traces: Iterable[Trace | None], facts: Facts) -> Iterator[Moved]:
    """The tables that were there before and are locked against writers, rewritten or read whole."""
    for migration, trace in zip(migrations, traces, strict=True):
        for sql, effect in zip(migration.statements, trace.effects if trace else (), strict=False):
            yield from _moved_by(sql, effect, facts)


def _moved_by(sql: Sql, effect: Effect, facts: Facts) -> Iterator[Moved]:
    strongest: dict[object, str] = {}
    for lock in (*effect.after_ddl, *effect.locks):  # what its transaction holds already counts
        strongest[lock.table] = max(strongest.get(lock.table, MODES[0]), lock.mode, key=MODES.index)
    for table in dict.fromkeys((*(each.table for each in effect.locks), *effect.rewritten, *effect.scanned)):
        mode = strongest.get(table, MODES[0])
        rewritten, scanned = table in effect.rewritten, table in effect.scanned
        if mode in STRONG or rewritten or scanned:
            known = facts.tables.get(table)
            size = known.pages * PAGE if known is not None else None
            yield Moved(sql.path, sql.line, sql.text, table, mode, rewritten, scanned, size, effect.status)


def _unread(sql: Sql, why: str) -> Iterator[str]:
    """Why a text is no query; statements that have no plan by their nature are not worth a word."""
    try:
        if kind(looked_at(sql.text)) == "utility":
            return
    except NotSql:
        pass
    yield "parts of it are known only when it runs" if sql.dynamic else why


def _unplanned(asked: Asked) -> Iterator[str]:
    if asked.sql.dynamic:
        yield "parts of it are known only when it runs, so only what is certain was looked at"
    elif asked.why_unplanned:
        yield f"not planned: {asked.why_unplanned.split(' LINE ')[0]}"  # as above


def _pictured(compared: Compared) -> Pictured:
    pictures = [Picture("before the change", compared.before)]
    pictures += [Picture("after it", compared.after)] if compared.after else []
    return Pictured("", 0, compared.text, tuple(pictures))


def _showing(*, values: bool) -> tuple[Callable[[str], str], Callable[[Plan], Plan]]:
    """How a known query and its plan are shown."""
    if values:
        return (lambda text: text), (lambda plan: plan)
    return hidden, hidden_plan


def finding_of(sql: Sql, rule: Rule, remark: Remark) -> Finding:
    """A remark in its place."""
    line = max(1, sql.line_at(remark.at))
    return Finding(
        rule.code, remark.severity, sql.path, line, remark.message, remark.help, remark.fix, verified=remark.verified
    )
