"""Explain a query, planned on a twin of its database, or a plan that somebody pasted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pgtune.indexes.advise import advise
from pgtune.model.design import AS_IT_IS, Query
from pgtune.model.errors import BadInput, NotSql
from pgtune.plans.explained import Explained, Proposal, Variant
from pgtune.plans.insights import insights
from pgtune.plans.pasted import pasted
from pgtune.plans.plan import Plan
from pgtune.plans.spot import Facts
from pgtune.server.capture import capture
from pgtune.snapshot import Snapshot
from pgtune.sqltext.parse import planable
from pgtune.sqltext.placeholders import numbered
from pgtune.sqltext.typed import castable
from pgtune.twin import Twin, raised
from pgtune.usecases.snapshot import read
from pgtune.workload import Entry, Gathering, Statement, Workload
from pgtune.workload.catalog import search_path_of

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to explain: a query or a plan as text, and the database that it is about.

    `snapshot` is a file; `conninfo` None means no server unless a query needs one, then as everywhere ("").
    """

    text: str
    conninfo: str | None = None
    snapshot: Path | None = None


def explain(request: Request, say: Say) -> Explained:
    """The plan with what is wrong with it and what would help.

    Raises:
        BadInput: the text is neither one query nor a plan.
        NotPlannable: the planner refused the query.
        CannotConnect, NotAllowed, ServerNotFound, ServerDidNotStart: no database, or no twin of it.
    """
    query = _query(request.text)
    if query is None:
        return _of_plan(request)
    snapshot = _snapshot(request)
    say(f"planning on a twin of {snapshot.database}, PostgreSQL {snapshot.version_text}")
    with raised(snapshot) as twin:
        return _of_query(query, snapshot, twin)


def _query(text: str) -> str | None:
    """The text as one planable statement with `$n`; None if it is none, so that it must be a plan."""
    try:
        planable(numbered(text).text)
    except NotSql:
        return None
    return text


def _of_plan(request: Request) -> Explained:
    """A pasted plan; with a database its relations' sizes are known."""
    try:
        found = pasted(request.text)
    except BadInput as error:
        raise BadInput(f"{error}; and it is no query: {_why_no_query(request.text)}") from None
    known = request.snapshot is not None or request.conninfo is not None
    facts = _facts(_snapshot(request)) if known else Facts()
    notes = () if known else ("sizes of tables are not known: give CONNINFO or --snapshot to have them looked at",)
    return Explained("a pasted plan", found.plan, insights(found.plan, facts), found.query, notes=notes)


def _why_no_query(text: str) -> str:
    try:
        planable(numbered(text).text)
    except NotSql as error:
        return str(error)
    return ""


def _snapshot(request: Request) -> Snapshot:
    return capture(request.conninfo or "") if request.snapshot is None else read(request.snapshot)


def _facts(snapshot: Snapshot) -> Facts:
    return Facts({table.name: table for table in snapshot.tables}, snapshot.settings)


def _of_query(text: str, snapshot: Snapshot, twin: Twin) -> Explained:
    workload = Gathering(snapshot).add([Entry(text, "the query", native=False)]).workload()
    origin = f"planned on a twin of {snapshot.database}"
    if not workload.statements:  # nothing to advise on, as in a query of the catalogs alone, but a plan there is
        plan = twin.plan(Query(castable(numbered(text).text), None, search_path_of(snapshot)))
        return Explained(origin, plan, insights(plan, _facts(snapshot)), text, notes=tuple(_notes(twin)))
    statement = workload.statements[0]
    plan = twin.plan(Query(statement.text, None, statement.search_path))
    return Explained(
        origin, plan, insights(plan, _facts(snapshot)), text,
        tuple(_variants(statement, plan, twin)), tuple(_proposals(workload, snapshot, twin)), tuple(_notes(twin)),
    )  # fmt: skip


def _proposals(workload: Workload, snapshot: Snapshot, twin: Twin) -> Iterator[Proposal]:
    """The indexes that the advisor would make for this query alone."""
    advice = advise(
        snapshot, workload, twin.plan, twin.size_of,
        prepare=lambda indexes: twin.prepare(*indexes), planner_major=twin.major,
    )  # fmt: skip
    for each in advice.recommendations:
        why = " ".join(f"{sentence.rstrip('.')}." for sentence in (each.why, *each.doubts))
        yield Proposal(each.script.removesuffix(";"), each.cost_before, each.cost_after, each.size_bytes, why)


def _variants(statement: Statement, shown: Plan, twin: Twin) -> Iterator[Variant]:
    for query, share in statement.queries():
        if query.bindings is not None:
            plan = twin.plan(query, AS_IT_IS)
            yield Variant(share, plan.cost, plan.shape == shown.shape)


def _notes(twin: Twin) -> Iterator[str]:
    if twin.planner_differs:
        yield twin.planner_differs
    yield from (f"the twin does without {each.kind} {each.name}: {each.why}" for each in twin.left_out)
    yield from twin.doubts
