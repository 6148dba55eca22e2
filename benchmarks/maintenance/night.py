"""What a whole night costs where few tables need anything: pgtune beside vacuumdb over everything.

    python -m benchmarks.maintenance.night skewed [--tables 20000] [--smallest 100] [--needy 0.05] [-j 2] [--rounds 3]
    python -m benchmarks.maintenance.night equal
    python -m benchmarks.maintenance.night tenants

nights.py says what the three databases are. Every turn begins with the same rows changed; the tools take turns, forth
and back. `decide` is `pgtune maintain plan`, which `pgtune` does once more before its work. After each turn of pgtune
every table is looked into with pgstattuple: one that still reaches the guide's threshold would be a needy table left
out. `foreknown` is vacuumdb that was told which tables are needy: no selection is faster, so its ratio is the bound.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

from benchmarks.maintenance.nights import POLICY, SMALLEST, Night, dead, equal, skewed, tenants
from benchmarks.maintenance.site import DATABASE, ask, pgtune, site, timed
from pgtune.cluster import Cluster

TASKS = ("--task", "vacuum,analyze")
DEAD = f"""
select count(*) from drawn cross join lateral pgstattuple(('t' || t)::regclass) s
 where s.dead_tuple_count >= {POLICY.dead_rows} and s.dead_tuple_count >= {POLICY.dead_row_ratio} * s.tuple_count
"""
STALE = """
select count(*) from drawn join pg_stat_user_tables s on relid = ('t' || t)::regclass
 where needy and s.n_mod_since_analyze > 0
"""
Seconds = dict[str, list[float]]


def own(cluster: Cluster, workers: str, _needy: Sequence[int]) -> float:
    """Seconds of a whole run of pgtune."""
    return pgtune(cluster, *TASKS, "-j", workers)


def decided(cluster: Cluster) -> float:
    """Seconds of pgtune's plan, its start included."""
    return timed(sys.executable, "-m", "pgtune", "maintain", "plan", cluster.conninfo(DATABASE), *TASKS)


def everything(cluster: Cluster, workers: str, _needy: Sequence[int] = ()) -> float:
    """Seconds of vacuumdb over all tables."""
    return timed(cluster.binaries.folder / "vacuumdb", "-z", "-j", workers, "-d", cluster.conninfo(DATABASE))


def foreknown(cluster: Cluster, workers: str, needy: Sequence[int]) -> float:
    """Seconds of vacuumdb over the needy tables alone, which somebody told it."""
    names = [word for number in needy for word in ("-t", f"public.t{number}")]
    return timed(cluster.binaries.folder / "vacuumdb", "-z", "-j", workers, "-d", cluster.conninfo(DATABASE), *names)


ARMS: dict[str, Callable[[Cluster, str, Sequence[int]], float]] = {
    "pgtune": own, "vacuumdb": everything, "foreknown": foreknown,
}  # fmt: skip


def measured(night: Night, workers: str, rounds: int) -> tuple[Seconds, list[int]]:
    """Seconds by arm, those of deciding and of an idle night with them, and how many needy tables pgtune left."""
    seconds: Seconds = {name: [] for name in ("decide", *ARMS, "idle")}
    left, needy = [], night.needy
    with site() as cluster:
        night.build(cluster)
        everything(cluster, workers)
        night.wear(cluster)
        really = ask(cluster, DEAD)[0][0]
        print(f"pgstattuple finds {really} tables that reach the guide's threshold of dead rows", flush=True)
        turns = [(n, name) for n in range(1, rounds + 1) for name in (ARMS if n % 2 else reversed(ARMS))]
        for turn, (number, name) in enumerate(turns):
            if turn:
                night.wear(cluster, needy=turns[turn - 1][1] != "vacuumdb")
            ask(cluster, "checkpoint")
            if name == "pgtune":
                seconds["decide"].append(decided(cluster))
            seconds[name].append(ARMS[name](cluster, workers, needy))
            print(f"round {number}: {name} {seconds[name][-1]:.1f} s", flush=True)
            if name == "pgtune":
                left.append(ask(cluster, DEAD)[0][0] + ask(cluster, STALE)[0][0])
                seconds["idle"].append(own(cluster, workers, needy))
                foreknown(cluster, workers, needy)  # what was only analyzed must not add up
    return seconds, left


def compared(name: str, mine: Sequence[float], others: Sequence[float]) -> None:
    """How many times less time mine took, round by round."""
    ratios = [other / own for own, other in zip(mine, others, strict=True)]
    print(f"{name}: {median(ratios):.2f} times less time (from {min(ratios):.2f} to {max(ratios):.2f})")


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", choices=("skewed", "equal", "tenants"))
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--smallest", type=int, default=SMALLEST, help="rows of the smallest, of skewed sizes")
    parser.add_argument("--needy", type=float, default=0.05, help="share of the tables that need anything")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-j", "--jobs", default="2")
    given = parser.parse_args(words)
    made: dict[str, Callable[[int, float], Night]] = {
        "skewed": partial(skewed, smallest=given.smallest), "equal": equal, "tenants": tenants,
    }  # fmt: skip
    night = made[given.sizes](given.tables, given.needy)
    vacuum = sum(dead(*each) for each in zip(night.rows, night.changed, strict=True))
    print(f"{given.tables} tables of {min(night.rows)} to {max(night.rows)} rows, {sum(night.rows)} in all, "
          f"{sum(night.changed)} of them changed; {len(night.needy)} tables are needy, {vacuum} of them for VACUUM, "
          f"-j {given.jobs}", flush=True)  # fmt: skip
    seconds, left = measured(night, given.jobs, given.rounds)
    for name, taken in seconds.items():
        print(f"{name}: median {median(taken):.1f} s, from {min(taken):.1f} to {max(taken):.1f}")
    print(f"needy tables that pgtune left out, by turn: {left}")
    compared("pgtune against vacuumdb over everything", seconds["pgtune"], seconds["vacuumdb"])
    compared("pgtune against vacuumdb told what is needy", seconds["pgtune"], seconds["foreknown"])
    compared("the bound: told what is needy against over everything", seconds["foreknown"], seconds["vacuumdb"])
    compared("a night when nothing is needy, pgtune against vacuumdb", seconds["idle"], seconds["vacuumdb"])


if __name__ == "__main__":
    main()
