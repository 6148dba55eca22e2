"""What a whole night costs where few tables need anything: pgtune beside vacuumdb over everything.

    python -m benchmarks.maintenance.night [--tables 20000] [--needy 0.05] [-j 2] [--rounds 3]

The same tables are worn before each turn; the tools take turns, forth and back. After each turn of pgtune every table
is looked into with pgstattuple: a dead row that is left would be a needy table left out. `foreknown` is vacuumdb that
was told which tables are worn: what selection can win at most, where all tables are alike, is the inverse of their
share.
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


def own(cluster: Cluster, workers: str, _worn: int) -> float:
    """Seconds of a whole run of pgtune."""
    return pgtune(cluster, "--task", "vacuum,analyze", "-j", workers)


def everything(cluster: Cluster, workers: str, _worn: int) -> float:
    """Seconds of vacuumdb over all tables."""
    return timed(cluster.binaries.folder / "vacuumdb", "-z", "-j", workers, "-d", cluster.conninfo(DATABASE))


def foreknown(cluster: Cluster, workers: str, worn: int) -> float:
    """Seconds of vacuumdb over the worn tables alone, which somebody told it: no selection can be faster."""
    names = [word for number in range(1, worn + 1) for word in ("-t", f"public.t{number}")]
    return timed(cluster.binaries.folder / "vacuumdb", "-z", "-j", workers, "-d", cluster.conninfo(DATABASE), *names)


ARMS = {"pgtune": own, "vacuumdb": everything, "foreknown": foreknown}


def measured(tables: int, worn: int, workers: str, rounds: int) -> tuple[dict[str, list[float]], int]:
    """Seconds by arm, the idle night's with them, and how many tables pgtune left with dead rows."""
    seconds: dict[str, list[float]] = {name: [] for name in (*ARMS, "idle")}
    left = 0
    with site() as cluster:
        in_parts(cluster, TABLE.format(rows=ROWS), 1, tables, 200)
        everything(cluster, workers, 0)
        for number in range(rounds):
            for name in ARMS if number % 2 == 0 else reversed(ARMS):
                in_parts(cluster, WEAR, 1, worn)
                seconds[name].append(ARMS[name](cluster, workers, worn))
                left += ask(cluster, DEAD)[0][0] if name == "pgtune" else 0
            seconds["idle"].append(own(cluster, workers, worn))
    return seconds, left


def compared(name: str, mine: Sequence[float], others: Sequence[float]) -> None:
    """How many times less time mine took, round by round."""
    ratios = [other / own for own, other in zip(mine, others, strict=True)]
    print(f"{name}: {median(ratios):.2f} times less time (from {min(ratios):.2f} to {max(ratios):.2f})")


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--needy", type=float, default=0.05, help="share of the tables that are worn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-j", "--jobs", default="2")
    given = parser.parse_args(words)
    worn = round(given.tables * given.needy)
    seconds, left = measured(given.tables, worn, given.jobs, given.rounds)
    for name, taken in seconds.items():
        print(f"{name}: median {median(taken):.1f} s, from {min(taken):.1f} to {max(taken):.1f}")
    print(f"{given.tables} tables, {worn} worn, -j {given.jobs}; tables that pgtune left with dead rows: {left}")
    compared("pgtune against vacuumdb over everything", seconds["pgtune"], seconds["vacuumdb"])
    compared("pgtune against vacuumdb told what is worn", seconds["pgtune"], seconds["foreknown"])
    compared("told what is worn against over everything", seconds["foreknown"], seconds["vacuumdb"])
    compared("a night when nothing is worn, pgtune against vacuumdb", seconds["idle"], seconds["vacuumdb"])


if __name__ == "__main__":
    main()
