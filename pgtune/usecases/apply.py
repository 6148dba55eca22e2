"""`pgtune tune --apply`: which lines can be written here and now, and the order to write them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pgtune import versions
from pgtune.host.postmaster import Located
from pgtune.model.errors import MustNotRunHere, NotAllowed
from pgtune.model.server import Server
from pgtune.model.setting import Setting
from pgtune.model.step import Place, State, Step
from pgtune.model.step import Run as Record
from pgtune.server import autoconf, check, confd, files, ledger, restart
from pgtune.server.autoconf import Assign
from pgtune.server.ledger import Ledger
from pgtune.server.place import AutoConf, ConfigurationFile, DropIn
from pgtune.server.restart import Postmaster, Way
from pgtune.server.run import Change, Run
from pgtune.server.writer import Target, Writer, composed
from pgtune.settings.tuning import Line, Tuning

Say = Callable[[str], None]
Via = Literal["alter system", "conf.d"]


@dataclass(frozen=True, slots=True)
class How:
    """How to write and whether to restart; `located` is the server's process on this machine, None if elsewhere."""

    via: Via = "alter system"
    restart: bool = False
    restart_command: str | None = None
    located: Located | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A setting that was not written, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done. `ledger_id` is the run's number for undo, None where nothing had to be written."""

    changed: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]
    pending: tuple[str, ...]
    restarted: bool
    ledger_id: int | None
    file: str


def apply(tuning: Tuning, server: Server, conninfo: str, how: How, say: Say) -> Applied:
    """Write the tuning's lines to the server, check them, and restart it if asked; all or nothing.

    Raises:
        MustNotRunHere: a standby, a managed or untested server, another pgtune at work, or no way to restart.
        NotAllowed: the role or this account may not; the message names the grant.
        LedgerUnusable: the record cannot be written, so nothing was changed.
        AppliedThenUndone: a check failed and everything was taken back.
        UndoIncomplete: it could not be taken back entirely; the message says what is left.
        PgtuneError: refused before anything was written.
    """
    refuse_here(server)
    way = way_to_restart(how, conninfo)
    with Writer(conninfo) as writer, ledger.opened() as book:
        writer.connect()
        target = writer.target()
        _refuse_target(target, how)
        place, file, folder = _place(writer, target, how)
        steps, left_out = _steps(tuning.lines, server, writer, file, how, folder)
        needs_restart = any(step.restart for step in steps)
        change = Change(target, place, file, steps, way if needs_restart else None)
        if not any(step.before != step.after for step in steps):
            return _nothing_to_write(replace(change, way=way), writer, book, left_out, say)
        _warn(change, writer, say)
        _tell_unfinished(book, target, say)
        number = Run(change, writer, book, say).carry_out()
    restarted = change.way is not None
    pending = () if restarted else tuple(step.name for step in steps if step.restart)
    return Applied(_written(steps), left_out, pending, restarted, number, place.file)


def refuse_here(server: Server) -> None:
    """Refuse a server that pgtune must not write to.

    Raises:
        MustNotRunHere: the reason, and the way that is right there.
    """
    if server.manager is not None:
        raise MustNotRunHere(
            f"{server.manager.kind} runs this server ({server.manager.evidence}) and would overwrite the change; "
            f"hand it over with pgtune tune --for {server.manager.kind}"
        )
    if server.in_recovery:
        raise MustNotRunHere("this is a standby; tune the primary, and this server by its own postgresql.conf")
    if server.major not in versions.TESTED:
        raise MustNotRunHere(
            f"PostgreSQL {server.major} was not tested with this pgtune: it reads and advises, and does not write"
        )


def way_to_restart(how: How, conninfo: str) -> Way | None:
    """How the server will be restarted, found out before anything is changed; None if that is not asked for.

    Raises:
        MustNotRunHere, NotAllowed, BadInput: there is no way from here.
    """
    if not how.restart:
        return None
    postmaster = _postmaster(how.located)
    if not files.writable(postmaster.data_directory / confd.AUTO):
        raise NotAllowed(
            f"--restart: this account may not write to {postmaster.data_directory}, so a failed start could not be "
            "taken back; run as root or as the server's own account"
        )
    located = how.located
    return restart.way(
        postmaster, conninfo, how.restart_command, container=bool(located and located.in_container),
        unit=located.unit if located else None,
    )  # fmt: skip


def _postmaster(located: Located | None) -> Postmaster:
    if located is None or located.data_directory is None or located.binaries is None:
        raise MustNotRunHere(
            "--restart: the server's process and files are not within reach of this machine and account, so a failed "
            "start could not be taken back; apply without --restart, or run pgtune there as root"
        )
    return Postmaster(located.pid, located.uid, located.data_directory, located.binaries)


def _refuse_target(target: Target, how: How) -> None:
    """What the session itself says counts: `server` may have been read long ago.

    Raises:
        MustNotRunHere, NotAllowed: the reason.
    """
    if target.in_recovery:
        raise MustNotRunHere("this is a standby; nothing was done")
    if not target.may_reload:
        raise NotAllowed(
            f"{target.role} may not make the server read its files: GRANT EXECUTE ON FUNCTION pg_reload_conf() "
            f"TO {target.role} would do"
        )
    if how.via == "alter system" and not target.may_alter_system:
        raise NotAllowed("allow_alter_system = off on this server; use --via conf.d, or its own way of configuration")
    if how.via == "alter system" and target.major < 15 and not target.superuser:
        raise NotAllowed(f"{target.role} is no superuser: ALTER SYSTEM cannot be granted before PostgreSQL 15")


def _place(writer: Writer, target: Target, how: How) -> tuple[Place, ConfigurationFile, confd.Folder | None]:
    """The file to write."""
    local = how.located.data_directory if how.located else None
    if how.via == "conf.d":
        if local is None:
            raise MustNotRunHere("--via conf.d: the server's files are not within reach of this machine and account")
        folder = confd.find(target, local)
        place = _described(how, folder.file, folder.local_file)
        return place, DropIn(folder.local_file, folder.main_local), folder
    path = local / confd.AUTO if local else None
    path = path if path and files.writable(path) else None
    if path is None and not target.may_read_file:
        raise NotAllowed(
            f"{target.role} may not read {confd.AUTO}, which undo needs: GRANT EXECUTE ON FUNCTION "
            f"pg_read_binary_file(text, bigint, bigint, boolean) TO {target.role} would do"
        )
    name = f"{target.data_directory}/{confd.AUTO}" if target.data_directory else confd.AUTO
    file = AutoConf(writer, path)
    _refuse_include(file, name)
    return _described(how, name, path), file, None


def _refuse_include(file: AutoConf, name: str) -> None:
    """ALTER SYSTEM writes what an included file says in place of the line that includes it, and nothing undoes that.

    Raises:
        MustNotRunHere: the file includes another.
    """
    included = [entry for entry in autoconf.parse(file.read()) if entry.name.lower() in autoconf.INCLUDES]
    if included:
        raise MustNotRunHere(
            f"{name} includes {included[0].value!r}, and ALTER SYSTEM would copy that file's settings into it for "
            "good: move the line to postgresql.conf, or use --via conf.d"
        )


def _described(how: How, file: str, local: Path | None) -> Place:
    located = how.located
    return Place(
        how.via, file, str(local) if local else None,
        folder=str(located.data_directory) if located and located.data_directory else None,
        programs=str(located.binaries) if located and located.binaries else None,
        unit=located.unit if located else None,
    )  # fmt: skip


def _steps(lines: Sequence[Line], server: Server, writer: Writer, file: ConfigurationFile, how: How,
           folder: confd.Folder | None) -> tuple[tuple[Step, ...], tuple[LeftOut, ...]]:  # fmt: skip
    """The lines that can be written, as steps, and the others with the reason."""
    reasons = _reasons(lines, server, writer, how, folder)
    wanted = [line for line in lines if line.name not in reasons]
    entries = autoconf.parse(file.read())
    names = [line.name.lower() for line in wanted]
    running = {row["name"].lower(): row["setting"] for row in writer.rows("run/in_force", names=names)}
    steps = [_step(line, entries, server.settings[line.name], running.get(line.name.lower())) for line in wanted]
    for step in steps:
        composed(Assign(step.name, step.after))  # a value that cannot be said is refused before anything is
    return tuple(steps), tuple(LeftOut(line.name, reasons[line.name]) for line in lines if line.name in reasons)


def _step(line: Line, entries: Sequence[autoconf.Entry], setting: Setting, running: str | None) -> Step:
    """A line as a step; it needs a restart unless its value is in force and another one waits in the files."""
    running = setting.value if running is None else running
    before = autoconf.value_of(entries, line.name)
    after = before if before is not None and autoconf.same(line.name, before, line.proposed) else line.proposed
    step = Step(line.name, before, after, running, line.raw, line.restart, line.current)
    in_force = check.has_value(step, {"type": setting.type, "setting": running})
    return replace(step, restart=line.restart and not in_force)


def _reasons(lines: Sequence[Line], server: Server, writer: Writer, how: How,
             folder: confd.Folder | None) -> dict[str, str]:  # fmt: skip
    reasons = {line.name: line.blocked for line in lines if line.blocked}
    names = [line.name for line in lines]
    may = {row["name"] for row in writer.rows("run/may_alter", server.major, names=names)}
    present = writer.file_lines() if folder else []
    for line in lines:
        why = _reason(line, server, may, how)
        if why is None and folder is not None and (place := confd.winner(line.name, folder, present)):
            why = f"{place} comes later and wins; ALTER SYSTEM or a change there would do"
        if why is not None:
            reasons.setdefault(line.name, why)
    return reasons


def _reason(line: Line, server: Server, may: set[str], how: How) -> str | None:
    setting = server.settings.get(line.name)
    if setting is None:
        return "this server does not know it"
    if setting.source == "command line":
        return "it is given on the server's command line, which wins over every file"
    if how.via == "alter system" and line.name not in may:
        return f"GRANT ALTER SYSTEM ON PARAMETER {line.name} TO {server.role.name} would bring it"
    return None


def _warn(change: Change, writer: Writer, say: Say) -> None:
    """What the user should know before it is done.

    Raises:
        MustNotRunHere: the files hold an error already, which would make the server ignore them.
    """
    if change.target.may_check_files and (errors := check.broken(writer.file_lines())):
        raise MustNotRunHere(f"the server would ignore a change until its files are correct: {'; '.join(errors)}")
    header = autoconf.HEADER if change.place.via == "alter system" else confd.HEADER
    image = change.file.read()
    if image is not None and not autoconf.canonical(image, header):
        back = "undo brings them back" if change.place.local else "undo cannot bring them back without file access"
        say(f"comments and spacing in {change.place.file} will be lost, as the file is written anew; {back}")
    ours = {step.name.lower() for step in change.steps}
    others = [row["name"] for row in writer.rows("run/pending") if row["name"].lower() not in ours]
    if change.way is not None and others:
        say(f"the restart will also put into force what waits for one already: {', '.join(others)}")


def _tell_unfinished(book: Ledger, target: Target, say: Say) -> None:
    """Name earlier runs that ended in the middle, as a power cut would leave them."""
    for run in book.runs(target.system_identifier):
        if run.open and run.state not in {State.APPLIED, State.PARTLY_UNDONE}:
            say(f"run {run.id} did not come to its end ({run.state}); pgtune undo {run.id} takes it back")


def _nothing_to_write(change: Change, writer: Writer, book: Ledger, left_out: tuple[LeftOut, ...],
                      say: Say) -> Applied:  # fmt: skip
    """Every value is in the file already; a restart that was not asked for the first time may be now."""
    pending = tuple(row["name"] for row in writer.rows("run/pending"))
    file = change.place.file
    if change.way is None or not pending:
        return Applied((), left_out, pending, restarted=False, ledger_id=None, file=file)
    former = _waiting_run(book, change)
    if former is None:
        raise MustNotRunHere(
            f"{', '.join(pending)} were written by somebody else and wait for a restart; restart it yourself"
        )
    again = Change(change.target, change.place, change.file, former.steps, change.way)
    Run(again, writer, book, say).restart_only(former.id, former.image)
    return Applied((), left_out, (), restarted=True, ledger_id=former.id, file=file)


def _waiting_run(book: Ledger, change: Change) -> Record | None:
    """The last run, if it left the file as it is now and only waits for its restart."""
    last = next((run for run in book.runs(change.target.system_identifier) if not run.place.builds), None)
    fits = last is not None and last.state is State.APPLIED and last.left == change.file.read()
    return last if fits and last is not None and last.place.file == change.place.file else None


def _written(steps: Sequence[Step]) -> tuple[Step, ...]:
    return tuple(step for step in steps if step.before != step.after)
