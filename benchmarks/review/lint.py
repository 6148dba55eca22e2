"""Migrations judged by their text alone, side by side with other linters on the same folder of files.

    python -m benchmarks.review.lint --squawk .venv/bin/squawk --pgrubic /tmp/pgrubic/bin/pgrubic

Every arm is a process of its own, its start counted; the arms take turns, and the first of a round changes with the
round. Printed are seconds of wall and of processor, findings a file, and the ratio to squawk's within each round.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.review.histories import History
from benchmarks.settings.ratios import ratio

LIMIT = 5.0  # times squawk's time, at most
FASTER = 20.0  # times as fast as pgrubic, at least


@dataclass(frozen=True, slots=True)
class Took:
    """One run of an arm: seconds on the wall, seconds of processor, what it printed."""

    wall: float
    processor: float
    printed: str


def arms(options: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """The commands, each over the whole folder in one process."""
    files = [str(path) for path in sorted(folder.iterdir())]
    made = {
        "pgtune": [sys.executable, "-m", "benchmarks.review.static", str(folder)],
        "squawk": [options.squawk, "--reporter", "gcc", *files],
    }
    if options.pgrubic:
        made["pgrubic"] = [options.pgrubic, "lint", str(folder)]
    return made


def run(command: Sequence[str], folder: Path) -> Took:
    """Run it where no configuration of ours is found; exit code 1 means findings."""
    before, began = os.times(), time.perf_counter()
    here = {**os.environ, "PYTHONPATH": str(Path.cwd()), "NO_COLOR": "1"}
    here.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=here)
    wall, after = time.perf_counter() - began, os.times()
    if done.returncode not in {0, 1}:
        sys.exit(f"{command[0]} failed with {done.returncode}: {done.stderr[-500:]}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(wall, used, done.stdout)


FINDS: dict[str, Callable[[str], int]] = {
    "pgtune": lambda text: text.count("\n"),
    "squawk": lambda text: text.count(": warning: ") + text.count(": error: "),
    "pgrubic": lambda text: sum(1 for line in text.splitlines() if ".sql:" in line),
}


def rounds(commands: Mapping[str, Sequence[str]], folder: Path, count: int, slow: int) -> dict[str, list[Took | None]]:
    """Every arm once a round, in a turning order; the slow one only in the first rounds."""
    took: dict[str, list[Took | None]] = {name: [] for name in commands}
    names = list(commands)
    for number in range(-1, count):  # the first warms caches and is not counted
        for name in names[number % len(names) :] + names[: number % len(names)]:
            skipped = name == "pgrubic" and (number >= slow or number < 0)
            found = None if skipped else run(commands[name], folder)
            if number >= 0:
                took[name].append(found)
        print(f"round {number + 1} of {count}", file=sys.stderr)
    return took


def report(took: Mapping[str, list[Took | None]], files: int) -> None:
    """What was measured."""
    for name, runs in took.items():
        kept = [each for each in runs if each is not None]
        walls, used = [each.wall for each in kept], [each.processor for each in kept]
        found = FINDS[name](kept[0].printed)
        spread = [f"{what} {median(them):7.3f} s ({min(them):.3f} to {max(them):.3f})"
                  for what, them in (("wall", walls), ("processor", used))]  # fmt: skip
        print(f"{name:8} {', '.join(spread)}, {found} findings, {found / files:.1f} a file")
    for what in ("wall", "processor"):
        for name in [each for each in took if each != "squawk"]:
            other = ratio([getattr(each, what, None) for each in took[name]],
                          [getattr(each, what, None) for each in took["squawk"]])  # fmt: skip
            if other:
                print(f"{name} takes {other.median:.2f} times squawk's {what} ({other.least:.2f} to "
                      f"{other.greatest:.2f}, {other.rounds} rounds)")  # fmt: skip
        if "pgrubic" in took:
            slow = ratio([getattr(each, what, None) for each in took["pgrubic"]],
                         [getattr(each, what, None) for each in took["pgtune"]])  # fmt: skip
            if slow:
                print(f"pgtune is {slow.median:.1f} times as fast as pgrubic by {what} ({slow.least:.1f} to "
                      f"{slow.greatest:.1f}, {slow.rounds} rounds); the aim is {FASTER:g}")  # fmt: skip


def main() -> int:
    """Make the files, run the arms, print; 1 if the aim against squawk is missed on the wall."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review.lint", description=__doc__)
    parser.add_argument("--squawk", default=str(Path(sys.executable).with_name("squawk")), help="its executable")
    parser.add_argument("--pgrubic", help="its executable (it needs Python 3.12; left away if not given)")
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--slow", type=int, default=2, help="rounds with pgrubic")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder, size = Path(made) / "migrations", 0
        folder.mkdir()
        for name, text in History(options.seed).files(options.files):
            size += (folder / name).write_text(text, encoding="utf-8")
        print(f"{options.files} files, {size / 1000:.0f} kB, seed {options.seed}")
        took = rounds(arms(options, folder), folder, options.rounds, options.slow)
    report(took, options.files)
    least = ratio([getattr(each, "wall", None) for each in took["pgtune"]],
                  [getattr(each, "wall", None) for each in took["squawk"]])  # fmt: skip
    return int(least is None or least.median > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
