"""`pgtune advise --prove`: the advised indexes really built on a copy, the queries measured, everything removed.

An index with which a query was slower than without any of them is given up if the others can nearly do without it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgtune import versions
from pgtune.indexes import slowed
from pgtune.indexes.advice import QueryCost
from pgtune.model.design import AS_IT_IS, Design, Index, Name, Query
from pgtune.model.errors import MustNotRunHere, NotPlannable, NotSql, PgtuneError, Refused
from pgtune.model.step import State
from pgtune.report.advice.answer import Built, Measured, Proof, Run, Slowed
from pgtune.server import ledger, proving
from pgtune.server.build import Build, Outcome
from pgtune.server.connect import Connection, reading
from pgtune.server.ledger import Ledger
from pgtune.server.proving import Execution
from pgtune.server.steadfast import steadfast
from pgtune.server.writer import Target, Writer
from pgtune.snapshot import Snapshot
from pgtune.sqltext import safety
from pgtune.sqltext.analysis import shape
from pgtune.sqltext.parse import kind, planable
from pgtune.twin import Twin, raised
from pgtune.usecases.advise import Advised, narrowed
from pgtune.usecases.build import as_wanted
from pgtune.workload import Statement
from pgtune.workload.catalog import Tables

Say = Callable[[str], None]

MOST = 50  # queries that are measured, those that gain most first
SECONDS = 60.0  # what one execution may take
PATIENCE = 60.0  # seconds that others may block a build


@dataclass(frozen=True, slots=True)
class Trial:
    """A query to measure: what is predicted, and why it is not run (None: it is)."""

    cost: QueryCost
    query: Query
    predicted_before: float
    predicted_after: float
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Measures:
    """The executions of each query by its text, or why there is none: without the indexes, and with those that stay."""

    before: Mapping[str, Execution | str]
    after: Mapping[str, Execution | str]
    slowed: tuple[Slowed, ...] = ()
    notes: tuple[str, ...] = ()


def prove(advised: Advised, conninfo: str, say: Say) -> Advised:
    """The advice with what was measured on this server, without what was given up; as it was, if it has no index.

    Raises:
        MustNotRunHere: it is the server that the snapshot came from, a standby, or one that was not tested.
        NotAllowed: the role may not create the indexes.
        CannotConnect, ConnectionLost, LedgerUnusable: as ever; `pgtune undo` removes what a killed proof left.
    """
    if not advised.answer.indexes.recommendations:
        say("there is no index to prove")
        return advised
    with Writer(conninfo) as writer, ledger.opened() as book, reading(conninfo) as session:
        writer.connect()
        target = writer.target()
        refuse(target, advised.snapshot)
        proving.may_measure(session)
        with raised(advised.snapshot) as twin:
            trials = list(_trials(advised, twin, session))
            before = _measured(trials, session, say)
            build = Build(writer, book, target, PATIENCE, say)
            built, measures, notes = _with_indexes(advised, build, trials, session, before)
            advised = _without(advised, twin, measures.slowed)
        found = tuple(_joined(each, measures, advised.design) for each in trials)
    proof = Proof(writer.name, built, found, (*notes, *measures.notes), measures.slowed)
    return replace(advised, answer=replace(advised.answer, proof=proof))


def _without(advised: Advised, twin: Twin, slowed: Sequence[Slowed]) -> Advised:
    gone = frozenset(index for each in slowed if not each.kept for index in each.indexes)
    return narrowed(advised, twin, advised.design.indexes - gone) if gone else advised


def refuse(target: Target, snapshot: Snapshot) -> None:
    """Refuse a server that is none for a proof.

    Raises:
        MustNotRunHere: the reason.
    """
    if snapshot.system_identifier is None:
        raise MustNotRunHere(
            "the snapshot does not say which server it came from, so it cannot be told from this one: "
            "GRANT EXECUTE ON FUNCTION pg_control_system() to the role that takes it"
        )
    if snapshot.system_identifier == target.system_identifier:
        raise MustNotRunHere(
            "this is the server that the snapshot came from, or a physical copy of it, which cannot be told apart; "
            "name a copy that was restored from a dump"
        )
    if target.in_recovery:
        raise MustNotRunHere("this is a standby: no index can be built here")
    if target.major not in versions.TESTED:
        raise MustNotRunHere(f"PostgreSQL {target.major} was not tested with this pgtune")


def _trials(advised: Advised, twin: Twin, session: Connection) -> Iterator[Trial]:
    """The queries that the advice is about, with values for their parameters, and what the twin predicts for those."""
    tables = Tables.of(advised.snapshot)
    statements = {(each.text, each.fingerprint): each for each in advised.workload.statements}
    gains = sorted(
        advised.answer.indexes.queries, key=lambda e: (-e.weight * (e.cost_before - e.cost_after), e.fingerprint)
    )
    for cost in gains[:MOST]:
        statement = statements.get((cost.text, cost.fingerprint))
        if statement is None:
            continue
        query = _with_values(statement)
        why_not = _why_not(statement, query, tables, session)
        try:
            both = (twin.plan(query, AS_IT_IS).cost, twin.plan(query, advised.design).cost)
        except NotPlannable as error:
            yield Trial(cost, query, cost.cost_before, cost.cost_after, str(error))
        else:
            yield Trial(cost, query, *both, why_not)


def _with_values(statement: Statement) -> Query:
    """The statement with its commonest values."""
    bound = [each for each in statement.bindings if each.values is not None]
    values = max(bound, key=lambda each: each.share).values if bound else None
    return Query(statement.text, values, statement.search_path)


def _why_not(statement: Statement, query: Query, tables: Tables, session: Connection) -> str | None:
    """Why a statement is not executed: only a SELECT is that certainly changes nothing."""
    try:
        tree = planable(statement.text)
        sources = shape(statement.text, tables.under(statement.search_path)).sources
    except NotSql as error:
        return str(error)
    if kind(tree) != "select" or safety.writes(tree):
        return "only SELECT is run"
    if safety.locks_rows(tree):
        return "it locks rows"
    if any(source.table is None for source in sources if source.name):
        return "it reads a view or a function, behind which anything may be"
    if statement.parameters and query.bindings is None:
        return "no values are known for its parameters"
    functions = proving.volatile(session, safety.functions(tree))
    return f"it calls {', '.join(functions)}, which may do anything" if functions else None


def _measured(trials: Sequence[Trial], session: Connection, say: Say) -> dict[str, Execution | str]:
    """Each query's execution by its text, or why there is none."""
    found: dict[str, Execution | str] = {}
    for number, trial in enumerate(trials, 1):
        if trial.why_not is None:
            say(f"measuring query {number} of {len(trials)}")
            try:
                found[trial.query.text] = proving.execute(session, trial.query, SECONDS)
            except Refused as error:
                found[trial.query.text] = str(error)
    return found


def _released(trials: Sequence[Trial], before: Mapping[str, Execution | str], after: Mapping[str, Execution | str],
              indexes: frozenset[Index], session: Connection, say: Say) -> Measures:  # fmt: skip
    """What is given up for the queries that are slower, and how all of them run without it."""
    queries = {trial.query.text: trial for trial in trials}
    by_name = {index.name: index for index in indexes}

    def measure(text: str, without: frozenset[str]) -> Execution:
        say(f"measuring without {len(without)} of {len(by_name)} indexes")
        names = [Name(by_name[each].table.schema, each) for each in sorted(without)]
        return proving.execute(session, queries[text].query, SECONDS, names)

    both = {
        text: (first, second)
        for text, first in before.items()
        if isinstance(first, Execution) and isinstance(second := after.get(text), Execution)
    }
    weights = {text: slowed.Trial(queries[text].cost.weight, first.ms) for text, (first, _second) in both.items()}
    release = slowed.Release(frozenset(by_name), weights, {text: ran for text, (_first, ran) in both.items()}, measure)
    notes = []
    try:
        release.run()
    except Refused as error:
        notes.append(f"which indexes make a query slower was not found out to the end: {error}")
    found = tuple(
        Slowed(each.query, tuple(by_name[name] for name in each.indexes), each.before, each.after, each.without,
               each.others, each.kept)
        for each in release.found
    )  # fmt: skip
    return Measures(before, {**after, **release.now}, found, tuple(notes))


def _with_indexes(
    advised: Advised, build: Build, trials: Sequence[Trial], session: Connection, before: Mapping[str, Execution | str]
) -> tuple[tuple[Built, ...], Measures, tuple[str, ...]]:
    """Build, measure, remove; what could not be built is a note."""
    wanted = [as_wanted(each) for each in advised.answer.indexes.recommendations]
    number, outcomes = build.carry_out(wanted)
    try:
        created = {each.wanted.name.name for each in outcomes if each.fate == "created"}
        indexes = frozenset(index for index in advised.design.indexes if index.name in created)
        after = _measured(trials, session, build.say)
        measures = _released(trials, before, after, indexes, session, build.say)
    finally:
        with steadfast(build.say):
            left = _removed(number, outcomes, build, build.ledger)
    sizes = {each.index.name: each for each in advised.answer.indexes.recommendations}
    built = tuple(
        Built(sizes[each.wanted.name.name].index, sizes[each.wanted.name.name].size_bytes, each.bytes, each.seconds)
        for each in outcomes
        if each.fate == "created"
    )
    notes = tuple(f"{each.wanted.name}: {each.fate}, {each.why}" for each in outcomes if each.fate != "created")
    return built, measures, (*notes, *left)


def _removed(number: int, outcomes: Sequence[Outcome], build: Build, book: Ledger) -> list[str]:
    """Drop what the proof created; what could not be dropped is told."""
    left: list[str] = []
    for each in outcomes:
        if each.fate != "created":
            continue
        try:
            build.drop(each.wanted.name.sql)
        except PgtuneError as error:
            left.append(f"{each.wanted.name} is left: {error}; pgtune undo {number} drops it")
        else:
            book.record_undone(number, [str(each.wanted.name)])
    book.record(number, State.LEFT_BEHIND if left else State.UNDONE, "a proof")
    return left


def _joined(trial: Trial, measures: Measures, design: Design) -> Measured:
    first, second = measures.before.get(trial.query.text), measures.after.get(trial.query.text)
    own = {index.name for index in design.indexes}
    used = tuple(sorted(second.indexes & own)) if isinstance(second, Execution) else ()
    why_not = trial.why_not or next((each for each in (first, second) if isinstance(each, str)), None)
    return Measured(
        trial.cost.text, trial.cost.fingerprint, trial.cost.origin, trial.predicted_before, trial.predicted_after,
        _run(first), _run(second), used, why_not,
    )  # fmt: skip


def _run(found: Execution | str | None) -> Run | None:
    if not isinstance(found, Execution):
        return None
    return Run(found.cost, found.ms, found.buffers, found.rows, found.cut_off)
