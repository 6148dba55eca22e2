"""What `pgtune maintain plan` decides on real servers: each condition is brought about, planned, and worked off."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgtune.maintenance import selection
from pgtune.maintenance.names import RESERVED
from pgtune.maintenance.work import Hold, Kind, Past, Surplus, Urgency
from pgtune.model.errors import BadInput, MustNotRunHere
from pgtune.server.maintain.reading import reader
from pgtune.usecases.maintain_plan import remembered
from tests.db.planning import (
    BURN,
    broken_rebuild,
    building,
    carried_out,
    has,
    job,
    open_transaction,
    planned,
    run,
    settled,
)

PROJECT = Path(__file__).parents[2]
TABLE = "create table {} (id int, v text) with (autovacuum_enabled = off)"
FILL = "insert into {} select n, 'value ' || n from generate_series(1, {}) n"


@pytest.fixture
def table(database):
    """table(name, rows): a vacuumed and analyzed table that autovacuum leaves alone."""

    def make(name: str, rows: int = 2000) -> str:
        run(database, TABLE.format(name), FILL.format(name, rows), f"vacuum (analyze) {name}")
        settled(database, lambda found: all(each.target.name != name for each in found.jobs))
        return name

    return make


def test_dead_rows_are_vacuumed_once(database, table):
    """A table past the guide's ratio is in, with the rows expected; after its statement it is out; its twin never."""
    table("worn")
    table("fresh")
    run(database, "delete from worn where id % 2 = 0")
    found = settled(database, has(Kind.VACUUM, "worn"))
    work = job(found, Kind.VACUUM, "worn")
    assert work.gain.rows == 1000
    assert "1,000 dead rows to 1,000 live ones" in work.why
    assert work.sql == ("VACUUM (ANALYZE, SKIP_LOCKED) public.worn;",)
    assert not any(each.target.name == "fresh" for each in found.jobs)
    carried_out(database, found)
    assert settled(database, lambda p: not has(Kind.VACUUM, "worn")(p)).jobs == ()


def test_rows_only_inserted_are_vacuumed(database, table):
    """No dead row, yet index-only scans visit every page: autovacuum's insert threshold counts here too."""
    table("grown", 100)
    run(database, FILL.format("grown", 20000))
    work = job(settled(database, has(Kind.VACUUM, "grown")), Kind.VACUUM, "grown")
    assert work.gain.rows == 0
    assert "20,000 rows inserted since its last VACUUM" in work.why


def test_storage_parameters_are_honoured(database, table):
    """20 dead rows of 2,000 are nothing, except for a table whose owner says otherwise."""
    table("strict")
    table("usual")
    run(database, "alter table strict set (autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0)")
    run(database, "delete from strict where id <= 20", "delete from usual where id <= 20")
    found = settled(database, has(Kind.VACUUM, "strict"))
    assert "autovacuum's threshold is 10" in job(found, Kind.VACUUM, "strict").why
    assert job(found, Kind.VACUUM, "usual") is None


def test_toast_is_looked_at_by_itself(database):
    """Dead rows of the TOAST table alone bring its table in."""
    run(
        database, "create table letters (id int, body text) with (autovacuum_enabled = off)",
        "alter table letters alter body set storage external",
        "insert into letters select n, repeat(n::text, 3000) from generate_series(1, 100) n",
        "vacuum (analyze) letters",
        "update letters set body = body || 'x' where id <= 45",
    )  # fmt: skip
    work = job(settled(database, has(Kind.VACUUM, "letters")), Kind.VACUUM, "letters")
    assert "dead rows of its TOAST" in work.why


def test_old_transaction_ids_are_frozen(database, table):
    """A table near its own autovacuum_freeze_max_age is frozen, past it before all ordinary work; then it is young."""
    table("ancient")
    table("worn", 100_000)
    run(database, "alter table ancient set (autovacuum_freeze_max_age = 100000)", BURN, "call burn(80000)")
    run(database, "delete from worn where id % 2 = 0")
    found = settled(database, has(Kind.VACUUM, "ancient"))
    assert job(found, Kind.VACUUM, "ancient").sql == ("VACUUM (FREEZE, ANALYZE, SKIP_LOCKED) public.ancient;",)
    run(database, "call burn(30000)")
    found = settled(database, has(Kind.VACUUM, "worn"), Kind.VACUUM)
    assert [each.target.name for each in found.jobs if each.urgency is Urgency.AGE] == ["ancient"]
    assert found.jobs[0].target.name == "ancient"
    carried_out(database, found)
    assert job(planned(database), Kind.VACUUM, "ancient") is None


def test_what_was_never_analyzed_is(database):
    """A new table is analyzed, an empty one left alone."""
    run(database, TABLE.format("fresh"), FILL.format("fresh", 10), TABLE.format("empty"))
    found = settled(database, has(Kind.ANALYZE, "fresh"), Kind.ANALYZE)
    assert job(found, Kind.ANALYZE, "fresh").why == "never analyzed"
    assert job(found, Kind.ANALYZE, "empty") is None
    carried_out(database, found)
    assert settled(database, lambda p: not has(Kind.ANALYZE, "fresh")(p), Kind.ANALYZE).jobs == ()


def test_changed_rows_are_analyzed(database, table):
    """Rows changed since the last ANALYZE, by autovacuum's threshold: 50 and a tenth of 2,000."""
    table("changed")
    run(database, "update changed set v = 'x' where id <= 260")
    work = job(settled(database, has(Kind.ANALYZE, "changed"), Kind.ANALYZE), Kind.ANALYZE, "changed")
    assert "260 rows changed since its last ANALYZE" in work.why


def test_partitioned_tables_are_analyzed_by_themselves(database, server):
    """Nobody analyzes a partitioned table; from 18 on its leaves are left alone. Once done it is out."""
    run(
        database, "create table events (id int, v text) partition by range (id)",
        "create table events_1 partition of events for values from (0) to (1000) with (autovacuum_enabled = off)",
        "create table events_2 partition of events for values from (1000) to (9999) with (autovacuum_enabled = off)",
        FILL.format("events", 2000), "vacuum analyze events_1, events_2",
    )  # fmt: skip
    found = settled(database, has(Kind.ANALYZE, "events"))
    work = job(found, Kind.ANALYZE, "events")
    assert "never analyzed" in work.why
    assert work.sql == (f"ANALYZE (SKIP_LOCKED) {'ONLY ' if server.binaries.major >= 18 else ''}public.events;",)
    carried_out(database, found)
    assert settled(database, lambda p: not has(Kind.ANALYZE, "events")(p)).jobs == ()
    run(database, "update events set v = 'x' where id % 4 = 0")
    again = job(settled(database, has(Kind.ANALYZE, "events"), Kind.ANALYZE), Kind.ANALYZE, "events")
    assert "rows of its leaves changed" in again.why


def test_counters_lost_in_a_crash_are_noticed(own_server, version):
    """After an immediate stop nobody knows of the dead rows; an ANALYZE finds them, and the next plan vacuums."""
    cluster = own_server(version)
    dsn = cluster.conninfo()
    run(
        dsn,
        TABLE.format("worn"),
        FILL.format("worn", 20000),
        "vacuum analyze worn",
        "delete from worn where id % 2 = 0",
    )
    settled(dsn, has(Kind.VACUUM, "worn"))
    cluster.stop("immediate")
    cluster.start()
    found = planned(dsn)
    assert "a crash or a reset lost it" in job(found, Kind.ANALYZE, "worn").why
    carried_out(dsn, found)
    assert job(settled(dsn, has(Kind.VACUUM, "worn")), Kind.VACUUM, "worn").gain.rows == 10000


def worn_indexes(dsn: str, *, extension: bool) -> None:
    """Indexes of which one in `worn` lost most of its rows, and one in `fresh` none."""
    for name in ("worn", "fresh"):
        run(dsn, TABLE.format(name), FILL.format(name, 100_000), f"create index {name}_v on {name} (v)",
            f"vacuum (analyze) {name}")  # fmt: skip
    run(dsn, "delete from worn where id % 10 <> 0", "vacuum (analyze) worn")
    if extension:
        run(dsn, "create extension pgstattuple schema public")


@pytest.mark.parametrize("extension", [True, False], ids=["measured", "estimated"])
def test_bloated_indexes_are_rebuilt(database, extension):
    """The index of a table that lost nine rows of ten is in, and gives back what was foretold; a full one is not."""
    worn_indexes(database, extension=extension)
    found = settled(database, has(Kind.REINDEX, "worn_v"), Kind.REINDEX)
    assert [each.target.name for each in found.jobs] == ["worn_v"]
    work = found.jobs[0]
    assert work.sql == ("REINDEX INDEX CONCURRENTLY public.worn_v;",)
    assert work.why.endswith("measured" if extension else "estimated")
    assert work.needs.disk > 0
    before = run(database, "select pg_relation_size('worn_v')")[0][0]
    carried_out(database, found)
    won = before - run(database, "select pg_relation_size('worn_v')")[0][0]
    assert work.gain.bytes == pytest.approx(won, rel=0.15)
    assert settled(database, lambda p: not p.jobs, Kind.REINDEX).jobs == ()


def test_stale_counts_are_renewed_before_an_index_is_judged(database):
    """Without the extension, an index that grew again since it was counted costs an ANALYZE, not a rebuild."""
    worn_indexes(database, extension=False)
    run(database, "insert into worn select n, 'value ' || n from generate_series(1, 90000) n")
    found = settled(database, has(Kind.ANALYZE, "worn"), Kind.REINDEX)
    assert [(each.kind, each.target.name) for each in found.jobs] == [(Kind.ANALYZE, "worn")]
    carried_out(database, found)
    assert settled(database, lambda p: not p.jobs, Kind.REINDEX).jobs == ()


def test_all_indexes_only_when_asked_for(database):
    """--all takes every index that can be rebuilt concurrently, and no other one."""
    run(database, "create table rooms (id int, during int4range, "
        "exclude using gist (during with &&))", "create table goods (id int primary key, v text unique)")  # fmt: skip
    assert planned(database, Kind.REINDEX).jobs == ()
    jobs = planned(database, Kind.REINDEX, everything=True).jobs
    names = {each.target.name for each in jobs if each.target.schema != "pg_toast"}
    assert names == {"goods_pkey", "goods_v_key"}


def test_leftovers_are_known_by_what_they_are(database):
    """Copies of broken rebuilds go, whatever their names; what a user named alike stays, valid or not."""
    long = "x" * 63
    run(
        database, 'create schema "we""ird s"', 'create table "we""ird s"."T %" (id int, v text)',
        'create index "Index ""q""" on "we""ird s"."T %" (id)', f'create index {long} on "we""ird s"."T %" (v)',
        'create index "own_ccnew" on "we""ird s"."T %" (v, id)', 'insert into "we""ird s"."T %" values (1), (2)',
        "create table pairs (id int)", "insert into pairs values (1), (1)",
    )  # fmt: skip
    for index in ('"we""ird s"."Index ""q"""', f'"we""ird s".{long}', '"we""ird s"."Index ""q"""'):
        broken_rebuild(database, '"we""ird s"."T %"', index)
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(database, "create unique index concurrently pairs_ccnew on pairs (id)")
    found = planned(database, Kind.LEFTOVERS, Kind.REINDEX)
    drops = {each.target.name for each in found.jobs if each.kind is Kind.LEFTOVERS}
    assert drops == {'Index "q"_ccnew', 'Index "q"_ccnew1', "x" * 57 + "_ccnew"}
    assert [(each.target.name, each.target.schema) for each in found.alarms] == [("pairs_ccnew", "public")]
    carried_out(database, found)
    left = run(database, "select count(*), count(*) filter (where indisvalid) from pg_index x join pg_class c on "
               "c.oid = x.indexrelid where c.relname ~ 'ccnew'")  # fmt: skip
    assert left == [(2, 1)]
    assert planned(database, Kind.LEFTOVERS).jobs == ()


def test_a_rebuild_comes_after_the_leftovers_of_those_before(database):
    """Without a word of leftovers: each failed rebuild would add one, and every write maintains them all."""
    run(database, "create table goods (id int primary key)", "insert into goods values (1), (2)")
    broken_rebuild(database, "goods", "goods_pkey")
    jobs = planned(database, Kind.REINDEX, everything=True).jobs
    assert [(job.kind, job.target.name) for job in jobs if job.target.schema == "public"] == [
        (Kind.LEFTOVERS, "goods_pkey_ccnew"), (Kind.REINDEX, "goods_pkey")
    ]  # fmt: skip


def test_leftovers_of_toast_tables(database):
    """A rebuild broken off at a TOAST table's index leaves a copy in pg_toast, which goes too."""
    run(database, "create table letters (id int, body text)", "insert into letters values (1, repeat('x', 9999))")
    toast = run(database, "select reltoastrelid::regclass::text from pg_class where relname = 'letters'")[0][0]
    run(database, "alter table letters alter body set storage external")
    with open_transaction(database, "update letters set body = repeat('y', 9999)"), pytest.raises(psycopg.Error):
        run(database, f"reindex index concurrently {toast}_index", options="-c lock_timeout=200ms")
    found = planned(database, Kind.LEFTOVERS)
    assert [each.target.schema for each in found.jobs] == ["pg_toast"]
    assert found.jobs[0].table.name == "letters"
    carried_out(database, found)
    assert planned(database, Kind.LEFTOVERS).jobs == ()


def test_the_old_index_that_a_reader_kept_is_a_leftover(database):
    """A rebuild that was broken off after the swap leaves the old index: it goes, and the new one is not rebuilt."""
    run(database, "create table read (id int)", "insert into read values (1)", "create index read_id on read (id)")
    with open_transaction(database, "select 1 from read"), pytest.raises(psycopg.errors.LockNotAvailable):
        run(database, "reindex index concurrently read_id", options="-c lock_timeout=200ms")
    found = planned(database, Kind.LEFTOVERS, Kind.REINDEX)
    assert [(each.kind, each.target.name) for each in found.jobs] == [(Kind.LEFTOVERS, "read_id_ccold")]
    carried_out(database, found)
    assert run(database, "select indisvalid from pg_index where indexrelid = 'read_id'::regclass") == [(True,)]


def test_a_worker_against_wraparound_is_left_to_it(own_server):
    """Its table is skipped with the process named: the worker is never cancelled, and nobody waits for it."""
    slow = {"autovacuum_freeze_max_age": "100000", "autovacuum_naptime": "1s", "autovacuum_vacuum_cost_delay": "100ms",
            "autovacuum_vacuum_cost_limit": "1", "autovacuum": "off"}  # fmt: skip
    cluster = own_server(18, slow)
    dsn = cluster.conninfo()
    run(dsn, "create table ancient (id int, v text)", FILL.format("ancient", 50_000), BURN, "call burn(110000)")
    cluster.configure({"autovacuum": "on"})
    run(dsn, "select pg_reload_conf()")
    found = settled(dsn, lambda p: any("wraparound" in each.why for each in p.skipped), Kind.VACUUM)
    assert [each.target.name for each in found.skipped if "wraparound" in each.why] == ["ancient"]
    assert job(found, Kind.VACUUM, "ancient") is None


def test_an_index_being_built_is_no_leftover(database, table):
    """While a rebuild is under way its copy looks like a leftover; the plan names the session and leaves it alone."""
    table("busy")
    run(database, "create index busy_v on busy (v)")
    with building(database, "busy", "reindex index concurrently busy_v"):
        found = planned(database, Kind.LEFTOVERS)
        assert found.jobs == ()
        assert "is building it now" in found.skipped[0].why
    assert planned(database, Kind.LEFTOVERS).skipped == ()
    with building(database, "busy", "create index concurrently busy_id on busy (id)"):
        found = planned(database, Kind.LEFTOVERS, Kind.REINDEX)
        assert found.jobs == ()
        assert "not valid yet" in found.skipped[0].why


def test_invalid_indexes_are_rebuilt(database):
    """What a failed CREATE INDEX CONCURRENTLY left is built, not dropped: somebody wanted it."""
    run(database, "create table pairs (id int)", "insert into pairs values (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(database, "create unique index concurrently pairs_id on pairs (id)")
    run(database, "delete from pairs")
    found = planned(database, Kind.REINDEX)
    assert [each.target.name for each in found.jobs] == ["pairs_id"]
    carried_out(database, found)
    assert run(database, "select indisvalid from pg_index where indexrelid = 'pairs_id'::regclass") == [(True,)]


def test_changed_collations_come_first(database, table):
    """An index in the order of another version of its collation is an alarm, and rebuilt before everything else."""
    table("worn")
    run(
        database, "create collation old (locale = 'C')", "create table words (w text collate old)",
        "create index words_w on words (w)", "create index words_upper on words ((upper(w) || 'x'))",
        "update pg_collation set collversion = '0.1' where collname = 'old'", "delete from worn where id % 2 = 0",
    )  # fmt: skip
    found = settled(database, has(Kind.VACUUM, "worn"))
    urgent = [each for each in found.jobs if each.urgency is Urgency.ALARM]
    assert {each.target.name for each in urgent} == {"words_w", "words_upper"}
    assert list(found.jobs[:2]) == urgent
    assert "ALTER COLLATION public.old REFRESH VERSION" in found.alarms[0].what


def test_spare_indexes_are_reported_and_kept(database):
    """Duplicates and redundant ones by definition; what a constraint rests on is never called spare."""
    run(
        database, "create table goods (id int primary key, a int, b int, c text)", "create index g_a on goods (a)",
        "create index g_ab on goods (a, b)", "create index g_ab2 on goods (a, b)", "create index g_id on goods (id)",
        "create index g_part on goods (a, b) where c = 'x'", "create index g_part2 on goods (a, b) where c = 'x'",
        "create index g_l on goods (lower(c))", "create index g_l2 on goods (lower(c))",
        "create index g_desc on goods (a desc)", "create index g_c on goods (c text_pattern_ops)",
    )  # fmt: skip
    found = planned(database)
    spare = {each.index.name: (each.surplus, each.instead.name) for each in found.spares if each.table.name == "goods"}
    assert spare == {
        "g_ab2": (Surplus.DUPLICATE, "g_ab"), "g_id": (Surplus.DUPLICATE, "goods_pkey"),
        "g_part2": (Surplus.DUPLICATE, "g_part"), "g_l2": (Surplus.DUPLICATE, "g_l"),
        "g_a": (Surplus.REDUNDANT, "g_ab"),
    }  # fmt: skip
    assert not any(each.target.name in spare for each in found.jobs)


def test_blockers_are_named_on_the_line_they_block(database):
    """A writer stops a rebuild and not a VACUUM; a reader keeps the old index; an exclusive lock stops all."""
    worn_indexes(database, extension=False)
    run(database, "delete from worn where id <= 17000")
    settled(database, lambda found: has(Kind.VACUUM, "worn")(found) and has(Kind.REINDEX, "worn_v")(found))
    with open_transaction(database, "update worn set v = v where id = 10", application_name="till") as pid:
        found = planned(database)
        (blocker,) = job(found, Kind.REINDEX, "worn_v").blockers
        assert (blocker.hold, blocker.name, blocker.application) == (Hold.SESSION, str(pid), "till")
        assert "the build waits for the end of its transaction" in blocker.effect
        assert "update worn" in blocker.query
        assert job(found, Kind.VACUUM, "worn").blockers == ()
    with open_transaction(database, "select 1 from worn limit 1"):
        (blocker,) = job(planned(database), Kind.REINDEX, "worn_v").blockers
        assert "the old index is dropped only after its transaction" in blocker.effect
    with open_transaction(database, "lock table worn"):
        began = time.monotonic()
        found = planned(database)
        assert time.monotonic() - began < 5
        assert "waits for" in job(found, Kind.VACUUM, "worn").blockers[0].effect


def test_old_snapshots_are_named(own_server, version, standby_of, tmp_path):
    """A session, a prepared transaction, a slot and a standby that keep dead rows, each with what a person asks for."""
    settings = {"max_prepared_transactions": "5", "autovacuum": "off"}
    cluster = own_server(version, settings)
    dsn = cluster.conninfo()
    run(dsn, TABLE.format("worn"), FILL.format("worn", 2000), "vacuum analyze worn", TABLE.format("other"))
    standby = standby_of(cluster, {"hot_standby_feedback": "on", "wal_receiver_status_interval": "1s"}, slot="far")
    policy = tmp_path / "guide.toml"
    policy.write_text("[maintenance.limits]\nold_transaction = '100ms'\n")
    with psycopg.connect(dsn) as held, psycopg.connect(standby.conninfo(), autocommit=True) as far:
        held.execute("insert into other values (1)")
        held.execute("prepare transaction 'two''s'")
        far.execute("begin isolation level repeatable read")
        far.execute("select count(*) from worn")
        with open_transaction(dsn, "set transaction isolation level repeatable read", "select 1") as pid:
            run(dsn, "delete from worn where id % 2 = 0")
            time.sleep(1.5)
            found = settled(dsn, lambda p: len(p.blockers) >= 3, Kind.VACUUM, guide_file=policy)
            named = {(each.hold, each.name) for each in job(found, Kind.VACUUM, "worn").blockers}
    assert named >= {(Hold.SESSION, str(pid)), (Hold.PREPARED, "two's"), (Hold.SLOT, "far")}
    assert "TRUNCATE FALSE" in job(found, Kind.VACUUM, "worn").sql[0]
    run(dsn, "rollback prepared 'two''s'")
    with pytest.raises(MustNotRunHere, match="standby"):
        planned(standby.conninfo())


def test_what_the_role_may_not_touch_is_listed_with_the_grant(database, server, role, table):
    """Without rights everything needy is skipped; the statement it names is enough."""
    table("worn")
    run(database, "create index worn_v on worn (v)", "delete from worn where id % 2 = 0")
    settled(database, has(Kind.VACUUM, "worn"))
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    guest = role(server, name="Gue st", dbname=name)
    found = planned(guest)
    assert found.jobs == ()
    skipped = next(each for each in found.skipped if each.target.name == "worn")
    expected = (
        'GRANT MAINTAIN ON TABLE public.worn TO "Gue st";' if server.binaries.major >= 17 else "GRANT postgres TO"
    )
    assert expected in skipped.grant
    assert any("pg_read_all_stats" in each for each in found.missing)
    run(database, skipped.grant)
    again = planned(guest)
    assert job(again, Kind.VACUUM, "worn") is not None
    carried_out(guest, again)
    assert settled(database, lambda p: not has(Kind.VACUUM, "worn")(p), Kind.VACUUM).jobs == ()


def test_a_schema_that_may_not_be_used(database, server, role):
    """The owner of a table in a schema that is closed to them is told about the schema."""
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    guest = role(server, name="tenant", dbname=name)
    run(database, "create schema closed", TABLE.format("closed.t"), FILL.format("closed.t", 100),
        "alter table closed.t owner to tenant")  # fmt: skip
    found = settled(guest, lambda p: any(each.target.name == "t" for each in p.skipped), Kind.ANALYZE)
    assert [each.grant for each in found.skipped if each.target.name == "t"] == [
        "GRANT USAGE ON SCHEMA closed TO tenant;"
    ]


def test_temporary_tables_of_others_are_not_planned_for(database):
    """They would be vacuumed with success and without effect."""
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("create temp table t (id int primary key)")
        other.execute("insert into t select generate_series(1, 9999)")
        other.execute("delete from t")
        time.sleep(0.7)
        found = planned(database, everything=True)
    assert not [each for each in (*found.jobs, *found.skipped) if "temp" in each.target.schema]


def test_every_reserved_word_is_known(database):
    """The words that this version reserves for more than columns are all quoted."""
    words = run(database, "select word from pg_get_keywords() where catcode in ('R', 'T')")
    assert {word for (word,) in words} <= RESERVED


def test_databases_are_selected(own_server):
    """By the grammar: groups, names, wildcards and exclusions; one that refuses connections is named, not fatal."""
    cluster = own_server()
    dsn = cluster.conninfo()
    run(dsn, "create database app_one", 'create database "app two"', "create database old")
    found = planned(dsn, databases=selection.databases("USER_DATABASES, -ol%"))
    assert set(found.databases) == {"app_one", "app two"}
    with pytest.raises(BadInput, match="selects none"):
        planned(dsn, databases=selection.databases("nothing%"))


def test_the_objects_own_past_is_the_prediction(database, table, home):
    """What took a second last time is foretold to take one, in proportion to its size; a plan makes no history."""
    table("worn")
    assert remembered(database) == ()
    assert not list(home.glob("*.sqlite3*"))
    run(database, "delete from worn where id % 2 = 0")
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    past = (Past(Kind.VACUUM, name, "public", "worn", 33.0),)
    work = job(settled(database, has(Kind.VACUUM, "worn"), past=past), Kind.VACUUM, "worn")
    assert (work.seconds, work.predicted_from) == (33.0, "history")
    found = planned(database, past=past, seconds=10)
    assert [each.job.target.name for each in found.deferred] == ["worn"]
    assert "33 s" in found.deferred[0].why


@pytest.fixture
def pgtune(home):
    """pgtune(word, ...): the finished process of the command."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pgtune", *words], check=False, capture_output=True, text=True, timeout=180,
            cwd=PROJECT, stdin=subprocess.DEVNULL, env={**os.environ, "PGTUNE_HOME": str(home)},
        )  # fmt: skip

    return call


def test_the_dry_run_is_a_script_for_psql(pgtune, own_server, tmp_path):
    """Hostile names and several databases: psql does all of it, and then there is nothing left to do."""
    cluster = own_server(18, {"autovacuum": "off"})
    weird = "a \"b\" = 'c'\\d\ne"
    run(cluster.conninfo(), f'create database "{weird.replace(chr(34), chr(34) * 2)}"', "create database plain")
    for name in (weird, "plain"):
        dsn = make_conninfo(cluster.conninfo(), dbname=name)
        run(
            dsn, 'create schema "s;--"', 'create table "s;--"."t\n--x%s" (id int)', 'create table "user" (id int)',
            'insert into "s;--"."t\n--x%s" select generate_series(1, 5000)', 'insert into "user" values (1)',
        )  # fmt: skip
    words = ("maintain", "plan", cluster.conninfo(), "--databases", "USER_DATABASES")
    planned_ = pgtune(*words, "--dry-run")
    assert planned_.returncode == 1, planned_.stderr
    assert planned_.stdout.count("VACUUM (ANALYZE, SKIP_LOCKED)") == 2
    script = tmp_path / "script.sql"
    script.write_text(planned_.stdout)
    script.chmod(0o644)
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [cluster.binaries.folder / "psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", cluster.conninfo(), "-f", script],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = pgtune(*words, "--output", "json")
    assert (again.returncode, '"jobs": []' in again.stdout) == (0, True), again.stdout


def test_who_came_after_us_has_no_negative_age(database, table):
    """A transaction that begins after ours, in which the clock stands still for now()."""
    table("worn")
    with reader(database) as source, source.connection.transaction():
        source.connection.execute("select")
        with open_transaction(database, "update worn set v = v where id = 10"):
            (horizon,) = source.horizons()
            (oid,) = source.connection.execute("select 'public.worn'::regclass::oid").fetchone().values()
            locks = source.locks([oid])
    assert horizon.age >= 0
    assert [each.age >= 0 for each in locks] == [True]
