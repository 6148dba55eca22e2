"""Indexes created while others write: watched, given up when blocked too long, and never left behind half made.

A concurrent build that is cut off leaves an invalid index, which every write still pays for. So the session has no
timeout of its own; an observer looks from another session, names who is in the way and cancels when patience ends, and
whatever ended a build, its invalid index is dropped.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from pgtune.model.design import Name
from pgtune.model.errors import ConnectionLost, PgtuneError, Refused
from pgtune.model.indextree import Part, Tree
from pgtune.model.step import BUILDING, Place, State, Step
from pgtune.server.ledger import Ledger
from pgtune.server.steadfast import steadfast
from pgtune.server.watch import EVERY, nobody, observing, pids, who
from pgtune.server.writer import Target, Writer

Say = Callable[[str], None]
Fate = Literal["created", "there already", "left out", "failed"]

MOMENT = "2s"  # how long a brief lock is waited for, and others behind it


@dataclass(frozen=True, slots=True)
class Wanted:
    """An index to create: its name and table, the statement, and statements that must run before (CREATE EXTENSION)."""

    name: Name
    table: Name
    ddl: str
    needs: tuple[str, ...] = ()

    @property
    def step(self) -> Step:
        """As the ledger keeps it."""
        return Step(str(self.name), None, self.ddl, "", "", restart=False, shown="no index")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one index; `why` says it for one that was not created."""

    wanted: Wanted
    fate: Fate
    why: str = ""
    bytes: int = 0
    seconds: float = 0.0


Heard = Callable[[int, Outcome], None]


def nobody_hears(_number: int, _outcome: Outcome) -> None:
    """For a run whose outcomes are read in the end."""


@dataclass(frozen=True, slots=True)
class Build:
    """The tools of a run that builds: `patience` in seconds is how long a build may be blocked.

    `say` is for what a person has to know, `tell` for how far a build is, twice a second.
    """

    writer: Writer
    ledger: Ledger
    target: Target
    patience: float
    say: Say
    tell: Say = nobody

    def carry_out(self, wanted: Sequence[Wanted], heard: Heard = nobody_hears) -> tuple[int, list[Outcome]]:
        """Create the indexes one after the other; the number of the run, and what became of each.

        What was created stays when a later one fails or is interrupted: each serves by itself. `heard` is told of each
        with the number as soon as it is known.

        Raises:
            LedgerUnusable: nothing was done.
            ConnectionLost: the server went away; the ledger says how far it came.
        """
        place = Place(BUILDING, self.writer.database)
        steps = [each.step for each in wanted]
        target = self.target
        number = self.ledger.begin(target.system_identifier, self.writer.name, target.version, place, None, steps)
        outcomes: list[Outcome] = []
        try:
            for each in wanted:
                outcomes.append(self._one(number, each))
                heard(number, outcomes[-1])
        except BaseException as error:
            self._end(number, wanted, outcomes, str(error) or "interrupted")
            raise
        self._end(number, wanted, outcomes, None)
        return number, outcomes

    def _one(self, number: int, wanted: Wanted) -> Outcome:
        """Create one index, and leave nothing invalid behind."""
        same = self._same(wanted)
        if same is not None:
            return Outcome(wanted, "there already", f"{same} is the same")
        self.ledger.record(number, State.WRITING, f"creating {wanted.name}")
        began = time.monotonic()
        try:
            if self._tree(wanted) is None:
                self._drop_invalid(wanted.name)
            for statement in wanted.needs:
                self.writer.execute(_composed(statement))
            self._wait_for_quiet(wanted.table)
            self.say(f"creating {wanted.name} on {wanted.table}")
            self._create(wanted)
        except ConnectionLost:
            self.writer.come_back()
            return self._cleaned(wanted, "the connection was lost")
        except PgtuneError as error:
            return self._cleaned(wanted, str(error))
        except KeyboardInterrupt:
            with steadfast(self.say):
                self._cleaned(wanted, "interrupted")
            raise
        found = self.writer.rows("build/index", name=wanted.name.sql)[0]
        self.ledger.record_made(number, str(wanted.name), found["definition"])
        return Outcome(wanted, "created", "", found["bytes"], time.monotonic() - began)

    def _wait_for_quiet(self, table: Name) -> None:
        """Begin only when no transaction has been writing to the table for long.

        Given up later, the build would leave an invalid index that the same transaction keeps from being dropped.

        Raises:
            Refused: somebody wrote for longer than the patience; the message names who.
        """
        began, told = time.monotonic(), ""
        while blockers := self.writer.rows("build/writers", name=table.sql)[0]["blockers"]:
            waited = time.monotonic() - began
            if waited >= self.patience:
                raise Refused(f"blocked for {waited:.0f} s by {who(blockers)}; nothing was begun")
            if pids(blockers) != told:
                told = pids(blockers)
                self.say(f"waiting for {who(blockers)}")
            time.sleep(EVERY)

    def _create(self, wanted: Wanted) -> None:
        """Build it; on a partitioned table partition by partition, going on where an earlier run ended."""
        tree = self._tree(wanted)
        if tree is None:
            self.watched(wanted.ddl)
            return
        for stage in tree.stages():
            if stage.brief:
                self._briefly(stage.statement)
                continue
            found = self.writer.rows("build/index", name=stage.index.sql)
            if found and not found[0]["valid"]:
                self.drop(stage.index.sql)
            if not found or not found[0]["valid"]:
                self.say(f"creating {stage.index}")
                self.watched(stage.statement)

    def _tree(self, wanted: Wanted) -> Tree | None:
        parts = [
            Part(Name(row["schema"], row["name"]), Name(row["parent_schema"], row["parent"]), row["kind"])
            for row in self.writer.rows("build/partitions", name=wanted.table.sql)
        ]
        return Tree(wanted.name, wanted.table, wanted.ddl, parts) if parts else None

    def _briefly(self, statement: str) -> None:
        """Run a statement whose lock others queue behind: it waits a moment for it, and again, while patience lasts.

        Raises:
            Refused: the lock was not to be had.
        """
        until = time.monotonic() + self.patience
        while True:
            try:
                self.writer.execute(_composed(f"SET lock_timeout = '{MOMENT}'"))
                self.writer.execute(_composed(statement))
            except Refused as error:
                busy = isinstance(error.__cause__, psycopg.errors.LockNotAvailable)
                if not busy or time.monotonic() > until:
                    raise
                time.sleep(EVERY)
            else:
                return
            finally:
                self.writer.execute(_composed("SET lock_timeout = 0"))

    def watched(self, statement: str) -> None:
        """Run a statement under the eyes of the observer.

        Raises:
            Refused: it was given up, and the message names who blocked it.
            PgtuneError: as the server answers.
        """
        with observing(self.writer.conninfo, self.writer.pid, self.patience, self.say, self.tell) as watch:
            try:
                self.writer.execute(_composed(statement))
            except PgtuneError as error:
                if watch.gave_up is not None:
                    raise Refused(watch.gave_up) from error
                raise

    def _same(self, wanted: Wanted) -> str | None:
        """The name of a valid index that is what is wanted, under whatever name."""
        twin = self.described(wanted.ddl, wanted.table.sql)
        for row in self.writer.rows("build/definitions", name=wanted.table.sql):
            if row["name"] == wanted.name.sql or row["name"] == str(wanted.name) or _body(row["definition"]) == twin:
                return str(row["name"])
        return None

    def described(self, ddl: str, table: str) -> str | None:
        """The index as this server would describe it: asked of an empty temporary table of the same columns.

        `table` is the table's name as SQL. None where the server does not let it be tried.
        """
        on = f"ON {table} USING"
        if on not in ddl:
            return None
        with suppress(PgtuneError):
            self.writer.execute(_composed(f"create temporary table pgtune_like (like {table} including generated)"))
            try:
                trial = ddl.replace(on, "ON pg_temp.pgtune_like USING", 1).replace(" CONCURRENTLY ", " ", 1)
                self.writer.execute(_composed(trial))
                found = self.writer.rows("build/definitions", name="pg_temp.pgtune_like")
                return _body(found[0]["definition"]) if found else None
            finally:
                self.writer.execute(_composed("drop table pg_temp.pgtune_like"))
        return None

    def same_as(self, step: Step, definition: str) -> bool:
        """True if an index is what the step made; by its statement, where the run was killed before that was noted."""
        return definition == step.wanted if step.wanted else _body(definition) == self._by_statement(step)

    def _by_statement(self, step: Step) -> str | None:
        on = step.after.partition(" ON ")[2].partition(" USING ")[0]
        return self.described(step.after, on)

    def _cleaned(self, wanted: Wanted, why: str) -> Outcome:
        """After a failed build: its invalid index goes, or it is said that it stays."""
        try:
            tree = self._tree(wanted)
            self._drop_invalid(wanted.name)
            for name in tree.indexes() if tree else ():
                self.drop(name.sql)
        except PgtuneError as error:
            return Outcome(wanted, "failed", f"{why}; its invalid index is left: {error}")
        return Outcome(wanted, "failed", why)

    def _drop_invalid(self, name: Name) -> None:
        found = self.writer.rows("build/index", name=name.sql)
        if found and not found[0]["valid"]:
            self.drop(name.sql)

    def drop(self, name: str) -> None:
        """Drop an index, its name as SQL, while others write.

        Raises:
            Refused: others blocked it for too long; the message names them.
            PgtuneError: as the server answers.
        """
        found = self.writer.rows("build/index", name=name)
        if not found:
            return
        self.say(f"dropping {name}")
        if found[0]["partitioned"]:  # PostgreSQL drops none of these concurrently
            self._briefly(f"DROP INDEX IF EXISTS {name}")
        else:
            self.watched(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")

    def _end(self, number: int, wanted: Sequence[Wanted], outcomes: Sequence[Outcome], why: str | None) -> None:
        """Write down how the run ended; what was not created is no part of it any more."""
        made = {str(each.wanted.name) for each in outcomes if each.fate == "created"}
        left = [each for each in outcomes if "is left" in each.why]
        gone = [str(each.name) for each in wanted if str(each.name) not in made | {str(e.wanted.name) for e in left}]
        self.ledger.record_undone(number, gone)
        detail = f"{len(made)} of {len(wanted)} indexes created" + (f"; {why}" if why else "")
        state = State.LEFT_BEHIND if left else State.APPLIED if made else State.FAILED
        self.ledger.record(number, state, detail)


def _composed(statement: str) -> sql.Composed:
    """A statement that was parsed before: exactly one, and of the kind that is expected."""
    return sql.Composed([sql.SQL(statement)])


def _body(definition: str) -> str:
    """What an index is, without its name and table."""
    return definition.partition(" USING ")[2]
