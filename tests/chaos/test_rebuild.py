"""Indexes with something about them: long names, TOAST, duplicates, no disk, and those that cannot be rebuilt."""

import itertools

import psycopg
import pytest
from psycopg import sql

from pgtune.maintenance.work import Kind, Outcome
from tests.chaos.runs import Site, beside, by_kind, wait_for

HOSTILE = ['a "quoted%s"\n{index} \\ ü', "x" * 63]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_only_a_name(site: Site, name: str) -> None:
    """Debris of an index with any name is found by relation and state, and dropped."""
    index = site.slow_index(0.6)
    quoted = sql.Identifier(name)
    with psycopg.connect(site.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("alter index {} rename to {}").format(sql.Identifier(index), quoted))

    def terminate() -> None:
        site.ask("select pg_terminate_backend(%s)", wait_for(site.building))

    with beside(terminate) as errors:
        worked = site.run(site.reindex(quoted.as_string()))
    assert not errors
    assert [r.outcome for r in worked.results] == [Outcome.DONE], worked
    assert site.invalid() == []


def test_an_index_of_a_toast_table_is_rebuilt_and_its_leftover_dropped(site: Site) -> None:
    """The statistics views do not show it; pg_index does."""
    site.ask("create table wide (id bigint, body text)")
    site.ask("insert into wide select n, (select string_agg(md5(random()::text), '') from generate_series(1, 200))"
             " from generate_series(1, 20) n")  # fmt: skip
    index = str(site.ask(
        "select x.indexrelid::regclass from pg_index x join pg_class c on c.reltoastrelid = x.indrelid"
        " where c.relname = 'wide'"
    )[0][0])  # fmt: skip
    assert site.outcomes(site.reindex(index)) == [Outcome.DONE]
    insert = "insert into wide select 99, string_agg(md5(random()::text), '') from generate_series(1, 200)"
    with site.held(insert), pytest.raises(psycopg.errors.QueryCanceled):  # as a tool does that trusts in timeouts
        site.ask(f"reindex index concurrently {index}", options="-c statement_timeout=200ms")
    leftovers = site.ask("select indexrelid::regclass::text from pg_index where not indisvalid")
    assert [site.outcomes(site.job(Kind.LEFTOVERS, name)) for (name,) in leftovers] == [[Outcome.DONE]]
    assert site.invalid() == []


def test_rows_that_a_unique_index_forbids_are_an_alarm_and_no_retry(site: Site) -> None:
    """One attempt, its debris dropped, and the word duplicate."""
    site.ask("create table twins (id int); insert into twins values (1), (1); create index twins_idx on twins (id)")
    site.ask("update pg_index set indisunique = true where indexrelid = 'twins_idx'::regclass")
    worked = site.run(site.reindex("twins_idx"))
    assert [r.outcome for r in worked.results] == [Outcome.DUPLICATE_KEY], worked
    assert "attempts" not in worked.results[0].detail
    assert site.invalid() == []


def test_an_index_that_cannot_be_rebuilt_concurrently_fails_alone(site: Site) -> None:
    """An exclusion constraint's index is refused by the server; the next job is done."""
    site.ask("create table rooms (during int4range, exclude using gist (during with &&))")
    worked = site.run(site.reindex("rooms_during_excl"), site.reindex("orders_customer"))
    assert [r.outcome for r in worked.results] == [Outcome.FAILED, Outcome.DONE], worked
    assert site.invalid() == []


def test_a_disk_that_is_full_stops_its_tablespace_and_leaves_nothing(site: Site) -> None:
    """The sort runs out of space: debris dropped, the next rebuild there is put off, VACUUM goes on."""
    site.ask("create table big as select n::text || repeat('x', 40) as t from generate_series(1, 60000) n")
    site.ask("create index big_t on big (t)")
    tight = {"temp_file_limit": "1MB", "maintenance_work_mem": "1MB", "max_parallel_maintenance_workers": "0"}
    worked = site.run(
        site.reindex("big_t"), site.reindex("orders_customer"), site.vacuum("orders"), settings=tight
    )  # fmt: skip
    assert [r.outcome for r in worked.results] == [Outcome.FAILED, Outcome.NO_ROOM, Outcome.DONE], worked
    assert "disk was full" in worked.results[1].detail
    assert site.invalid() == []


def test_two_jobs_of_one_table_never_run_at_once(site: Site) -> None:
    """Four workers, three jobs of a table and one of another: the three take turns."""
    site.ask("create index orders_note on orders (note)")
    jobs = [site.reindex(name) for name in ("orders_customer", "orders_note", "orders_pkey", "customers_pkey")]
    worked = site.run(*jobs, workers=4)
    assert [r.outcome for r in worked.results] == [Outcome.DONE] * 4, worked
    turns = sorted((r.began or "", r.ended or "") for r in worked.results if r.job.table.name == "orders")
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(turns)), turns


def test_a_partition_is_rebuilt_by_its_own_name(site: Site) -> None:
    """Leaves are jobs of their own."""
    site.ask("create table days (d date) partition by range (d); create index days_d on days (d);"
             "create table days_1 partition of days for values from ('2026-01-01') to ('2026-02-01')")  # fmt: skip
    assert site.outcomes(site.reindex("days_1_d_idx")) == [Outcome.DONE]
    assert site.invalid() == []


def test_an_invalid_index_is_made_valid(site: Site) -> None:
    """What CREATE INDEX CONCURRENTLY left is rebuilt in its place."""
    site.ask("update pg_index set indisvalid = false where indexrelid = 'orders_customer'::regclass")
    assert site.outcomes(site.reindex("orders_customer")) == [Outcome.DONE]
    assert site.invalid() == []


def test_a_valid_index_is_no_leftover_whatever_its_name(site: Site) -> None:
    """A user's own index that is called like debris is kept."""
    site.ask("create index orders_ccnew on orders (note)")
    assert by_kind(site.run(site.job(Kind.LEFTOVERS, "orders_ccnew")).results)[Kind.LEFTOVERS] is Outcome.GONE
    assert site.ask("select 1 from pg_class where relname = 'orders_ccnew'")
