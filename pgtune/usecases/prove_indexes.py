"""`pgtune advise --prove`: the advised indexes really built on a copy, the queries measured, everything removed.

For a query that was slower than without any of them an index gets one key more, or is given up if the others can nearly
do without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from pgtune import versions
from pgtune.indexes.mending import Further
from pgtune.indexes.slowed import MAY_LOSE
from pgtune.model.design import Design
from pgtune.model.errors import MustNotRunHere
from pgtune.report.advice.answer import Measured, Proof, Run
from pgtune.server import ledger, proving
from pgtune.server.build import Build
from pgtune.server.connect import reading
from pgtune.server.proving import Execution
from pgtune.server.steadfast import steadfast
from pgtune.server.writer import Target, Writer
from pgtune.snapshot import Snapshot
from pgtune.twin import raised
from pgtune.usecases import prove_trials
from pgtune.usecases.advise import Advised, narrowed, without
from pgtune.usecases.build import as_wanted
from pgtune.usecases.prove_copy import Copy
from pgtune.usecases.prove_mending import Measures, mended
from pgtune.usecases.prove_trials import Trial

Say = Callable[[str], None]

PATIENCE = 60.0  # seconds that others may block a build


def prove(advised: Advised, conninfo: str, say: Say, may_lose: float = MAY_LOSE) -> Advised:
    """The advice with what was measured on this server, without what was given up; as it was, if it has no index.

    `may_lose` is the share of what the indexes gain that may be lost so that no query is slower than without them.

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
            copy = Copy(build, session, {each.query.text: each for each in trials}, twin.size_of)
            measures = _with_indexes(advised, copy, before, partial(without, advised, twin), may_lose)
            if measures.indexes != advised.design.indexes:
                sizes = {each.index: each.bytes for each in copy.built}
                advised = narrowed(advised, twin, measures.indexes, sizes)
        found = tuple(_joined(each, measures, advised.design) for each in trials)
    unseen = len(advised.answer.indexes.queries) - len(trials)
    few = (f"of {len(trials) + unseen} queries the {len(trials)} that gain most were looked at",) if unseen else ()
    proof = Proof(
        writer.name, tuple(copy.built), found, (*few, *copy.notes, *measures.notes),
        measures.widened, measures.slowed, measures.filled,
    )  # fmt: skip
    return replace(advised, answer=replace(advised.answer, proof=proof))


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
    advised: Advised,
    copy: Copy,
    before: Mapping[str, Execution | str],
    further: Further,
    may_lose: float,
) -> Measures:
    """Build, measure, remove."""
    wanted = {each.index: as_wanted(each.index, each.needs) for each in advised.answer.indexes.recommendations}
    try:
        copy.create(wanted)
        after = prove_trials.measured(list(copy.trials.values()), copy.session, copy.builder.say)
        return mended(advised, copy, before, after, further, may_lose)
    finally:
        with steadfast(copy.builder.say):
            copy.clean()


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
