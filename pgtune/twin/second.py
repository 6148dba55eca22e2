"""Queries planned two at a time, where the machine has two processors.

Which indexes the planner sees stands in the catalog of a database, so two designs cannot be planned at once in one. The
second database is a copy of the first one's files, on the same server: it has the same tables, indexes and oids, and a
catalog of its own. It is made when there is so much to plan that it pays.
"""

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
from psycopg import sql

from pgtune import resources
from pgtune.model.design import Design, Index, Query
from pgtune.model.errors import NotPlannable, PgtuneError
from pgtune.plans.plan import Plan
from pgtune.twin.house import DATABASE, SECOND, House
from pgtune.twin.planner import Planner
from pgtune.twin.twin import Twin, renamed
from pgtune.twin.whatif import Made, Sight

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")

# Seconds of planning, what is to be expected among them, for which a second database is made. Its sessions begin with
# empty caches: for 1 s it slowed the advice on TPC-H, which plans for less than this (`python -m benchmarks.advise tpch
# --predict`). Things that are left are expected to take what the others did, once those took SEEN seconds.
ENOUGH = 4.0
SEEN = 0.5
AT_ONCE = 2
THREAD = "pgtune planning"  # what threads are called that plan


@dataclass
class Second:
    """The copy. `made` are the what-if indexes that it has; `usable` until it first fails."""

    house: House
    planner: Planner
    sight: Sight
    made: Mapping[Index, Made]
    usable: bool = True

    def plan(self, query: Query, design: Design) -> Plan | None:
        """The plan of a query under a design, None where the first database is to be asked."""
        if not self.usable or design.schemes or design.dropped or not self.made.keys() >= design.indexes:
            return None
        try:
            wanted = {index: self.made[index] for index in design.indexes}
            self.sight.switch({oid for each in wanted.values() for oid in each.oids}, set())
            plan = self.planner.plan(query, dict(design.settings))
        except NotPlannable:
            return None
        except psycopg.Error:
            self.usable = False
            return None
        return renamed(plan, {part: index.name for index, each in wanted.items() for part in each.parts})

    def close(self) -> None:
        """End its sessions and take it away."""
        self.planner.close()
        self.sight.superuser.close()
        with suppress(psycopg.Error), self.house.superuser("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(SECOND)))


def copied(twin: Twin) -> Second:
    """A copy of the twin's database as it stands, while nobody plans on it.

    Raises:
        psycopg.Error, NotAllowed: it cannot be made.
    """
    parts = twin.parts
    house, whatif = parts.planner.house, parts.whatif
    with house.superuser("postgres") as connection:
        words = "SELECT oid, (SELECT max(oid::bigint) + 1 FROM pg_database) FROM pg_database WHERE datname = %s"
        ((first, second),) = connection.execute(words, [DATABASE]).fetchall()
        connection.execute("CHECKPOINT")  # what is in memory alone is in the files then
        parts.schemes.world.files.copy(f"base/{first}", f"base/{second}")
        values = {"oid": second, "name": SECOND, "first": DATABASE}
        connection.execute("SET allow_system_table_mods = on")
        connection.execute(resources.sql("twin/second"), values)
    superuser = house.superuser(SECOND)
    sight = Sight(superuser, set(whatif.sight.shown), set(whatif.sight.dropped))
    return Second(house, Planner(house, parts.planner.seconds, SECOND), sight, whatif.made())


@dataclass
class Side:
    """A twin that is asked by two threads: whichever database is free answers. One at a time while `second` is None."""

    twin: Twin
    second: Second | None = None
    spent: float = 0.0
    ended: bool = False
    _first: threading.Lock = field(default_factory=threading.Lock)
    _other: threading.Lock = field(default_factory=threading.Lock)
    _threads: ThreadPoolExecutor | None = None

    def plan(self, query: Query, design: Design) -> Plan:
        """The plan of a query under a design, as the twin's.

        Raises:
            NotPlannable: as the twin says.
            CancelledError: the block that this belongs to ends.
        """
        if self.ended:
            raise CancelledError
        if not self._first.acquire(blocking=self.second is None):
            plan = self._by_second(query, design)
            if plan is not None:
                return plan
            self._first.acquire()
        try:
            begin = time.monotonic()
            return self.twin.plan(query, design)
        finally:
            self.spent += time.monotonic() - begin
            self._first.release()

    def _by_second(self, query: Query, design: Design) -> Plan | None:
        with self._other:
            return self.second.plan(query, design) if self.second else None

    def prepare(self, indexes: Sequence[Index]) -> Collection[Index]:
        """Build what-if indexes together; those that cannot be built."""
        return self.twin.prepare(*indexes)

    def each(self, work: Callable[[Thing], Answer], things: Sequence[Thing], /) -> Iterator[Answer]:
        """`map(work, things)`, by two threads as soon as enough was planned that a second database pays."""
        done, before = 0, self.spent
        while done < len(things) and not self._worth(self.spent - before, len(things) / max(done, 1)):
            yield work(things[done])
            done += 1
        if done < len(things):
            self._threads = self._threads or ThreadPoolExecutor(AT_ONCE, thread_name_prefix=THREAD)
            try:
                yield from self._threads.map(work, things[done:])
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Nothing is planned from here on, and no thread is left."""
        self.ended = True
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _worth(self, seen: float, times: float) -> bool:
        """True if there is a second database, made here when it is time: all things take so many times `seen`."""
        expected = self.spent + (seen * (times - 1) if seen >= SEEN else 0.0)
        if self.second is None and expected >= ENOUGH and _processors() >= AT_ONCE:
            with suppress(psycopg.Error, PgtuneError):
                self.second = copied(self.twin)
            self.spent = 0.0 if self.second else float("-inf")
        return self.second is not None


@contextmanager
def two_at_once(twin: Twin) -> Iterator[Side]:
    """The twin, to be asked for as many plans at once as pays; a copy that was made is gone with the block."""
    side = Side(twin)
    try:
        yield side
    finally:
        side.stop()
        if side.second is not None:
            side.second.close()


def _processors() -> int:
    """How many this process may use; one where a file's holes cannot be found, for the copy would fill the disk."""
    if not hasattr(os, "SEEK_DATA"):
        return 1
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1
