"""How many of each tuner's answers boot as they are printed: versions x profiles x machines, one command.

    python -m benchmarks.boot_matrix          PGTUNE_BIN_17=/a/folder/bin measures another build of 17

Every answer is checked, unscaled, by the server itself: `postgres -C` reads the whole file (on 15 and later it also
sizes shared memory), then, with shared_buffers scaled to this machine, the server really starts.
"""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from tabulate import tabulate

from benchmarks.settings.arms import NoAnswer, ask
from benchmarks.settings.target import Target
from pgtune.cluster import Binaries, Cluster, find
from pgtune.model.errors import PgtuneError
from pgtune.model.units import GB
from pgtune.versions import TESTED

TUNERS = ("pgtune", "le0pard", "pg-configurator")
PROFILES = ("web", "oltp", "dw", "desktop", "mixed")
MACHINES = ((1 * GB, 1, "hdd"), (8 * GB, 4, "ssd"), (64 * GB, 16, "nvme"))
SCALED = {"shared_buffers": "64MB", "huge_pages": "off"}  # what a boot on a small machine must differ in


def builds() -> Iterator[Binaries]:
    """Every tested version that is on this machine."""
    for major in TESTED:
        try:
            yield find(major)
        except PgtuneError as error:
            print(f"not measured: {error}", file=sys.stderr)


def complaint(cluster: Cluster, settings: dict[str, str]) -> str | None:
    """Why these settings do not boot, None if they do."""
    path = cluster.data / "postgresql.conf"
    plain = path.read_text()
    try:
        cluster.configure(settings)
        done = cluster.show("shared_memory_size" if cluster.binaries.major >= 15 else "shared_buffers")
        if done.returncode:
            return done.stderr.strip().splitlines()[0]
        cluster.configure(SCALED)
        cluster.start()
        cluster.stop()
    except PgtuneError as error:
        return str(error)
    finally:
        path.write_text(plain)
    return None


@dataclass
class Tally:
    """A tuner's score: answers that booted, answers that did not and why, machines it gave no answer for."""

    booted: int = 0
    answers: int = 0
    silent: int = 0
    reasons: set[str] = field(default_factory=set)

    def add(self, cluster: Cluster, tuner: str, target: Target) -> None:
        """Ask the tuner for this machine and try its answer."""
        try:
            settings = dict(ask(tuner, target).settings)
        except NoAnswer:
            self.silent += 1
            return
        why = complaint(cluster, settings)
        self.answers += 1
        self.booted += why is None
        self.reasons |= {why[-70:]} if why else set()

    def __str__(self) -> str:
        return f"{self.booted} of {self.answers}" + (f" ({self.silent} without answer)" if self.silent else "")


def measure(binaries: Binaries, totals: dict[str, Tally]) -> list[Tally]:
    """Every tuner on this build; `totals` grow with it."""
    cluster, tallies = Cluster.throw_away(binaries), []
    try:
        for tuner in TUNERS:
            tally = Tally()
            for profile, (memory, cpus, storage) in itertools.product(PROFILES, MACHINES):
                tally.add(cluster, tuner, Target(memory, cpus, storage, profile, 100, 4 * GB, binaries.major))
            for reason in sorted(tally.reasons):
                print(f"{binaries.major}, {tuner}: {reason}", file=sys.stderr)
            total = totals[tuner]
            total.booted, total.answers = total.booted + tally.booted, total.answers + tally.answers
            total.silent += tally.silent
            tallies.append(tally)
    finally:
        cluster.remove()
    return tallies


def main() -> int:
    """Measure every build and print one line each."""
    totals = {tuner: Tally() for tuner in TUNERS}
    rows = [[binaries.major, binaries.source, *measure(binaries, totals)] for binaries in builds()]
    rows.append(["all", "", *totals.values()])
    print(tabulate(rows, headers=["version", "programs from", *TUNERS]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
