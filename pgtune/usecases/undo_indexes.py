"""`pgtune undo` of a run that created indexes: each is dropped if it still is what was created."""

from collections.abc import Callable

from pgtune.model.errors import BadInput, PgtuneError
from pgtune.model.step import Run, State, Step
from pgtune.server.build import Build
from pgtune.server.ledger import Ledger
from pgtune.server.writer import Target, Writer
from pgtune.usecases.undone import Plan, Refusal, Undone

Say = Callable[[str], None]

PATIENCE = 60.0  # seconds that a drop may be blocked, as a build may by default


def undo_indexes(
    run: Run, book: Ledger, writer: Writer, target: Target, say: Say, agree: Callable[[Plan], bool]
) -> Undone:
    """Drop the indexes of a run, concurrently.

    Raises:
        BadInput: the run was in another database.
        LedgerUnusable: the ledger cannot be written.
        PgtuneError: as the server answers; running undo again goes on where it ended.
    """
    if run.place.file != writer.database:
        raise BadInput(f"run {run.id} created indexes in the database {run.place.file}; name that one")
    build = Build(writer, book, target, PATIENCE, say)
    plan = _plan(run, build)
    if not agree(plan):
        return Undone(run)
    book.record(run.id, State.TAKING_BACK, "by pgtune undo")
    dropped: list[Step] = []
    refused = [*plan.refused]
    for step in plan.restored:
        try:
            build.drop(step.name)
        except PgtuneError as error:
            refused.append(Refusal(step.name, str(error)))
        else:
            dropped.append(step)
            book.record_undone(run.id, [step.name])
    names = ", ".join(refusal.name for refusal in refused)
    book.record(run.id, State.PARTLY_UNDONE if names else State.UNDONE, f"left alone: {names}" if names else None)
    return Undone(run, tuple(dropped), tuple(refused))


def _plan(run: Run, build: Build) -> Plan:
    """Which indexes go and which stay. One that is not there any more is neither."""
    restored: list[Step] = []
    refused: list[Refusal] = []
    for step in run.steps:
        found = build.writer.rows("build/index", name=step.name)
        if step.undone or not found:
            continue
        row = found[0]
        if row["constraint"] or row["replica_identity"]:
            what = f"the constraint {row['constraint']} rests" if row["constraint"] else "the replica identity rests"
            refused.append(Refusal(step.name, f"{what} on it now"))
        elif row["valid"] and not build.same_as(step, row["definition"]):
            refused.append(Refusal(step.name, f"somebody made it anew: {row['definition']}"))
        else:
            restored.append(step)
    return Plan(run, tuple(restored), tuple(refused))
