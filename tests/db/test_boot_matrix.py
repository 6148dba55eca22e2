"""All that pgtune proposes boots on real servers: versions x profiles x memory x CPUs x storage x connections."""

import itertools
from pathlib import Path

import pytest

from pgtune import guide, resources, versions
from pgtune.cluster import Cluster
from pgtune.model.hardware import Figure, Hardware, Storage
from pgtune.model.units import parse_bytes
from pgtune.server import facts
from pgtune.settings import advise
from pgtune.settings.situation import PROFILES, Situation, Wishes

MEMORY = ("512MB", "1GB", "4GB", "16GB", "64GB", "512GB", "2TB")
CPUS = (0.5, 2, 8, 64)
STORAGE = ("hdd", "ssd", "gp3")
CONNECTIONS = (20, 200, 1000, 5000)
HERE = "64MB"  # shared_buffers of a boot on this machine
BOOTED = 8  # of each version's configurations, spread evenly over the matrix


def configurations(major: int) -> list[dict[str, str]]:
    """Each different configuration of the matrix, once, computed without a server as `--pg-version` does."""
    parameters = versions.parameters(resources.text("versions", "settings.toml"), major)
    figures = guide.load(resources.text("guide", "guide.toml"))
    found = {}
    for profile, ram, cpus, kind, connections in itertools.product(PROFILES, MEMORY, CPUS, STORAGE, CONNECTIONS):
        machine = Hardware(Figure(parse_bytes(ram), ""), Figure(cpus, ""), Storage(Figure(kind, "")))
        wishes = Wishes(profile, connections, statistics=True)
        tuning = advise(Situation(major * 10000, machine, parameters, figures, wishes), "")
        values = {line.name: line.proposed for line in tuning.lines}
        found[tuple(values.items())] = values
    return list(found.values())


@pytest.fixture(params=versions.TESTED)
def empty(request, binaries_of, clusters):
    """A stopped cluster of each version."""
    cluster = clusters.copy(binaries_of(request.param))
    yield cluster
    cluster.remove()


def refused(cluster: Cluster, number: int, values: dict[str, str]) -> str | None:
    """Check one whole file with `postgres -C`, unscaled; the server's complaint, if it has one."""
    path = Path(cluster.data, f"matrix{number}.conf")
    original = (cluster.data / "postgresql.conf").read_text()
    path.write_text(original + "".join(f"{name} = '{value}'\n" for name, value in values.items()))
    cluster.account.own(path)
    asked = "shared_memory_size" if cluster.binaries.major >= 15 else "shared_buffers"
    done = cluster.show(asked, {"config_file": str(path)})
    path.unlink()
    return f"{values}: {done.stderr}" if done.returncode or not done.stdout.strip() else None


def test_every_value_is_taken(empty):
    """Each configuration of the matrix, unscaled, passes the server's own reading of the whole file."""
    matrix = configurations(empty.binaries.major)
    assert len(matrix) > 500
    complaints = [text for number, values in enumerate(matrix) if (text := refused(empty, number, values))]
    assert complaints == []


def test_a_sample_boots(empty):
    """Configurations spread over the matrix boot, with shared_buffers scaled to this machine, and are in force."""
    matrix = configurations(empty.binaries.major)
    plain = (empty.data / "postgresql.conf").read_text()
    for values in matrix[:: len(matrix) // BOOTED]:
        scaled = {**values, "shared_buffers": HERE}
        (empty.data / "postgresql.conf").write_text(plain)
        empty.configure(scaled)
        empty.start()
        settings = facts.read(empty.conninfo()).settings
        empty.stop()
        assert {name: settings[name].show() for name in scaled} == scaled


def test_a_wrong_value_is_seen(empty):
    """The matrix can fail: a choice that no build offers is refused by the same check."""
    assert refused(empty, 0, {"wal_compression": "brotli"})
    assert refused(empty, 1, {"shared_buffers": "1.5 GB of them"})
