"""The queries that a proof measures: those that gain most, with values, and only what certainly changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pgtune.indexes.advice import QueryCost
from pgtune.model.design import AS_IT_IS, Name, Query
from pgtune.model.errors import NotPlannable, NotSql, Refused
from pgtune.server import proving
from pgtune.server.connect import Connection
from pgtune.server.proving import Execution
from pgtune.sqltext import safety
from pgtune.sqltext.analysis import shape
from pgtune.sqltext.parse import kind, planable
from pgtune.twin import Twin
from pgtune.usecases.advise import Advised
from pgtune.workload import Statement
from pgtune.workload.catalog import Tables

MOST = 50  # queries that are measured, those that gain most first
SECONDS = 60.0  # what one execution may take


@dataclass(frozen=True, slots=True)
class Trial:
    """A query to measure: what is predicted, and why it is not run (None: it is)."""

    cost: QueryCost
    query: Query
    predicted_before: float
    predicted_after: float
    why_not: str | None


def run(session: Connection, query: Query, without: Sequence[Name] = (), most: float | None = None) -> Execution:
    """Execute a query as if these indexes were not there, for at most SECONDS or `most` of them.

    Raises:
        Refused: the server refused it.
    """
    return proving.execute(session, query, min(SECONDS, most or SECONDS), without)


def trials(advised: Advised, twin: Twin, session: Connection) -> Iterator[Trial]:
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


def measured(chosen: Sequence[Trial], session: Connection, say: Callable[[str], None]) -> dict[str, Execution | str]:
    """Each query's execution by its text, or why there is none."""
    found: dict[str, Execution | str] = {}
    for number, trial in enumerate(chosen, 1):
        if trial.why_not is None:
            say(f"measuring query {number} of {len(chosen)}")
            try:
                found[trial.query.text] = run(session, trial.query)
            except Refused as error:
                found[trial.query.text] = str(error)
    return found
