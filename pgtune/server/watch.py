"""The observer of a statement that runs in another session: how far it is, who blocks it, and when to give it up."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from pgtune import resources
from pgtune.model.errors import PgtuneError
from pgtune.server.connect import reading, rows

Say = Callable[[str], None]

EVERY = 0.5  # seconds between two looks
TOLD = 5.0  # seconds of being blocked before somebody is told


def nobody(_text: str) -> None:
    """Whom to tell where nobody listens."""


@dataclass(slots=True)
class Watch:
    """What the observer saw of a statement: who blocked it when patience ended, or what it could not do itself."""

    gave_up: str | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, conninfo: str, pid: int, patience: float, say: Say, tell: Say) -> None:
        """Look until told to stop; cancel the statement after it was blocked for `patience` seconds on end.

        `tell` hears how far it is at every look, `say` what a person has to know.
        """
        with suppress(PgtuneError, psycopg.Error), reading(conninfo) as connection:
            blocked_since: float | None = None
            told = ""
            while not self._stop.wait(EVERY):
                found = rows(connection, resources.sql("build/progress"), pid=pid)
                blockers = found[0]["blockers"] if found else []
                tell(_progress(found[0]) if found else "")
                if not blockers:
                    blocked_since, told = None, ""
                    continue
                now = time.monotonic()
                blocked_since = blocked_since if blocked_since is not None else now
                names = who(blockers)
                if now - blocked_since >= patience:
                    self.gave_up = f"blocked for {now - blocked_since:.0f} s by {names}"
                    rows(connection, resources.sql("build/cancel"), pid=pid)
                    return
                if now - blocked_since >= min(TOLD, patience / 2) and pids(blockers) != told:
                    told = pids(blockers)
                    say(f"waiting for {names}")

    def stop(self) -> None:
        """End the observation."""
        self._stop.set()


def _progress(row: dict[str, Any]) -> str:
    """The phase of a build as pg_stat_progress_create_index names it, and how much of it is done."""
    for what in ("tuples", "blocks"):  # while it sorts and loads, blocks are those of the scan before
        total = row[f"{what}_total"]
        if total:
            return f"{row['phase']}, {row[f'{what}_done'] / total:.0%}"
    return str(row["phase"] or "")


def pids(blockers: Sequence[dict[str, Any]]) -> str:
    """Which sessions block, to tell one look from the next."""
    return ",".join(str(each["pid"]) for each in blockers)


def who(blockers: Sequence[dict[str, Any]]) -> str:
    """The sessions in the way, without what they execute."""
    return ", ".join(_session(each) for each in blockers)


def _session(each: dict[str, Any]) -> str:
    parts = [f"process {each['pid']}"]
    known = [str(each[key]) for key in ("role", "application", "state") if each.get(key)]
    if each.get("seconds") is not None:
        known.append(f"for {each['seconds']:.0f} s")
    return f"{parts[0]} ({', '.join(known)})" if known else parts[0]


@contextmanager
def observing(conninfo: str, pid: int, patience: float, say: Say, tell: Say = nobody) -> Iterator[Watch]:
    """An observer of the session with this process, for as long as the block runs."""
    watch = Watch()
    thread = threading.Thread(target=watch.run, args=(conninfo, pid, patience, say, tell), daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join(timeout=10)
