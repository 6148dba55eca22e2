"""The servers that hold the data, kept between runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.advise.data import Suite
from pgtune.cluster import Cluster, find

# As in the published comparison: no parallel workers and no JIT, so that a query's time is its own work.
SETTINGS = {
    "shared_buffers": "512MB", "work_mem": "64MB", "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0", "jit": "off", "autovacuum": "off", "fsync": "off",
    "full_page_writes": "off", "max_wal_size": "4GB",
}  # fmt: skip


@contextmanager
def holding(suite: Suite, scale: float, folder: Path, major: int = 18) -> Iterator[str]:
    """The conninfo of a server with the suite's data, loaded if it is not there yet, stopped in the end."""
    place = folder / f"{suite.name}-{scale:g}"
    fresh = not (place / "loaded").exists()
    cluster = Cluster.create(find(major), place, initdb=("--no-sync",)) if fresh else Cluster.at(place, find(major))
    if fresh:
        cluster.configure(SETTINGS)
    running = cluster.running
    cluster.start()
    try:
        if fresh:
            suite.load(cluster.conninfo(), scale)
            (place / "loaded").touch()
        yield cluster.conninfo()
    finally:
        if not running:
            cluster.stop()
