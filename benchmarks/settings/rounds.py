"""The rounds: every arm on one data directory, restarted, in balanced order, fixed work, counters reset before."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import psycopg

from benchmarks.measure.cgroup import Cgroup
from benchmarks.settings.arms import Arm
from pgtune.cluster import Cluster
from pgtune.model.errors import ServerDidNotStart

Say = Callable[[str], None]
T = TypeVar("T")
ARM_FILE = "arm.conf"


@dataclass(frozen=True, slots=True)
class Run:
    """One arm in one round: counts by name, and by query where the suite has queries.

    `plans` holds the plan of each query as text. `failed` says why the work could not be finished; the counts are then
    empty and `kills` says how many processes the kernel killed.
    """

    arm: str
    round: int
    counts: Mapping[str, float] = field(default_factory=dict)
    query_cpu: Mapping[str, float] = field(default_factory=dict)
    query_seconds: Mapping[str, float] = field(default_factory=dict)
    plans: Mapping[str, str] = field(default_factory=dict)
    failed: str | None = None
    kills: int = 0


class Suite(Protocol):
    """A load: its data, and the fixed work that is measured."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    @property
    def profile(self) -> str:
        """What the arms are told about the load."""

    @property
    def connections(self) -> int:
        """How many connections the arms are told."""

    def load(self, cluster: Cluster) -> None:
        """Make the data on a running server."""

    def settle(self, cluster: Cluster) -> None:
        """Do the work once, unmeasured, with the default settings: later passes find the data in a like state."""

    def measure(self, cluster: Cluster, arm: Arm, number: int) -> Run:
        """Bring the data back to a like state, warm up, reset, do the work, count."""


def balanced(arms: Sequence[T], number: int) -> list[T]:
    """The order of a round: each arm comes first, second, ... and after each other arm equally often.

    A Williams square (E. J. Williams, 1949): what one arm leaves behind, as a warm cache, meets all others alike. An
    even number of arms needs as many rounds, an odd one twice as many.
    """
    size = len(arms)
    steps = [place // 2 if place % 2 == 0 else size - 1 - place // 2 for place in range(size)]
    order = [arms[(step + number) % size] for step in steps]
    return order[::-1] if size % 2 and number // size % 2 else order


def run(
    cluster: Cluster, suite: Suite, arms: Sequence[Arm], rounds: int, say: Say, group: Cgroup | None = None
) -> list[Run]:
    """All rounds of a suite."""
    runs = []
    for number in range(rounds):
        for arm in balanced(arms, number):
            done = _one(cluster, suite, arm, number, group)
            runs.append(done)
            say(f"{suite.name} round {number + 1}/{rounds} {arm.name}: {done.failed or _brief(done)}")
    return runs


def _brief(done: Run) -> str:
    return ", ".join(f"{name} {done.counts[name]:.4g}" for name in list(done.counts)[:3])


def _one(cluster: Cluster, suite: Suite, arm: Arm, number: int, group: Cgroup | None) -> Run:
    before = group.kills if group else 0
    try:
        with serving(cluster, arm, group):
            done = suite.measure(cluster, arm, number)
    except (psycopg.OperationalError, ServerDidNotStart, WorkFailed) as error:
        done = Run(arm.name, number, failed=" ".join(str(error).split()))
    kills = group.kills - before if group else 0
    if kills and not done.failed:
        done = Run(arm.name, number, failed="finished, but the kernel killed a process of the server")
    return Run(done.arm, number, done.counts, done.query_cpu, done.query_seconds, done.plans, done.failed, kills)


class WorkFailed(Exception):
    """The fixed work was not done: a client was dropped or a statement failed."""


@contextmanager
def serving(cluster: Cluster, arm: Arm, group: Cgroup | None = None) -> Iterator[None]:
    """The cluster running with the arm's settings and no others, inside the group if there is one."""
    configure(cluster, arm.settings)
    if group:
        evict(cluster.data)
    with group.entered() if group else contextlib.nullcontext():
        cluster.start()
    try:
        yield
    finally:
        cluster.stop()
        if cluster.running:
            cluster.kill()


def configure(cluster: Cluster, settings: Mapping[str, str]) -> None:
    """Write the arm's file anew; postgresql.conf includes it last."""
    path = cluster.data / ARM_FILE
    if not path.exists():
        with (cluster.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"include = '{ARM_FILE}'\n")
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
    path.write_text("".join(lines), encoding="utf-8")
    cluster.account.own(path)


def evict(folder: Path) -> None:
    """Drop the files from the page cache.

    A cached page stays charged to the group that read it first; without this the server would read for free what the
    loading left in the machine's memory, and data would never be larger than the limit.
    """
    os.sync()
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
