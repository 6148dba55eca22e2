"""The one writer to a user's server: every change is written down, made, checked, and taken back if the check fails.

The order is the promise. The ledger holds the file as it was before the first statement is sent; each state is on the
disk before what it names is begun; so whatever ends a run, `history` can tell it and `undo` can take it back.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from pgtune.model.errors import (
    AppliedThenUndone,
    ConnectionLost,
    LedgerUnusable,
    PgtuneError,
    Refused,
    UndoIncomplete,
)
from pgtune.model.step import Place, State, Step
from pgtune.server import autoconf, check, restart
from pgtune.server.autoconf import Assign, Back
from pgtune.server.ledger import Ledger
from pgtune.server.place import ConfigurationFile
from pgtune.server.restart import Way
from pgtune.server.steadfast import steadfast
from pgtune.server.writer import Target, Writer, shown

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What shall be done to a server; `way` is how to restart it afterwards, None if that is not wanted."""

    target: Target
    place: Place
    file: ConfigurationFile
    steps: tuple[Step, ...]
    way: Way | None = None


@dataclass(slots=True)
class Progress:
    """How far a run has come; `image` is what has to be there again if it fails."""

    number: int
    image: bytes | None
    restart_begun: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """The tools of a run: the session, the ledger and whom to tell."""

    change: Change
    writer: Writer
    ledger: Ledger
    say: Say

    def carry_out(self) -> int:
        """Make the change and give the number of the run.

        Raises:
            LedgerUnusable: nothing was changed.
            AppliedThenUndone: the change failed and was taken back.
            UndoIncomplete: it failed and something is left; the message says what.
            PgtuneError: it failed before anything was touched.
        """
        change = self.change
        image = change.file.read()
        number = self.ledger.begin(
            change.target.system_identifier, self.writer.name, change.target.version, change.place, image, change.steps
        )
        return self._guarded(Progress(number, image), self._forward)

    def restart_only(self, number: int, image: bytes | None) -> int:
        """Restart for a run that was applied before and waits for it; taken back whole if the server does not start.

        Raises:
            AppliedThenUndone, UndoIncomplete: as `carry_out`.
        """
        return self._guarded(Progress(number, image), self._restart_and_check)

    def _guarded(self, progress: Progress, work: Callable[[Progress], None]) -> int:
        try:
            work(progress)
        except (Exception, KeyboardInterrupt) as error:
            with steadfast(self.say):
                self._fail(progress, error)
            raise
        return progress.number

    def _forward(self, progress: Progress) -> None:
        change, ledger = self.change, self.ledger
        assigns = [Assign(step.name, step.after) for step in change.steps if step.before != step.after]
        ledger.record(progress.number, State.WRITING)
        change.file.write(assigns, lambda assign: self.say(f"{change.place.via}: {shown(assign)}"))
        ledger.record(progress.number, State.WRITTEN)
        ledger.record_left(progress.number, change.file.read())
        if change.target.may_check_files:
            check.require(check.file_problems(self.writer.file_lines(), change.steps, change.place.file))
        self._reload()
        ledger.record(progress.number, State.RELOADED)
        check.require(check.wait(self.writer.conninfo, change.steps, restarted=False))
        if change.way is not None:
            self._restart_and_check(progress)
            return
        waiting = [step.name for step in change.steps if step.restart]
        ledger.record(progress.number, State.APPLIED, f"restart pending: {', '.join(waiting)}" if waiting else None)

    def _restart_and_check(self, progress: Progress) -> None:
        if self.change.way is None:
            return
        self.ledger.record(progress.number, State.RESTARTING)
        progress.restart_begun = True
        self._restart(self.change.way)
        self.writer.come_back()
        if self.writer.target().postmaster_start == self.change.target.postmaster_start:
            raise Refused("the command ended well but the server was not restarted")
        check.require(check.wait(self.writer.conninfo, self.change.steps, restarted=True))
        self.ledger.record(progress.number, State.APPLIED, "restarted")

    def _restart(self, way: Way) -> None:
        self.writer.close()  # a fast shutdown would end the session anyway
        restart.restart(way, self.say)

    def _reload(self) -> None:
        self.say("reloading the configuration")
        self.writer.rows("run/reload")

    def _fail(self, progress: Progress, error: BaseException) -> None:
        """After a failure: nothing was touched, or everything is taken back, or what is left is named."""
        why = str(error) if isinstance(error, PgtuneError) else f"{type(error).__name__} {error}".strip()
        if isinstance(error, KeyboardInterrupt):
            why = "interrupted"
        try:
            touched = self._take_back(progress, why)
        except (PgtuneError, psycopg.Error, OSError, ValueError, KeyboardInterrupt) as second:
            self._note(progress, State.LEFT_BEHIND, f"{why}; then: {second}")
            raise UndoIncomplete(self._left_behind(progress, why, second)) from error
        if not touched:
            self._note(progress, State.FAILED, why)
            return
        self._note(progress, State.TAKEN_BACK, why)
        if not isinstance(error, KeyboardInterrupt):
            raise AppliedThenUndone(f"{why}; taken back, the server runs as before") from error

    def _take_back(self, progress: Progress, why: str) -> bool:
        """Restore the file and what runs; False if there was nothing to restore."""
        change = self.change
        if not progress.restart_begun:
            self.writer.come_back()
            if change.file.read() == progress.image:
                return False
        self.say(f"{why}: taking everything back")
        self._note(progress, State.TAKING_BACK, why)
        back = change.file.restore(progress.image, change.steps, lambda assign: self.say(f"back: {shown(assign)}"))
        self._require_restored(progress, back)
        restarted = progress.restart_begun and change.way is not None and not self._same_postmaster(change.way)
        if restarted and change.way is not None:
            self.say("starting the server with its former configuration")
            self._restart(change.way)
            self.writer.come_back()
        else:
            self._reload()
        check.require(check.wait_gone(self.writer.conninfo, change.steps, restarted=restarted))
        return True

    def _same_postmaster(self, way: Way) -> bool:
        """True if the server was never stopped, so that it only needs to read its files again."""
        with suppress(ConnectionLost):
            if restart.running(way.data_directory):
                self.writer.come_back()
                return self.writer.target().postmaster_start == self.change.target.postmaster_start
        return False

    def _require_restored(self, progress: Progress, back: Back) -> None:
        if back.refused:
            names = ", ".join(f"{name} = {value}" for name, value in back.refused)
            raise Refused(f"somebody else changed {names} meanwhile, and it was left so")
        if back.exact and self.change.file.read() != progress.image:
            self.say(f"{self.change.place.file} says what it said before, but comments in it were lost")

    def _left_behind(self, progress: Progress, why: str, second: BaseException) -> str:
        """What is left of a run, by name, and how to finish."""
        return (
            f"{why}; taking it back failed: {second}; {self._left(progress)}; to finish: pgtune undo {progress.number}"
        )

    def _left(self, progress: Progress) -> str:
        file, steps = self.change.place.file, self.change.steps
        try:
            content = self.change.file.read()
        except PgtuneError:
            return f"{file} could not be read again: look there for {', '.join(step.name for step in steps)}"
        if content == progress.image:
            return f"{file} is as it was, only what the server makes of it could not be checked"
        now = autoconf.parse(content)
        found = [
            s for s in steps if s.before != s.after and autoconf.same(s.name, autoconf.value_of(now, s.name), s.after)
        ]
        return f"left in {file}: {', '.join(f'{step.name} = {step.after}' for step in found) or 'nothing of it'}"

    def _note(self, progress: Progress, state: State, detail: str) -> None:
        """Write down how a failure went on; a ledger that fails now must not stop the taking back."""
        try:
            self.ledger.record(progress.number, state, detail)
        except LedgerUnusable as error:
            self.say(f"{error}; going on")
