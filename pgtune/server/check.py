"""Is a setting in force? Read in a new session each time, as a reload reaches old sessions late and some never."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pgtune import resources
from pgtune.model.errors import CannotConnect, ConnectionLost, Refused
from pgtune.model.step import Step
from pgtune.server import autoconf
from pgtune.server.connect import reading, rows
from pgtune.server.writer import FileLine

PATIENCE = 20.0  # seconds; a reload was seen within 0.1 s here, a busy machine may need more

Row = Mapping[str, object]

# Values that only this role, database or connection has; the files are not seen through them.
OWN = frozenset({"database", "user", "database user", "client", "session", "override"})
NOT_YET = "setting could not be applied"  # what pg_file_settings says of every setting that waits for a restart


def wait(conninfo: str, steps: Sequence[Step], *, restarted: bool, patience: float = PATIENCE) -> list[str]:
    """Wait until every step is in force, or waits for the restart it needs; what is not, in words.

    Raises:
        CannotConnect, NotAllowed: the server does not answer to the end.
    """
    return _wait(conninfo, steps, lambda step, row: _satisfied(step, row, restarted=restarted), patience)


def wait_gone(conninfo: str, steps: Sequence[Step], *, restarted: bool, patience: float = PATIENCE) -> list[str]:
    """Wait until no step that was taken back is in force any more; what still is, in words.

    A value that was waiting in the files before pgtune came may be in force now instead of the one that was.

    Raises:
        CannotConnect, NotAllowed: the server does not answer to the end.
    """

    def gone(step: Step, row: Row) -> bool:
        former = replace(step, wanted=step.running)
        return (
            row["source"] in OWN
            or (step.restart and not restarted)
            or has_value(former, row)
            or not has_value(step, row)
        )

    return _wait(conninfo, steps, gone, patience)


def _wait(conninfo: str, steps: Sequence[Step], good: Callable[[Step, Row], bool], patience: float) -> list[str]:
    limit = time.monotonic() + patience
    while True:
        problems, lost = _look(conninfo, steps, good)
        if not problems and lost is None:
            return []
        if time.monotonic() > limit:
            if lost is not None:
                raise lost
            return problems
        time.sleep(0.1)


def _look(
    conninfo: str, steps: Sequence[Step], good: Callable[[Step, Row], bool]
) -> tuple[list[str], CannotConnect | ConnectionLost | None]:
    names = [step.name.lower() for step in steps]
    try:
        with reading(conninfo) as connection:
            found = {row["name"].lower(): row for row in rows(connection, resources.sql("run/in_force"), names=names)}
    except (CannotConnect, ConnectionLost) as error:
        return [], error
    # Not there: hidden from this role, or of an extension that is not loaded. The file was checked all the same.
    seen = [(step, found[step.name.lower()]) for step in steps if step.name.lower() in found]
    return [f"{step.name} is {row['setting']}" for step, row in seen if not good(step, row)], None


def _satisfied(step: Step, row: Row, *, restarted: bool) -> bool:
    if row["source"] in OWN:  # `override`: the server reckons it itself, as wal_buffers = -1
        return True
    equal = has_value(step, row)
    if step.restart and not restarted:
        return equal or bool(row["pending_restart"])
    return equal and not row["pending_restart"]


def has_value(step: Step, row: Row) -> bool:
    """True if a row of run/in_force shows the wanted value; whether it waits for a restart does not matter."""
    kind, setting = str(row["type"]), str(row["setting"])
    if kind in {"integer", "real"}:
        try:
            return math.isclose(float(setting), float(step.wanted), rel_tol=1e-5)  # the view shows reals with %g
        except ValueError:
            return False
    if kind in {"bool", "enum"}:
        return setting.lower() == step.wanted.lower()
    return autoconf.same(step.name, setting, step.wanted)


def file_problems(lines: Sequence[FileLine], steps: Sequence[Step], file: str) -> list[str]:
    """Why a reload would not bring the steps: errors in the files, or a later line that wins."""
    reloadable = {step.name.lower() for step in steps if not step.restart}
    problems = [_problem(line) for line in lines if line.error and not _waits(line, reloadable)]
    last = {(line.name or "").lower(): line for line in lines}
    for step in steps:
        line = last.get(step.name.lower())
        if line is not None and not line.file.endswith(
            file
        ):  # without the right to see the folder the name alone is known
            problems.append(f"{step.name}: line {line.line} of {line.file} wins over {file}")
    return problems


def broken(lines: Sequence[FileLine]) -> list[str]:
    """Errors that are in the files already and would make the server ignore a reload."""
    return [_problem(line) for line in lines if line.error and line.error != NOT_YET]


def waiting(lines: Sequence[FileLine]) -> set[str]:
    """The settings whose value in the files is another one than that in force and needs a restart."""
    return {line.name.lower() for line in lines if line.name and line.error == NOT_YET}


def _waits(line: FileLine, reloadable: set[str]) -> bool:
    return line.error == NOT_YET and (line.name or "").lower() not in reloadable


def _problem(line: FileLine) -> str:
    what = f"{line.name}: " if line.name else ""
    return f"line {line.line} of {line.file}: {what}{line.error}"


def require(problems: Sequence[str]) -> None:
    """Raise Refused if there is any problem."""
    if problems:
        raise Refused("; ".join(problems))
