"""`pgtune undo`: take back what a run wrote, and leave alone what somebody changed since."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pgtune.model.errors import BadInput, CannotConnect, MustNotRunHere, NotAllowed, ServerDidNotStart
from pgtune.model.step import Run, State, Step
from pgtune.server import autoconf, check, confd, files, ledger, restart
from pgtune.server.ledger import Ledger
from pgtune.server.place import AutoConf, ConfigurationFile, DropIn
from pgtune.server.restart import Way
from pgtune.server.steadfast import steadfast
from pgtune.server.writer import Target, Writer
from pgtune.usecases.apply import How, way_to_restart
from pgtune.usecases.undo_indexes import undo_indexes
from pgtune.usecases.undone import Plan, Refusal, Undone

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Undo:
    """An undo under way; `target` is None where the server is down."""

    run: Run
    plan: Plan
    file: ConfigurationFile
    book: Ledger
    writer: Writer
    target: Target | None
    say: Say


def undo(
    number: int | None, conninfo: str, how: How, say: Say, agree: Callable[[Plan], bool] = lambda _plan: True
) -> Undone:
    """Take back a run, or the last one of this server that was not; `agree` is asked with the plan before.

    Raises:
        BadInput: there is no such run, or it was on another server.
        MustNotRunHere: a standby, another pgtune at work, the file out of reach, or no way to restart.
        NotAllowed: the role or this account may not.
        LedgerUnusable: the ledger cannot be read or written.
        PgtuneError: as the server answers; running undo again goes on where it ended.
    """
    with ledger.opened() as book, Writer(conninfo) as writer:
        try:
            writer.connect()
        except CannotConnect as error:
            work, way = _offline(number, writer, book, how, say, error)
            return _carried_out(work, way) if agree(work.plan) else Undone(work.run)
        target = writer.target()
        if target.in_recovery:
            raise MustNotRunHere("this is a standby; undo on the primary")
        run = _chosen(number, book, target)
        if run is None or not run.open:
            return Undone(run)
        if run.place.builds:
            return undo_indexes(run, book, writer, target, say, agree)
        way = way_to_restart(how, conninfo)
        file = _file(run, how, writer, target)
        work = _Undo(run, _plan(run, book, file), file, book, writer, target, say)
        return _carried_out(work, way) if agree(work.plan) else Undone(run)


def _chosen(number: int | None, book: Ledger, target: Target) -> Run | None:
    if number is None:
        return ledger.last_open(book.runs(target.system_identifier))
    run = book.run(number)
    if run.server != target.system_identifier:
        raise BadInput(f"run {number} was on another server, {run.target}; name that one")
    return run


def _file(run: Run, how: How, writer: Writer, target: Target) -> ConfigurationFile:
    """The file that the run wrote, by the way that leads to it now."""
    located = how.located.data_directory if how.located else None
    if run.place.via == "conf.d":
        if run.place.local is None or located is None or str(located) != run.place.folder:
            raise MustNotRunHere(f"run {run.id} wrote {run.place.file}, which is not within reach of this account")
        return DropIn(Path(run.place.local), located / "PG_VERSION")
    local = located / confd.AUTO if located else None
    if local is not None and files.writable(local):
        return AutoConf(writer, local)
    if not target.may_read_file or not target.may_alter_system:
        raise NotAllowed(f"{confd.AUTO} can be neither reached from here nor read and written through the server")
    return AutoConf(writer)


def _plan(run: Run, book: Ledger, file: ConfigurationFile) -> Plan:
    """What goes back and what stays, from the file as it is now and the runs that came later."""
    steps = {step.name: step for step in run.steps}
    later = _later(run, book)
    back = autoconf.way_back(
        autoconf.parse(file.read()), autoconf.parse(run.image), [(s.name, s.before, s.after) for s in run.steps]
    )
    refused = [Refusal(name, _why(name, current, steps[name], later)) for name, current in back.refused]
    names = {assign.name.lower() for assign in back.assigns}
    taken = {refusal.name for refusal in refused}
    restored = [s for s in run.steps if s.name.lower() in names and s.name not in taken and s.before != s.after]
    return Plan(run, tuple(restored), tuple(refused))


def _later(run: Run, book: Ledger) -> dict[str, int]:
    """For each setting the later run that wrote it and was not undone."""
    found: dict[str, int] = {}
    for other in book.runs(run.server):
        if other.id > run.id and other.open and other.place.file == run.place.file:
            found |= {step.name: other.id for step in other.steps if step.before != step.after}
    return found


def _why(name: str, current: str | None, step: Step, later: dict[str, int]) -> str:
    if name in later:
        return f"run {later[name]} changed it later; undo that one first"
    now = "removed it" if current is None else f"set it to {current}"
    return f"somebody {now} since; pgtune wrote {step.after}"


def _carried_out(work: _Undo, way: Way | None) -> Undone:
    run, book = work.run, work.book
    book.record(run.id, State.TAKING_BACK, "by pgtune undo")
    with steadfast(work.say):
        work.say(f"restoring {run.place.file}")
        back = work.file.restore(run.image, run.steps, lambda _assign: None)
        exact = work.file.read() == run.image
        if work.target is not None:
            work.writer.rows("run/reload")
        book.record_undone(run.id, [step.name for step in work.plan.restored])
        refused = ", ".join(refusal.name for refusal in work.plan.refused)
        state = State.PARTLY_UNDONE if refused else State.UNDONE
        book.record(run.id, state, f"left alone: {refused}" if refused else None)
    notes = [] if exact or not back.exact else [f"comments in {run.place.file} were lost: it was written by statements"]
    pending = _pending(work, notes)
    restarted = way is not None and bool(pending or work.target is None)
    if way is not None and restarted:
        work.writer.close()
        try:
            with steadfast(work.say):  # stopped and not started again would be worse than either end
                restart.restart(way, work.say)
        except ServerDidNotStart as error:
            raise ServerDidNotStart(f"the settings are restored, but the server did not start: {error}") from error
    return Undone(
        run, work.plan.restored, work.plan.refused, () if restarted else pending, restarted, exact, tuple(notes)
    )


def _pending(work: _Undo, notes: list[str]) -> tuple[str, ...]:
    """Which of the restored settings wait for a restart; what does not show its former value is noted."""
    if work.target is None:
        return tuple(step.name for step in work.plan.restored if step.restart)
    notes += check.wait_gone(work.writer.conninfo, work.plan.restored, restarted=False)
    steps = {step.name.lower(): replace(step, wanted=step.running) for step in work.plan.restored}
    rows = [row for row in work.writer.rows("run/in_force", names=list(steps)) if row["pending_restart"]]
    waiting = _waiting(work.writer, steps) if rows else set()
    settled = [
        row["name"] for row in rows
        if row["name"].lower() not in waiting and check.has_value(steps[row["name"].lower()], row)
    ]  # fmt: skip
    if settled:  # the server sets the mark at a reload and never clears it (14 to 18); nothing waits in truth
        notes.append(f"the server still marks as pending, although their values are in force: {', '.join(settled)}")
    return tuple(row["name"] for row in rows if row["name"] not in settled)


def _waiting(writer: Writer, names: Iterable[str]) -> set[str]:
    """What waits for a restart by the files; where this role may not read them the server's own mark counts."""
    try:
        return check.waiting(writer.file_lines())
    except NotAllowed:
        return set(names)


def _offline(
    number: int | None, writer: Writer, book: Ledger, how: How, say: Say, error: CannotConnect
) -> tuple[_Undo, Way | None]:
    """The server is down, perhaps because of what the run wrote: its file can be restored where it lies.

    Raises:
        CannotConnect: no run of the ledger is known to be of a server that is down here.
        NotAllowed: this account may not write its files.
    """
    runs = [book.run(number)] if number is not None else book.runs()
    down = [run for run in runs if run.open and _is_down(run)]
    if len({run.server for run in down}) != 1 or down[0].place.local is None or down[0].place.folder is None:
        raise error
    run, folder, local = down[0], Path(str(down[0].place.folder)), Path(str(down[0].place.local))
    if not files.writable(local):
        raise NotAllowed(f"{local} cannot be written by this account; the server is down: {error}")
    say(f"the server is down; its files are in {folder}")
    file: ConfigurationFile = AutoConf(writer, local)
    if run.place.via == "conf.d":
        file = DropIn(local, folder / "PG_VERSION")
    work = _Undo(run, _plan(run, book, file), file, book, writer, None, say)
    return work, _way_of_stopped(run, folder, writer.conninfo, how)


def _is_down(run: Run) -> bool:
    """True if the run's data directory is here, is that server's, and nothing runs on it."""
    folder = Path(run.place.folder) if run.place.folder else None
    return folder is not None and restart.system_identifier(folder) == run.server and not restart.running(folder)


def _way_of_stopped(run: Run, folder: Path, conninfo: str, how: How) -> Way | None:
    if not how.restart or run.place.programs is None:
        return None
    programs = Path(run.place.programs)
    return restart.way_of_stopped(folder, programs, conninfo, how.restart_command, unit=run.place.unit)


def summary(steps: Sequence[Step]) -> list[str]:
    """Each setting with the value it goes back to."""
    return [f"{step.name}: {step.after} -> {step.before or step.shown}" for step in steps]
