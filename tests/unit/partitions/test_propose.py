"""Which tables are partitioned and which are left alone: decided with a planner that is a dictionary of rules."""

from dataclasses import replace

import pytest

from pgtune import guide, resources
from pgtune.model.design import Design, Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.model.units import GB
from pgtune.partitions.propose import Proposer
from pgtune.partitions.schemes import named
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot.snapshot import Column, ColumnStats, ForeignKey, Snapshot, StoredIndex, Table
from pgtune.sqltext.analysis import shape
from pgtune.workload.catalog import Tables
from pgtune.workload.statement import Statement

EVENTS = Name("public", "events")
GUIDE = guide.load(resources.text("guide", "guide.toml"))
BY_TIME = "select count(*) from events where at >= '2026-03-01' and at < '2026-03-08'"
RETENTION = "delete from events where at < now() - interval '90 days'"
DAYS = [f"2026-{month:02}-{day:02} 00:00:00+00" for month in range(1, 11) for day in (1, 8, 15, 22)]


def stats(**given):
    return (ColumnStats(inherited=False, null_frac=0, avg_width=8, **given),)


HISTOGRAM = "{" + ",".join(f'"{day}"' for day in DAYS) + "}"
AT = Column(2, "at", "timestamp with time zone", not_null=True, stats=stats(n_distinct=-1, histogram_bounds=HISTOGRAM))
REGIONS = stats(n_distinct=3, most_common_vals="{eu,us,as}", most_common_freqs="{0.5,0.3,0.2}")
REGION = Column(3, "region", "text", not_null=True, stats=REGIONS)
TENANT = Column(4, "tenant", "bigint", not_null=True, stats=stats(n_distinct=5000))
ID = Column(1, "id", "bigint", not_null=True, stats=stats(n_distinct=-1, histogram_bounds="{1,50000000,100000000}"))
KEY = StoredIndex(Name("public", "k"), "btree", "", ("id",), unique=True, primary=True, constraint="k")
TABLE = Table(
    EVENTS, "r", (ID, AT, REGION, TENANT), pages=40 * GB // 8192, rows=1e8, indexes=(KEY,), primary_key=("id",)
)


def statement(text, weight=1.0):
    kind = text.split()[0]
    return Statement(text, text, kind, weight)


def plan(query: Query, design: Design) -> Plan:
    """A scan costs a unit a page, a lookup next to nothing; partitions are pruned where the text names their key."""
    if "id = 1" in query.text:
        return Plan(Node("Index Scan", 0, 8, 0, 0, EVENTS))
    for scheme in design.schemes:
        parts = list(scheme.partitions)
        if f"{scheme.key[0]} " in query.text.partition("where")[2]:
            parts = [part for part in parts if part.share][:2]
        cost = sum(part.share for part in parts) * TABLE.pages
        leaves = tuple(Node("Seq Scan", 0, 0, 0, 0, Name("public", part.name)) for part in parts)
        return Plan(Node("Append", 0, cost, 0, 0, children=leaves))
    return Plan(Node("Seq Scan", 0, TABLE.pages, 0, 0, EVENTS))


def advise(*statements, table=TABLE, others=(), planner=plan):
    snapshot = Snapshot(180000, "18", "2026-10-22", "app", tables=(table, *others))
    tables = Tables.of(snapshot)
    proposer = Proposer(snapshot, planner, lambda each: shape(each.text, tables.under(("public",))), GUIDE)
    return proposer.advise(statements)


def test_a_time_series_gets_a_range_of_periods():
    """The period follows from the size, the histogram and what is asked for."""
    advice = advise(statement(BY_TIME), statement(RETENTION))
    (found,) = advice.partitionings
    assert (found.scheme.strategy, found.scheme.key, found.period) == ("range", ("at",), "week")
    assert sum(part.share for part in found.scheme.partitions) == pytest.approx(1)
    assert found.cost_after < found.cost_before / 2
    assert [each.dropped for each in found.queries] == [False, True]
    assert "retention = '90 days'" in found.partman
    assert "time series" in found.why
    assert any("the primary key becomes (id, at)" in each for each in found.consequences)


def test_few_values_are_listed():
    """A partition for each region, and one for what is to come."""
    (found,) = advise(statement("select sum(id) from events where region = 'as'")).partitionings
    assert [part.bound for part in found.scheme.partitions] == ["IN ('eu')", "IN ('us')", "IN ('as')", "DEFAULT"]


def test_many_values_are_hashed():
    """Many tenants of which one is asked for spread evenly."""
    (found,) = advise(statement("select sum(id) from events where tenant = 7")).partitionings
    assert found.scheme.strategy == "hash"
    assert sum(part.share for part in found.scheme.partitions) == 1


def assert_declined(why, *statements, **given):
    advice = advise(*statements, **given)
    assert advice.partitionings == ()
    assert [why in each.why for each in advice.declined] == [True], advice.declined


def test_a_small_table_stays_whole():
    """Below the limit nothing is planned at all."""
    advice = advise(statement(BY_TIME), table=replace(TABLE, pages=1000))
    assert (advice.partitionings, advice.declined, advice.planner_calls) == ((), (), 0)


def test_statements_without_the_key_are_weighed():
    """A few reports that gain do not outweigh lookups that would read every partition."""
    lookups = statement("select * from events where note = 'x'", 1000)
    assert_declined("saves 0 %", statement(BY_TIME), lookups)


def test_rows_that_change_their_key_forbid_it():
    """An UPDATE of the key would move rows from partition to partition."""
    moving = statement("update events set region = 'us' where note = 'x'")
    assert_declined("no column", statement("select sum(id) from events where region = 'as'"), moving)


def test_a_foreign_key_to_it_forbids_it():
    """The other table would lose its foreign key."""
    other = Table(Name("public", "notes"), "r", (), foreign_keys=(ForeignKey("f", ("event",), EVENTS, ("id",)),))
    assert_declined("public.notes has a foreign key", statement(BY_TIME), others=(other,))


def test_a_unique_index_without_the_key_forbids_it():
    """What is unique over the whole table cannot be so over partitions."""
    unique = StoredIndex(Name("public", "u"), "btree", "", ("region",), unique=True)
    assert_declined("unique index", statement(BY_TIME), table=replace(TABLE, indexes=(KEY, unique)))


def test_a_statement_that_could_not_run_forbids_it():
    """ON CONFLICT (id) has no index any more."""

    def refusing(query, design):
        if design.schemes:
            raise NotPlannable("there is no unique or exclusion constraint matching the ON CONFLICT specification")
        return plan(query, design)

    assert_declined("could not run on the partitioned table", statement(BY_TIME), planner=refusing)


def test_names_stay_within_the_limit_of_postgresql():
    """A long name is cut before its suffix, between letters."""
    name = named(Name("public", "ä" * 60), "p2026_01")
    assert len(name.encode()) <= 63
    assert name.endswith("_p2026_01")


def test_a_name_that_is_taken_forbids_it():
    """CREATE TABLE IF NOT EXISTS would take somebody else's table for a partition."""
    other = Table(Name("public", "events_default"), "r", ())
    assert_declined("public.events_default has a name", statement(BY_TIME), others=(other,))
