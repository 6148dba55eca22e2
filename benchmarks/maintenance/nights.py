"""Three databases of many tables as a night finds them: all alike, of very different sizes, alike for each tenant.

`equal`: each table has 300 rows of two columns; in the needy ones half of the rows were changed. Whatever is left out
saves as much as anything else, so a tool that looks at a twentieth cannot win more than twenty times.

`skewed` is a model, not measured on any database. Sizes follow Zipf's law with exponent 1, rows(n) = largest / n:
ten times the size, a tenth of the tables. If the smallest of 20,000 has 100 rows, the largest has 2,000,000 and all of
them have 21 million, which can be built in minutes. A row has ten columns. How many rows of a table changed is
drawn from a Pareto distribution with exponent 1 and knows nothing of the table's size; its scale is the one by which as
many tables reach a threshold as were asked for, and all others are written to as well, only less. The newest rows are
the changed ones, so few pages are touched: what VACUUM of a quiet table can skip, it skips.

`tenants` is another model: five tables for each tenant, of which the smallest, as a queue or sessions are, changes all
the time and the others hardly. Of the tenants that were at work that day it is needy, and nothing else is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.maintenance.deciding import SETTINGS
from benchmarks.maintenance.site import ask, in_parts
from pgtune import guide, resources
from pgtune.cluster import Cluster
from pgtune.maintenance.policy import policy
from pgtune.maintenance.thresholds import Thresholds

POLICY = policy(guide.load(resources.text("guide", "guide.toml")))
THRESHOLDS = Thresholds(SETTINGS)
ROWS, SMALLEST = 300, 100  # of each table that is like all others; of the smallest of Zipf's, if not given
TENANT = (300, 500, 1_000, 4_000, 15_000)  # rows of each tenant's tables; the first is the queue
WRITTEN = 0.02  # of the rows of a tenant's other tables, if the tenant was at work

NARROW = """execute format('create table t%s (id int primary key, v int)', n);
    execute format('insert into t%s select g, g from generate_series(1, %s) g', n, d.rows);"""
WIDE = """execute format('create table t%s (id int primary key, v int, customer int, amount numeric(10, 2),
        status text, kind smallint, made timestamptz, done boolean, city text, note text)', n);
    execute format($f$insert into t%s select g, g, g %% 1000, g %% 977 * 1.5,
        (array['new', 'paid', 'sent'])[g %% 3 + 1], g %% 7, timestamptz '2026-01-01' + g * interval '1 min',
        g %% 5 = 0, 'city ' || g %% 300, repeat('x', g %% 80)
        from generate_series(1, %s) g$f$, n, d.rows);"""
WEAR = "execute format('update t%s set v = v + 1 where id > %s', n, d.rows - d.changed);"
EACH = "declare d drawn; begin select * into d from drawn where t = n; if {which} then {body} end if; end;"


@dataclass(frozen=True)
class Night:
    """What stands in the tables and what changed: entry `n - 1` is that of table `t<n>`."""

    table: str
    rows: Sequence[int]
    changed: Sequence[int]

    @property
    def needy(self) -> list[int]:
        """The tables that reach a threshold, the guide's for VACUUM or autovacuum's for ANALYZE."""
        return [n for n, each in enumerate(zip(self.rows, self.changed, strict=True), 1) if needs(*each)]

    def build(self, cluster: Cluster) -> None:
        """Make the tables, and note beside them what is to change."""
        needy = set(self.needy)
        ask(cluster, "create table drawn (t int primary key, rows int, changed int, needy bool)")
        facts = enumerate(zip(self.rows, self.changed, strict=True), 1)
        values = ", ".join(f"({n}, {rows}, {changed}, {n in needy})" for n, (rows, changed) in facts)
        ask(cluster, f"insert into drawn values {values}")
        in_parts(cluster, EACH.format(which="true", body=self.table), 1, len(self.rows), 200)

    def wear(self, cluster: Cluster, *, needy: bool = False) -> None:
        """A day of writes, to all tables or to the needy ones alone."""
        which = "d.needy" if needy else "d.changed > 0"
        in_parts(cluster, EACH.format(which=which, body=WEAR), 1, len(self.rows))


def dead(rows: int, changed: int) -> bool:
    """Whether so many dead rows make a table of so many rows needy."""
    return changed >= max(POLICY.dead_rows, POLICY.dead_row_ratio * rows)


def needs(rows: int, changed: int) -> bool:
    """Whether a table needs VACUUM or ANALYZE."""
    return dead(rows, changed) or changed >= THRESHOLDS.modified(rows)


def equal(tables: int, share: float) -> Night:
    """Tables that are all alike."""
    worn = round(tables * share)
    return Night(NARROW, [ROWS] * tables, [ROWS // 2] * worn + [0] * (tables - worn))


def tenants(tables: int, share: float) -> Night:
    """The same tables for each tenant, of which so many were at work that their queues are this share of the tables."""
    worn = round(tables * share)
    rows = [TENANT[n % len(TENANT)] for n in range(tables)]
    changed = [each // 2 if each == TENANT[0] else round(WRITTEN * each) for each in rows[: worn * len(TENANT)]]
    return Night(WIDE, rows, [*changed, *[0] * (tables - len(changed))])


def skewed(tables: int, share: float, smallest: int = SMALLEST, seed: int = 1) -> Night:
    """Tables of Zipf's sizes, written to without regard to them."""
    random = Random(seed)
    rows = [smallest * tables // n for n in range(1, tables + 1)]
    drawn = [random.paretovariate(1) for _ in rows]
    low, high = 0.0, float(rows[0])
    while high - low > 1e-6 * high:
        scale = (low + high) / 2
        many = sum(needs(*each) for each in zip(rows, _changed(rows, drawn, scale), strict=True))
        low, high = (low, scale) if many > tables * share else (scale, high)
    return Night(WIDE, rows, _changed(rows, drawn, low))


def _changed(rows: Sequence[int], drawn: Sequence[float], scale: float) -> list[int]:
    return [min(most, int(scale * much)) for most, much in zip(rows, drawn, strict=True)]
