"""`pgtune tune --prove`: the proposed settings on a throw-away server of the same version, before they are applied."""

from collections.abc import Callable
from dataclasses import replace

import psutil

from pgtune.cluster import Cluster
from pgtune.model.errors import ServerDidNotStart
from pgtune.model.units import MB, format_bytes, parse_bytes
from pgtune.server import facts
from pgtune.settings.tuning import Line
from pgtune.usecases.pages import ASKED, FIRST, USUAL_SEGMENT, programs, segments
from pgtune.usecases.tune import Answer

LOCAL_SHARE = 0.5  # of the memory that is free here: a proof must not push other programs out


def prove(answer: Answer, say: Callable[[str], None]) -> Answer:
    """Check every value unscaled with `postgres -C`, boot with memory scaled to this machine, and add what was seen.

    Raises:
        ServerNotFound: no programs of the server's major version are on this machine.
        ServerDidNotStart: the settings do not boot; the message is the server's own.
    """
    lines = [line for line in answer.tuning.lines if line.name != "shared_preload_libraries"]
    binaries = programs(answer.tuning.version, answer.located)
    say(f"proving {len(lines)} settings on a throw-away PostgreSQL {binaries.major} ({binaries.source})")
    cluster = Cluster.throw_away(binaries, initdb=segments(_segment(answer)))
    try:
        cluster.configure({line.name: line.proposed for line in lines})
        pages = _check(cluster)
        scaled = _scale(cluster, lines)
        cluster.start()
        _compare(cluster, [line for line in lines if line.name not in scaled])
    finally:
        cluster.remove()
    seen = f"proven: a throw-away PostgreSQL {binaries.major} ({binaries.source}) took every value and booted"
    seen += "".join(f", with {name} scaled to {value} for this machine" for name, value in scaled.items())
    notes = [
        seen,
        *([f"the proposed settings need exactly {pages} huge pages of this machine's size"] if pages else []),
    ]
    return replace(answer, tuning=replace(answer.tuning, notes=(*notes, *answer.tuning.notes)))


def _segment(answer: Answer) -> int:
    return int(answer.server.settings["wal_segment_size"].natural()) if answer.server else USUAL_SEGMENT


def _check(cluster: Cluster) -> str | None:
    """Read the whole file with `postgres -C`; the huge pages it needs, on 15 and later."""
    asked = ASKED if cluster.binaries.major >= FIRST else "shared_buffers"
    done = cluster.show(asked)
    if done.returncode:
        raise ServerDidNotStart(f"the settings are refused: {' '.join(done.stderr.split())}")
    pages = done.stdout.strip()
    return pages if asked != "shared_buffers" and pages not in {"", "-1"} else None


def _scale(cluster: Cluster, lines: list[Line]) -> dict[str, str]:
    """Scale shared_buffers down where this machine cannot hold it."""
    free = psutil.virtual_memory().available * LOCAL_SHARE
    large = [line for line in lines if line.name == "shared_buffers" and parse_bytes(line.proposed) > free]
    scaled = {line.name: format_bytes(int(free // MB) * MB) for line in large}
    cluster.configure(scaled)
    return scaled


def _compare(cluster: Cluster, lines: list[Line]) -> None:
    """Every value must be in force as proposed.

    Raises:
        ServerDidNotStart: one is not.
    """
    settings = facts.read(cluster.conninfo()).settings
    wrong = [
        f"{line.name} is {settings[line.name].show()} instead of {line.proposed}"
        for line in lines
        if settings[line.name].show() != line.proposed
    ]
    if wrong:
        raise ServerDidNotStart(f"the proof failed: {'; '.join(wrong)}")
