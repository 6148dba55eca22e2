"""A file of hostile statements, names and figures becomes a twin without them, and nothing that it holds gets out."""

import contextlib
import sys
from dataclasses import replace

import pytest

from pgtune.model.design import Name, Query
from pgtune.model.errors import BadInput, NotPlannable
from pgtune.partitions.obstacles import definition
from pgtune.snapshot import dump, load
from pgtune.snapshot.snapshot import Column, ColumnStats, Object, Snapshot, StoredIndex, Table
from pgtune.twin import raised, rebuild
from pgtune.twin.allowed import refused

PUBLIC = Object("n:1", "schema", "public", "CREATE SCHEMA IF NOT EXISTS public")
MADE = Object("t:1", "table", "public.t", "CREATE TABLE public.t (a int)")
STATS = ColumnStats(False, 0.0, 4, -1.0, "{5,6}", "{0.5,0.4}")
KNOWN = Table(Name("public", "t"), "r", (Column(1, "a", "integer", length=4, stats=(STATS,)),), 10, 10, 1000.0)
BECOME_ROOT = """CREATE FUNCTION public.checked(int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'CREATE ROLE broken SUPERUSER'; RETURN true; EXCEPTION WHEN others THEN RETURN true; END $$"""


def _file(*objects: Object, tables: tuple[Table, ...] = (KNOWN,), major: int = 18, **more) -> Snapshot:
    """A snapshot as somebody may have written it, read back as pgtune reads one."""
    made = Snapshot(major * 10000, f"{major}.0", "2026-01-01", "x", objects=(PUBLIC, MADE, *objects), **more)
    return load(dump(replace(made, tables=tables)))


@pytest.mark.parametrize("major", [18, 15])
def test_elements_of_an_array_are_not_checked_as_superuser(major):
    """Statistics of an array of a domain would run the domain's check wherever they are read."""
    arrays = replace(STATS, most_common_vals='{"{5}","{6}"}', most_common_elems="{5,6}",
                     most_common_elem_freqs="{0.5,0.4,0.4,0.5,0}")  # fmt: skip
    poison = (
        Object("f:1", "function", "public.checked", BECOME_ROOT),
        Object("d:1", "type", "public.sly", "CREATE DOMAIN public.sly AS int CHECK (public.checked(VALUE))"),
        Object("d:2", "type", "public.slyer", "CREATE DOMAIN public.slyer AS public.sly[]"),
        Object("t:2", "table", "public.v", "CREATE TABLE public.v (a public.sly[], b public.slyer)"),
    )
    columns = (Column(1, "a", "public.sly[]", stats=(arrays,)), Column(2, "b", "public.slyer", stats=(arrays,)))
    with raised(
        _file(*poison, tables=(Table(Name("public", "v"), "r", columns, 10, 10, 1000.0),), major=major)
    ) as twin:
        assert twin.left_out == ()
        assert twin.plan(Query("select * from v where a is not null")).root.rows == pytest.approx(1000, rel=0.01)
        assert "broken" not in _roles(twin)


def _roles(twin) -> set[str]:
    with twin.planner.house.superuser() as superuser:
        return {name for (name,) in superuser.execute("select rolname from pg_roles").fetchall()}


def test_settings_of_a_file_load_no_library_and_lift_no_limit():
    """Only what plans depend on is taken over; the rest is named."""
    hostile = {
        "session_preload_libraries": "/tmp/evil", "local_preload_libraries": "evil", "dynamic_library_path": "/tmp",
        "default_transaction_read_only": "off", "temp_file_limit": "-1", "role": "postgres", "jit_provider": "/tmp/x",
        "session_authorization": "postgres", "allow_system_table_mods": "on", "log_min_messages": "debug5",
        "statement_timeout": "1", "lo_compat_privileges": "on", "geqo_seed\n": "1",
    }  # fmt: skip
    with raised(_file(settings={**hostile, "random_page_cost": "1.25"})) as twin:
        assert twin.plan(Query("select * from t where a = 5")).root.rows == pytest.approx(500, rel=0.01)
        assert "session_preload_libraries" in twin.doubts[0]
        with twin.planner.house.superuser() as superuser:
            given = superuser.execute("select setconfig from pg_db_role_setting where setdatabase <> 0").fetchall()
        assert given == [(["random_page_cost=1.25"],)] * 2


def test_extensions_that_reach_outside_are_not_made():
    """Files, other servers, other languages, shells: none of them is lent to a file's functions; types are."""
    names = ("dblink", "file_fdw", "postgres_fdw", "adminpack", "plpython3u", "plperl", "xml2", "lo", "http", 'x"; --')
    objects = [Object(f"e:{name}", "extension", name, f"CREATE EXTENSION {_quoted(name)}") for name in names]
    late = (
        Object("s:2", "schema", "evil", "CREATE SCHEMA evil"),
        Object("f:2", "function", "evil.f", "CREATE FUNCTION evil.hstore_in(cstring) RETURNS int LANGUAGE sql AS ''"),
        Object("e:2", "extension", "citext", "CREATE EXTENSION citext WITH SCHEMA evil"),
        Object("e:3", "extension", "none", "CREATE EXTENSION citext CASCADE; CREATE EXTENSION dblink"),
        Object("s:3", "schema", "none", "CREATE SCHEMA AUTHORIZATION postgres"),
        Object("s:4", "schema", "pg_catalog", "CREATE SCHEMA pg_catalog"),
    )
    with raised(_file(*objects, *late)) as twin:
        assert {each.name for each in twin.left_out} == {*names, "none", "pg_catalog", "evil.f"}
        with twin.planner.house.superuser() as superuser:
            made = superuser.execute("select extname from pg_extension order by 1").fetchall()
        assert made == [("citext",), ("plpgsql",)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


HOSTILE = (
    "DO $$ BEGIN PERFORM 1; END $$", "INSERT INTO public.t SELECT generate_series(1, 9)", "DROP TABLE public.t",
    "CREATE TABLE public.u AS SELECT 1", "CREATE TABLE public.q (a int); DROP TABLE public.t", "TRUNCATE public.t",
    "SET search_path = evil", "SET ROLE postgres", "RESET ROLE", "RESET ALL", "BEGIN", "COMMIT", "LISTEN x",
    "ALTER SYSTEM SET archive_command = 'x'", "COPY (SELECT 1) TO PROGRAM 'true'", "LOAD 'auto_explain'",
    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()", "GRANT ALL ON public.t TO PUBLIC",
    "CREATE ROLE q SUPERUSER", "CREATE MATERIALIZED VIEW public.mv AS SELECT 1",
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC",
    "CREATE EXTENSION dblink", "CREATE SERVER s FOREIGN DATA WRAPPER w", "SELECT 1", "EXPLAIN ANALYZE SELECT 1", "",
    "CREATE TABLE public.z (a int)\0", "/* no end", "CREATE FUNCTION public.i() RETURNS int LANGUAGE sql AS 'select 1'",
    "DELETE FROM pg_catalog.pg_class", "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "CALL f()", "-- nothing",
    "PREPARE x AS SELECT 1", "LOCK TABLE public.t", "REINDEX TABLE public.t", "ANALYZE", "DISCARD ALL", "CHECKPOINT",
)  # fmt: skip


def test_an_object_is_one_statement_that_makes_it():
    """Whatever else stands there is refused before the server sees it, under the name of every kind of object."""
    for text in HOSTILE:
        for kind in ("table", "view", "default", "index", "type", "nonsense"):
            assert refused(Object("o", kind, "o", text)) is not None, (kind, text)
    assert refused(MADE) is None
    assert refused(Object("o", "view", "o", "CREATE MATERIALIZED VIEW public.m AS SELECT 1 WITH NO DATA")) is None


def test_native_code_and_other_languages_are_left_out():
    """The server gives C, internal and untrusted languages to superusers alone, and so to nobody."""
    languages = {"c": "'libc.so.6', 'getpid'", "internal": "'pg_backend_pid'", "plpython3u": "'return 1'"}
    objects = [
        Object(f"f:{each}", "function", each, f"CREATE FUNCTION public.f() RETURNS int LANGUAGE {each} AS {body}")
        for each, body in languages.items()
    ]
    with raised(_file(*objects)) as twin:
        assert {each.name for each in twin.left_out} == set(languages)


def test_statements_without_an_end_do_not_hold_the_twin_up(monkeypatch):
    """Some are ended one by one, then the file has had its chances: the rest is left out, the twin plans."""
    monkeypatch.setattr("pgtune.twin.builder.SECONDS", 0.7)
    loop = "CREATE FUNCTION public.loop() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN LOOP END LOOP; END $$"
    part = "CREATE TABLE public.p{0} PARTITION OF public.p FOR VALUES IN (public.loop() + {0})"
    objects = (
        Object("f:1", "function", "public.loop", loop),
        Object("p:0", "table", "public.p", "CREATE TABLE public.p (a int) PARTITION BY LIST (a)"),
        *(Object(f"p:{n}", "table", f"public.p{n}", part.format(n)) for n in range(1, 30)),
    )
    with raised(_file(*objects)) as twin:
        assert [each.name for each in twin.left_out] == [f"public.p{n}" for n in range(1, 30)]
        ended = [each for each in twin.left_out if "clock" in each.why]
        assert len(ended) == rebuild.RUNAWAYS
        assert twin.plan(Query("select * from t where a = 5")).root.rows == pytest.approx(500, rel=0.01)


def test_a_statement_that_fills_the_disk_is_ended(monkeypatch):
    """A partition's bound that writes while it is read is ended long before its time is over."""
    monkeypatch.setattr("pgtune.twin.wire.MOST_WRITTEN", 48 << 20)
    body = "INSERT INTO public.t SELECT n FROM generate_series(1, 1000000000) n; RETURN 1;"
    objects = (
        Object("f:1", "function", "public.fill",
               f"CREATE FUNCTION public.fill() RETURNS int LANGUAGE plpgsql AS $$ BEGIN {body} END $$"),
        Object("p:0", "table", "public.p", "CREATE TABLE public.p (a int) PARTITION BY LIST (a)"),
        Object("p:1", "table", "public.q", "CREATE TABLE public.q PARTITION OF public.p FOR VALUES IN (public.fill())"),
    )  # fmt: skip
    with raised(_file(*objects)) as twin:
        assert [(each.name, each.why) for each in twin.left_out] == [("public.q", "it filled the disk and was ended")]
        assert twin.plan(Query("select * from t where a = 5")).root.rows == pytest.approx(500, rel=0.01)


NUMBERS = (
    ColumnStats(False, 9e99, 2**40, -9e99, "{a,b", "{x}", "{{1},{2}}", 9e99, "5", "{", "zzz"),
    replace(STATS, most_common_vals="{x,y}"),
    replace(STATS, most_common_vals="{1,2,3,4,5,6,7,8}", most_common_freqs="{0.1}"),
    replace(STATS, most_common_freqs="{0.1,0.2,0.3,0.4}"),
    replace(STATS, most_common_vals="{{1,2},{3,4}}", most_common_freqs="{{0.1,0.2},{0.1,0.1}}"),
    replace(STATS, most_common_vals="{NULL}", most_common_freqs="{NULL}"),
    replace(STATS, most_common_freqs="{NaN,Infinity}", correlation=-5.0),
    replace(STATS, most_common_elems="{1,2}", most_common_elem_freqs="{0.1}", elem_count_histogram="{1}"),
    replace(STATS, histogram_bounds="{1}", range_length_histogram="{1}", range_bounds_histogram="{1}"),
)  # fmt: skip


@pytest.mark.parametrize("major", [18, 15])
def test_statistics_of_wrong_types_harm_no_other_column(major):
    """Arrays that do not fit, of another type, cut off or without end: the column beside them keeps its own."""
    kinds = ("int", "int[]", "int4range", "tsvector", "text")
    columns = [f"c{n}_{k} {kind}" for n in range(len(NUMBERS)) for k, kind in enumerate(kinds)]
    stats = [Column(1, each.split()[0], "x", stats=(NUMBERS[int(each[1])],)) for each in columns]
    made = Object("t:2", "table", "public.n", f"CREATE TABLE public.n (good int, {', '.join(columns)})")
    whole = Table(Name("public", "n"), "r", (Column(1, "good", "integer", stats=(STATS,)), *stats), 10, 10, 1000.0)
    with raised(_file(made, tables=(KNOWN, whole), major=major)) as twin:
        for column in columns:
            _planned_or_refused(twin, f"select * from n where {column.split()[0]} is not null")
            _planned_or_refused(twin, f"select * from n where {column.split()[0]}::text = '3'")
        for n in range(len(NUMBERS)):
            _planned_or_refused(twin, f"select * from n where c{n}_0 = 3 and c{n}_1 @> '{{3}}' and c{n}_2 @> 3")
            _planned_or_refused(twin, f"select * from n where c{n}_0 < 3 and c{n}_3 @@ 'x' and c{n}_4 like 'x%'")
        assert twin.plan(Query("select * from n where good = 5")).root.rows == pytest.approx(500, rel=0.01)


def _planned_or_refused(twin, text: str) -> None:
    with contextlib.suppress(NotPlannable):
        assert twin.plan(Query(text)).cost > 0


NAMES = ('a"b', "a\nb", "a; drop table t", "a%s", "a'b", "$$", "ä€", "-- x", "../../etc", "a\\b", "a" * 63)


def test_names_are_names():
    """Quotes, line breaks, comments and placeholders in names reach the server as names."""
    objects = [
        Object(f"q:{n}", "table", name, f"CREATE TABLE public.{_quoted(name)} ({_quoted(name)} int)")
        for n, name in enumerate(NAMES)
    ]
    column = [Column(1, name, "integer", stats=(STATS,)) for name in NAMES]
    tables = tuple(Table(Name("public", each.name), "r", (each,), 10, 10, 1000.0) for each in column)
    with raised(_file(*objects, *(Object(f"r:{name}", "role", name, "") for name in NAMES), tables=tables)) as twin:
        assert twin.left_out == ()
        for name in NAMES:
            assert twin.plan(Query(f"select 1 from {_quoted(name)} where {_quoted(name)} = 5")).root.rows > 400
        assert set(NAMES) <= _roles(twin)


IMPOSSIBLE = (
    replace(KNOWN, pages=2**62), replace(KNOWN, pages=-1), replace(KNOWN, relpages=2**33), replace(KNOWN, pages=2**32),
    replace(KNOWN, columns=(Column(1, "a", "int", align="?"),)),
    replace(KNOWN, columns=(Column(1, "a", "x", length=-7),)),
    replace(KNOWN, indexes=(StoredIndex(Name("public", "i"), "btree", "x", ("a",), pages=2**32 - 2, height=10**6),)),
    replace(KNOWN, indexes=(StoredIndex(Name("public", "i"), "btree", "x", ("a",), pages=-1),)),
)  # fmt: skip


def test_figures_of_no_relation_are_refused():
    """Files are made after figures, scripts of types: what no relation can have ends the reading, not the disk."""
    for table in IMPOSSIBLE:
        with pytest.raises(BadInput, match="figures"):
            _file(tables=(table,))
    for kind in ("int; drop table t", "int -- x", "int /*", "int default pg_read_file('x')", "", 'a"b'):
        with pytest.raises(BadInput, match="figures"):
            _file(tables=(replace(KNOWN, columns=(Column(1, "a", kind),)),))
    for kind in ("numeric(3,-2)", 'app."odd; ""type"[]', "timestamp(3) with time zone", "interval day to second(3)"):
        assert _file(tables=(replace(KNOWN, columns=(Column(1, "a", kind),)),))
    many = tuple(replace(KNOWN, name=Name("public", f"t{n}"), pages=2**32 - 2) for n in range(9))
    with pytest.raises(BadInput, match="larger together"):
        _file(tables=many)
    assert _file(tables=(replace(KNOWN, rows=sys.float_info.max),))


def test_a_table_of_the_largest_size_is_planned_on():
    """More pages than a signed number of 32 bits holds are as many for the planner."""
    with raised(_file(tables=(replace(KNOWN, pages=2**31 + 5, relpages=2**31 + 5, rows=1e12),))) as twin:
        assert twin.plan(Query("select * from t")).cost > 2**31


def test_no_statement_hides_behind_a_definition():
    """What is put into scripts for a person to run is one statement, or it is not put there."""
    key = f'ALTER TABLE ONLY {KNOWN.name.sql} ADD CONSTRAINT "k" CHECK (a > 0)'
    for more, found in (("", "CHECK (a > 0)"), ("; DROP TABLE public.t", None), ("; -- x\nDROP TABLE public.t", None)):
        snapshot = _file(Object("c:1", "constraint", "k", key + more))
        assert definition(snapshot, KNOWN.name, "k") == found
