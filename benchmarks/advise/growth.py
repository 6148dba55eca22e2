"""Time and EXPLAINs by the number of distinct queries, over 500 tables.

Processor time is what counts, of pgtune itself and of the twin's server: it stays the same on a busy machine.
"""

import sys
import time
from collections.abc import Sequence

import psycopg
from tabulate import tabulate

from benchmarks.measure.linear import fit
from benchmarks.measure.processes import cpu_seconds
from pgtune.cluster import Cluster, find
from pgtune.indexes.advise import advise
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin import raised, two_at_once
from pgtune.workload.statement import Statement, Workload

TABLES = 500
ROWS = 20_000


def run(counts: Sequence[int]) -> str:
    """One line for each number of queries."""
    cluster = Cluster.throw_away(find(18))
    try:
        cluster.configure({"autovacuum": "off", "fsync": "off", "max_locks_per_transaction": "256"})
        cluster.start()
        _load(cluster.conninfo())
        snapshot = capture(cluster.conninfo(), workload=False)
    finally:
        cluster.remove()
    lines = [_measured(snapshot, count) for count in counts]
    heads = ["queries", "EXPLAINs", "a query", "processor s", "ms a query", "s", "indexes", "cost ratio"]
    return "\n".join([tabulate(lines, heads, tablefmt="github", floatfmt=".3g"), *_straight(lines)])


def _measured(snapshot: Snapshot, count: int) -> list[float]:
    with raised(snapshot, plan_seconds=10) as twin:
        postmaster = twin.parts.planner.house.cluster.pid or 0
        begin, busy = time.perf_counter(), _processor(postmaster)
        with two_at_once(twin) as side:
            answer = advise(snapshot, workload(count), side.plan, twin.size_of, prepare=side.prepare, each=side.each)
        seconds, spent = time.perf_counter() - begin, _processor(postmaster) - busy
    print(f"{count} queries: {seconds:.1f} s", file=sys.stderr)
    return [
        count, answer.planner_calls, answer.planner_calls / count, spent, spent / count * 1000, seconds,
        len(answer.recommendations), answer.cost_after / answer.cost_before,
    ]  # fmt: skip


def _processor(postmaster: int) -> float:
    """Seconds of processor time that this process and the server have taken."""
    return time.process_time() + cpu_seconds(postmaster)


def _straight(lines: Sequence[Sequence[float]]) -> list[str]:
    """How near a line through the origin comes to what was measured."""
    if len(lines) < 2:
        return []
    return [
        f"{what}: {line.coefficients[0]:.3g} a query, the counts within {line.worst_error:.0%} of that"
        for what, place in (("EXPLAINs", 1), ("processor seconds", 3))
        for line in [fit([[each[0]] for each in lines], [each[place] for each in lines])]
    ]


def _load(conninfo: str) -> None:
    """500 tables of the same rows."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for number in range(TABLES):
            columns = "id bigint PRIMARY KEY, other bigint, kind int, at timestamptz, name text, note text"
            connection.execute(f"CREATE TABLE t{number} ({columns})".encode())
            connection.execute(
                f"""INSERT INTO t{number} SELECT n, n * 7 % {ROWS}, n % 20,
                timestamptz '2026-01-01' + n * interval '1 minute', md5(n::text), repeat('x', 80)
                FROM generate_series(1, {ROWS}) n""".encode()
            )
        connection.execute("VACUUM (ANALYZE)")


FORMS = (
    "SELECT * FROM {a} WHERE other = {n}",
    "SELECT * FROM {a} WHERE kind = {k} ORDER BY at DESC LIMIT 20",
    "SELECT a.id, b.name FROM {a} a JOIN {b} b ON b.other = a.id WHERE a.kind = {k} AND b.at > '2026-01-10'",
    "SELECT name FROM {a} WHERE lower(name) = 'abc{n}'",
    "SELECT count(*) FROM {a} WHERE at >= '2026-01-{d:02}' AND at < '2026-01-{e:02}'",
)


def workload(count: int) -> Workload:
    """So many distinct statements of five forms, spread over the tables."""
    found = []
    for n in range(count):
        form = FORMS[n % len(FORMS)]
        number = n // len(FORMS)
        a, b = f"t{number % TABLES}", f"t{(number * 13 + 1 + number // TABLES) % TABLES}"
        text = form.format(a=a, b=b, n=n, k=number // TABLES % 20, d=1 + n % 12, e=2 + n % 12)
        found.append(Statement(text, f"{n}", "select", origin=f"query {n}"))
    return Workload(tuple(found))
