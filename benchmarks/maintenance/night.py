"""What a whole night costs where few tables need anything: pgtune beside vacuumdb over everything.

    python -m benchmarks.maintenance.night [--tables 20000] [--needy 0.05] [-j 2] [--rounds 3]

The same tables are worn before each turn; the tools take turns A-B-B-A. After each turn of pgtune every table is looked
into with pgstattuple: a dead row that is left would be a needy table left out.
"""

import argparse
from collections.abc import Sequence
from statistics import median

from benchmarks.maintenance.site import DATABASE, ask, in_parts, pgtune, site, timed
from pgtune.cluster import Cluster

ROWS = 300
TABLE = """execute format('create table t%s (id int primary key, v int)', n);
    execute format('insert into t%s select g, g from generate_series(1, {rows}) g', n);"""
WEAR = "execute format('update t%s set v = v + 1 where id %% 2 = 0', n);"
DEAD = """
select count(*) from pg_class c cross join lateral pgstattuple(c.oid) s
 where c.relkind = 'r' and c.relname like 't%' and c.oid >= 16384 and s.dead_tuple_count > 0
"""


def own(cluster: Cluster, workers: str) -> float:
    """Seconds of a whole run of pgtune."""
    return pgtune(cluster, "--task", "vacuum,analyze", "-j", workers)


def everything(cluster: Cluster, workers: str) -> float:
    """Seconds of vacuumdb over all tables."""
    return timed(cluster.binaries.folder / "vacuumdb", "-z", "-j", workers, "-d", cluster.conninfo(DATABASE))


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--needy", type=float, default=0.05, help="share of the tables that are worn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-j", "--jobs", default="2")
    given = parser.parse_args(words)
    worn = round(given.tables * given.needy)
    seconds: dict[str, list[float]] = {"pgtune": [], "vacuumdb": []}
    left = 0
    with site() as cluster:
        in_parts(cluster, TABLE.format(rows=ROWS), 1, given.tables, 200)
        everything(cluster, given.jobs)
        for number in range(given.rounds):
            turns = [("pgtune", own), ("vacuumdb", everything)]
            for name, turn in turns if number % 2 == 0 else reversed(turns):
                in_parts(cluster, WEAR, 1, worn)
                seconds[name].append(turn(cluster, given.jobs))
                left += ask(cluster, DEAD)[0][0] if name == "pgtune" else 0
    for name, taken in seconds.items():
        print(f"{name}: median {median(taken):.1f} s, from {min(taken):.1f} to {max(taken):.1f}")
    ratios = [other / mine for mine, other in zip(seconds["pgtune"], seconds["vacuumdb"], strict=True)]
    print(f"{given.tables} tables, {worn} worn, -j {given.jobs}: {median(ratios):.1f} times less time than vacuumdb "
          f"(from {min(ratios):.1f} to {max(ratios):.1f}); tables left with dead rows: {left}")  # fmt: skip


if __name__ == "__main__":
    main()
