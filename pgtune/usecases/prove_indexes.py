"""`pgtune advise --prove`: the advised indexes really built on a copy, the queries measured, everything removed.

An index with which a query was slower than without any of them is given up if the others can nearly do without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pgtune import versions
from pgtune.model.design import Design
from pgtune.model.errors import MustNotRunHere, PgtuneError
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
from pgtune.twin import Twin, raised
from pgtune.usecases import prove_trials
from pgtune.usecases.advise import Advised, narrowed
from pgtune.usecases.build import as_wanted
from pgtune.usecases.prove_release import Measures, released
from pgtune.usecases.prove_trials import Trial

Say = Callable[[str], None]

PATIENCE = 60.0  # seconds that others may block a build


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
            trials = list(prove_trials.trials(advised, twin, session))
            before = prove_trials.measured(trials, session, say)
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


def _with_indexes(
    advised: Advised, build: Build, trials: Sequence[Trial], session: Connection, before: Mapping[str, Execution | str]
) -> tuple[tuple[Built, ...], Measures, tuple[str, ...]]:
    """Build, measure, remove; what could not be built is a note."""
    wanted = [as_wanted(each) for each in advised.answer.indexes.recommendations]
    number, outcomes = build.carry_out(wanted)
    try:
        after = prove_trials.measured(trials, session, build.say)
        measures = released(trials, before, after, advised.answer.indexes, session, build.say)
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
    unseen = len(advised.answer.indexes.queries) - len(trials)
    few = (f"of {len(trials) + unseen} queries the {len(trials)} that gain most were looked at",) if unseen else ()
    return built, measures, (*few, *notes, *left)


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
