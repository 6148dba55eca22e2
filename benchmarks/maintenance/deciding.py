"""How long deciding takes beyond the catalog queries, and how much memory, for a database of many tables.

    python -m benchmarks.maintenance.deciding [--tables 100000] [--needy 0.05] [--real 20000]

The rows are made up one at a time, like those of a stream, and the time that making them takes is measured by itself
and taken off: what is left is the core's. Limits: 2 s and 200 MB for 100,000 tables with two indexes each. The core
does nothing but reckon, so the processor's time is its time by the wall where a processor is to spare; both are
printed, and the processor's is judged, so that a busy machine is not mistaken for a slow core. `--real` makes so many
tables on a throw-away server as well, and times a whole plan beside the bare reading of the same rows.
"""

import argparse
import resource
import sys
import time
from collections import deque
from collections.abc import Iterator
from statistics import median

from benchmarks.maintenance.site import DATABASE, in_parts, site
from pgtune import guide, resources
from pgtune.maintenance.policy import policy
from pgtune.maintenance.rows import Identity, Index, Table
from pgtune.maintenance.survey import Catalog, Scope, Survey, survey
from pgtune.maintenance.thresholds import Thresholds
from pgtune.server.maintain.reading import reader
from pgtune.usecases.maintain_plan import Request, plan

SECONDS, MEGABYTES = 2.0, 200
ROUNDS = 5
SETTINGS = {
    "autovacuum_vacuum_threshold": 50, "autovacuum_vacuum_scale_factor": 0.2,
    "autovacuum_vacuum_max_threshold": 100_000_000, "autovacuum_vacuum_insert_threshold": 1000,
    "autovacuum_vacuum_insert_scale_factor": 0.2, "autovacuum_analyze_threshold": 50,
    "autovacuum_analyze_scale_factor": 0.1, "autovacuum_freeze_max_age": 200_000_000,
    "autovacuum_multixact_freeze_max_age": 400_000_000,
}  # fmt: skip
IDENTITY = Identity(180000, False, "many", "maintainer", "owner", True, 9e6, 9e6, "2026-01-01T00:00:00Z", False, None)


def tables(count: int, every: int) -> Iterator[Table]:
    """Tables of 10,000 rows with a TOAST table; every so many one has dead rows."""
    for n in range(count):
        dead = 5000 if n % every == 0 else 17
        yield Table(
            3 * n, "public", f"table_{n}", False, None, True, True, "owner", 200, 10000.0, 200, 0, 10000, dead, dead,
            100, 5000.0, 5000.0, 50_000_000, 100, None, 9_000_000 + n, 20, 80.0, 20, 0, 80, 1, 3, 50_000_000, 100, None,
        )  # fmt: skip


def indexes(count: int, every: int) -> Iterator[Index]:
    """Two indexes a table; every so many tables the second is large and nearly empty."""
    for n in range(count):
        for number, columns in enumerate(("1", "2")):
            large = number == 1 and n % every == 0
            yield Index(
                3 * n + 1 + number, "public", f"table_{n}_{number}", False, 3 * n, "public", f"table_{n}", None, None,
                None, None, True, True, True, "owner", "btree", "i", False, False, 5000 if large else 30, 10000.0, True,
                True, True, number == 0, number == 0, False, False, f"table_{n}_0" if number == 0 else None, 1, columns,
                "1978", "0", "0", None, None, None, 5, 17, 10000.0, 200,
            )  # fmt: skip


def measured(count: int, every: int) -> tuple[float, float, Survey]:
    """Seconds by the wall and of the processor that deciding takes beyond the making of the rows; what was decided."""
    began = clocks()
    deque(tables(count, every), maxlen=0)
    deque(indexes(count, every), maxlen=0)
    making = [now - then for now, then in zip(clocks(), began, strict=True)]
    figures = policy(guide.load(resources.text("guide", "guide.toml")))
    catalog = Catalog(IDENTITY, Thresholds(SETTINGS), 8192, tables(count, every), (), indexes(count, every))
    began = clocks()
    found = survey(catalog, Scope(), figures)
    wall, processor = (now - then - made for now, then, made in zip(clocks(), began, making, strict=True))
    return wall, processor, found


def real(count: int, every: int) -> None:
    """A whole plan of a live database beside the bare reading of its tables and indexes."""
    with site() as cluster:
        make = "execute format('create table t%s (id int primary key, v text)', n);"
        fill = "execute format('insert into t%s select g, g from generate_series(1, 100) g', n);"
        in_parts(cluster, make, 1, count)
        in_parts(cluster, fill, 1, count // every)
        conninfo = cluster.conninfo(DATABASE)
        bare, whole = [], []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            with reader(conninfo) as source:
                catalog = source.catalog()
                read = sum(1 for rows in (catalog.tables, catalog.parents, catalog.indexes) for _ in rows)
            middle = time.perf_counter()
            found = plan(Request(conninfo), lambda _text: None)
            bare.append(middle - began)
            whole.append(time.perf_counter() - middle)
    print(f"real: {read} rows read in {median(bare):.2f} s, a whole plan of {len(found.jobs)} jobs in "
          f"{median(whole):.2f} s: {median(whole) - median(bare):.2f} s beyond")  # fmt: skip


def clocks() -> tuple[float, float]:
    """The wall's and the processor's."""
    return time.perf_counter(), time.process_time()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=100_000)
    parser.add_argument("--needy", type=float, default=0.05, help="share of the tables that need anything")
    parser.add_argument("--real", type=int, default=0, help="so many tables on a server as well")
    given = parser.parse_args()
    every = round(1 / given.needy)
    rounds = [measured(given.tables, every) for _ in range(ROUNDS)]
    walls, processors = sorted(wall for wall, _, _ in rounds), sorted(processor for _, processor, _ in rounds)
    found = rounds[-1][2]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{given.tables} tables, {2 * given.tables} indexes: {len(found.vacuums)} to vacuum, "
          f"{len(found.candidates)} indexes to look at")  # fmt: skip
    for name, seconds in (("by the wall", walls), ("of the processor", processors)):
        print(f"seconds {name}: median {median(seconds):.2f}, from {seconds[0]:.2f} to {seconds[-1]:.2f}, "
              f"{median(seconds) / SECONDS:.2f} of the limit of {SECONDS:g}")  # fmt: skip
    print(f"memory: {memory:.0f} MB at its peak, {memory / MEGABYTES:.2f} of the limit of {MEGABYTES}")
    if given.real:
        real(given.real, every)
    return int(median(processors) > SECONDS or memory > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
