"""The four arms: where their settings come from, and how a file that does not boot is mended, aloud."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.settings import le0pard
from benchmarks.settings.target import Target
from pgtune.cluster import Cluster
from pgtune.model.units import MB, format_bytes

PROJECT = Path(__file__).parents[2]
DUTIES = {"web": "oltp", "oltp": "oltp", "dw": "statistic", "mixed": "mixed", "desktop": "mixed"}
DISKS = {"hdd": "SATA", "ssd": "SSD", "nvme": "NVME", "san": "NETWORK", "gp3": "NETWORK"}

# Left out of a peer's answer for every build alike: lines about logging, libraries, passwords and network identity move
# no count that is measured here except to the peer's own cost, and a build without the library would not boot.
NOT_ABOUT_SPEED = re.compile(
    r"log_.*|logging_collector|shared_preload_libraries|(auto_explain|pg_stat_statements)\..*|"
    r"listen_addresses|password_encryption|ssl.*|authentication_timeout|synchronous_standby_names"
)
# A choice that a build lacks is mended to the nearest one that every build has.
NEAREST = {("wal_compression", "lz4"): "pglz", ("wal_compression", "zstd"): "pglz", ("io_method", "io_uring"): "worker"}


@dataclass(frozen=True, slots=True)
class Arm:
    """A named set of settings; `notes` say what was left out or mended, `boots` whether it started as printed."""

    name: str
    settings: Mapping[str, str]
    notes: tuple[str, ...] = ()
    boots: bool = True


class NoAnswer(Exception):
    """An arm could not say its settings; the message says which and why."""


def default(_target: Target) -> Arm:
    """What initdb wrote."""
    return default_arm()


def default_arm() -> Arm:
    """No settings at all."""
    return Arm("default", {})


def leopard(target: Target) -> Arm:
    """le0pard's formulas, reimplemented; see le0pard.py."""
    return Arm("le0pard", le0pard.settings(le0pard.form(target)))


def configurator(target: Target) -> Arm:
    """pg-configurator from PyPI, asked by its public command line."""
    options = {
        "--db-cpu": str(target.cpus),
        "--db-ram": f"{target.memory // MB}Mi",
        "--db-size": f"{max(1, target.data // MB)}Mi",
        "--db-disk-type": DISKS[target.storage],
        "--db-duty": DUTIES[target.profile],
        "--min-conns": str(target.connections),
        "--max-conns": str(target.connections),
        "--pg-version": str(target.major),
    }
    text = _answer("pg-configurator", [_program("pg-configurator"), *_flat(options), "--output-format", "conf"])
    settings = dict(_line(line) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    dropped = sorted(name for name in settings if NOT_ABOUT_SPEED.fullmatch(name))
    kept = {name: value for name, value in settings.items() if name not in dropped}
    note = f"{len(dropped)} of {len(settings)} lines about logging, libraries and authentication left out"
    return Arm("pg-configurator", kept, (note,) if dropped else ())


def ours(target: Target, conninfo: str | None = None) -> Arm:
    """`pgtune tune` through its command line: on the live server that the suite runs on, or from options alone."""
    server = [] if conninfo is None else [conninfo]
    options = {
        "--ram": format_bytes(target.memory),
        "--cpus": str(target.cpus),
        "--storage": target.storage,
        "--profile": target.profile,
        "--connections": str(target.connections),
        "--data-size": format_bytes(target.data),
    }
    options |= {} if conninfo else {"--pg-version": str(target.major)}
    text = _answer("pgtune", [sys.executable, "-m", "pgtune", "tune", *server, *_flat(options), "--output", "json"])
    answer = json.loads(text)
    return Arm("pgtune", {line["name"]: str(line["proposed"]) for line in answer["settings"]})


OURS = "pgtune"
OTHERS: Mapping[str, Callable[[Target], Arm]] = {
    "default": default,
    "le0pard": leopard,
    "pg-configurator": configurator,
}
ARMS = (*OTHERS, OURS)


def ask(name: str, target: Target, conninfo: str | None = None) -> Arm:
    """The settings of an arm.

    Raises:
        NoAnswer: its program is missing or failed.
    """
    return ours(target, conninfo) if name == OURS else OTHERS[name](target)


def each(arm: Arm) -> list[Arm]:
    """The default, and each setting of an arm alone: which of them is worth what."""
    return [default_arm(), *(Arm(f"{name} = {value}", {name: value}) for name, value in arm.settings.items())]


def mended(cluster: Cluster, arm: Arm) -> Arm:
    """The arm with every value that this build refuses mended or left out, each change noted.

    Raises:
        NoAnswer: what is refused cannot be told from the server's words.
    """
    settings, notes = dict(arm.settings), list(arm.notes)
    for _attempt in range(len(settings) + 1):
        done = cluster.show(settings=settings)
        if done.returncode == 0:
            return replace(arm, settings=settings, notes=tuple(notes), boots=len(notes) == len(arm.notes))
        name = _refused(done.stderr, settings)
        value = settings.pop(name)
        nearest = NEAREST.get((name, value))
        if nearest:
            settings[name] = nearest
        what = f"{nearest} instead" if nearest else "left out"
        notes.append(f"does not start with {name} = {value} on this build: {what}")
    raise NoAnswer(f"{arm.name}: its settings do not start even without the refused lines")


def _refused(words: str, settings: Mapping[str, str]) -> str:
    """The setting that the server's message names."""
    for name in re.findall(r'"([a-z_.]+)"', words) + re.findall(r"[a-z_]{4,}", words):
        if name in settings:
            return str(name)
    raise NoAnswer(f"the server refuses the settings without naming one: {' '.join(words.split())}")


def _line(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip("'")


def _flat(options: Mapping[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]


def _program(name: str) -> str:
    """A console script of this environment, or one on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise NoAnswer(f"{name} is not installed: pip install {name}==0.11.1")
    return found


def _answer(name: str, command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=PROJECT, timeout=120)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise NoAnswer(f"{name} gives no settings (exit code {done.returncode}): {done.stderr.strip()[-500:]}")
    return done.stdout
