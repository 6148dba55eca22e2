"""Masked values: none is left, order and equality are kept, and constants still meet the values they met."""

import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.model.design import Name
from pgtune.snapshot import Snapshot, dump
from pgtune.snapshot.arrays import array, elements
from pgtune.snapshot.mask import mask
from pgtune.snapshot.snapshot import Column, ColumnStats, Object, Recorded, StoredIndex, Table
from pgtune.snapshot.words import lexemes, masks
from pgtune.sqltext.literals import Literal, replaced

TAKEN = "2026-11-24T12:00:00Z"


def snapshot(columns: tuple[Column, ...] = (), objects: tuple[Object, ...] = (), **others: object) -> Snapshot:
    table = Table(
        Name("s", "t"),
        "r",
        columns,
        partition_key="LIST (replace(a, 'c4n4ry'::text, b))",
        partition_bound="FOR VALUES IN ('c4n4ry')",
    )
    return Snapshot(180006, "18.6", TAKEN, "d", objects=objects, tables=(table,), **others)  # type: ignore[arg-type]


def column(kind: str, *values: str, **stats: object) -> Column:
    made = ColumnStats(False, 0, 8, -1, histogram_bounds=array(values), **stats)  # type: ignore[arg-type]
    return Column(1, "c", kind, stats=(made,))


def masked(kind: str, *values: str, objects: tuple[Object, ...] = ()) -> list[str]:
    found = mask(snapshot((column(kind, *values),), objects)).tables[0].columns[0].stats[0].histogram_bounds
    assert found is not None
    return [str(each) for each in elements(found)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["ab", "abc", "abd", "b", "zz top", "é"]),
        ("character varying(3)", ["abc", "abd", "xyz"]),
        ("integer", ["-700", "-8", "0", "17", "1000", "2000000000"]),
        ("bigint", ["8", "9", "10", "11", "12", "13"]),
        ("smallint", ["40", "20000"]),
        ("numeric(5,2)", ["7.25", "7.75", "412.10", "799.98"]),
        ("double precision", ["17.5", "1e+20"]),
        ("date", ["1961-02-03", "2020-02-29", "2020-03-01", "2026-11-01", "2031-01-01"]),
        ("timestamp without time zone", ["1999-12-31 23:59:59", "2000-01-01 00:00:00", "2026-11-20 10:00:00.5"]),
        ("timestamp with time zone", ["1999-12-31 23:59:59+00", "2026-11-20 10:00:00.5+00"]),
        ("time without time zone", ["06:30:00", "12:00:00", "23:59:59"]),
        ("uuid", ["0a0b0c0d-0000-4000-8000-000000000001", "fa0b0c0d-0000-4000-8000-000000000001"]),
        ("inet", ["10.1.2.3", "10.1.2.4", "192.168.7.8"]),
    ],
)
def test_order_is_kept_and_no_value_is(kind: str, values: list[str]):
    """The masks are in the order of the values, all different, of the same form, and none is a value."""
    found = masked(kind, *values)
    number = kind in ("integer", "bigint", "smallint", "double precision") or kind.startswith("numeric")
    order = float if number else (lambda each: [f"{int(p):03}" for p in each.split(".")]) if kind == "inet" else str
    keys = [order(each) for each in found]
    assert keys == sorted(keys)
    assert len(set(found)) == len(values)
    kept = [old for old, new in zip(values, found, strict=True) if old == new]
    assert not [each for each in kept if not number or abs(float(each)) >= 25]
    if kind.startswith(("text", "character")):
        assert [len(each) for each in found] == [len(each) for each in values]
    assert masked(kind, *values) == found


def test_limits_of_types_hold():
    """No mask is beyond its type; a last value that means "none" stays what it is."""
    assert max(map(int, masked("smallint", "100", "32000", "32767"))) == 32767
    assert int(masked("smallint", "100", "32000", "32767")[1]) < 32767
    assert masked("integer", "5", "2147483647")[1] == "2147483647"
    assert float(masked("numeric(3,0)", "998")[0]) <= 999


def test_words_for_never_stay():
    """Dates that are no dates keep their meaning."""
    assert masked("date", "-infinity", "0001-01-01", "9999-12-31", "infinity") == [
        "-infinity", "0001-01-01", "9999-12-31", "infinity",
    ]  # fmt: skip


def test_now_stays_now():
    """What was recent is recent: distances from when the snapshot was taken change by a few percent."""
    assert re.match(r"2026-11-23 1[0-2]:", masked("timestamp without time zone", "2026-11-23 12:00:00")[0])


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6), max_size=40))
def test_texts_keep_order_length_and_prefixes(texts: list[str]):
    """For any texts: as many masks, in the same order, as long, and prefixes remain prefixes."""
    found = masks(texts, lambda what, count: [hash((what, each)) % 2**64 for each in range(count)])
    ordered = sorted(set(texts))
    assert sorted(found.values()) == [found[each] for each in ordered]
    assert len(set(found.values())) == len(ordered)
    assert all(len(found[each]) == len(each) for each in ordered)
    assert all(found[b].startswith(found[a]) for a in ordered for b in ordered if b.startswith(a))


@given(st.lists(st.text(st.sampled_from("aé中z09"), min_size=1, max_size=4), max_size=40))
def test_lexemes_keep_the_order_of_tsvector(texts: list[str]):
    """Words stay in the order of their length in bytes, then of their bytes; so the planner finds them."""
    found = lexemes(texts, lambda what, count: [hash((what, each)) % 2**64 for each in range(count)])
    assert not any("e" in mask for mask in found.values())  # `1e5x` would be a number and a word
    ordered = sorted(set(texts), key=lambda each: (len(each.encode()), each.encode()))
    keys = [(len(found[each].encode()), found[each].encode()) for each in ordered]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_a_constant_meets_its_value():
    """The same value has the same mask in statistics, in a predicate, in a check, in an enum, in a statement."""
    common = ColumnStats(False, 0, 8, 3, most_common_vals='{c4n4ry,"other one",42}', most_common_freqs="{0.5,0.3,0.1}")
    objects = (
        Object("1", "type", "mood", """CREATE TYPE "s"."mood" AS ENUM ('c4n4ry', '42')"""),
        Object("2", "constraint", "k", "ALTER TABLE t ADD CHECK ((c = 'c4n4ry'::text) AND (c ~~ 'c4n%'::text))"),
    )
    index = StoredIndex(Name("s", "i"), "btree", "CREATE INDEX i ON t (c) WHERE (c = '42'::s.mood)", ("c",))
    table = Table(Name("s", "t"), "r", (Column(1, "c", "s.mood", stats=(common,)),), indexes=(index,))
    held = Snapshot(
        180006,
        "",
        TAKEN,
        "d",
        objects=objects,
        tables=(table,),
        workload=(Recorded("select 1 from t where c = 'c4n4ry'", 1, 1),),
    )
    found = mask(held)
    values = elements(str(found.tables[0].columns[0].stats[0].most_common_vals))
    assert found.objects[0].sql == f"""CREATE TYPE "s"."mood" AS ENUM ('{values[0]}', '{values[2]}')"""
    prefix = re.search(r"c ~~ '(.*)%'", found.objects[1].sql)
    assert f"c = '{values[0]}'::text" in found.objects[1].sql
    assert prefix is not None
    assert str(values[0]).startswith(prefix[1])
    assert found.tables[0].indexes[0].definition.endswith(f"WHERE (c = '{values[2]}'::s.mood)")
    assert found.workload[0].text == f"select 1 from t where c = '{values[0]}'"
    assert found.tables[0].columns[0].stats[0].most_common_freqs == "{0.5,0.3,0.1}"
    assert found.masked


PLANTED = [
    ("constraint", "ALTER TABLE t ADD CONSTRAINT c CHECK ((a = 'c4n4ry'::text))"),
    ("constraint", "ALTER TABLE t ADD CONSTRAINT c CHECK ((a = ANY (ARRAY['c4n4ry'::character varying, 'b'::text])))"),
    ("constraint", "ALTER TABLE t ADD CONSTRAINT c CHECK ((a > 777123) AND (b < '-777123'::integer) AND c = 777123.5)"),
    ("default", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'c4n4ry'::text"),
    ("default", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 777123"),
    ("default", 'ALTER TABLE t ALTER COLUMN a SET DEFAULT \'{"k": ["c4n4ry", 777123]}\'::jsonb'),
    ("default", "ALTER TABLE t ALTER COLUMN a SET DEFAULT '{c4n4ry,777123}'::text[]"),
    ("default", "ALTER TABLE t ALTER COLUMN a SET DEFAULT '1977-07-13'::date"),
    ("default", "ALTER TABLE t ALTER COLUMN a SET DEFAULT '[777123,777999)'::int4range"),
    ("default", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'c4n4ry'::s.geometry"),
    ("table", "ALTER TABLE ONLY t ATTACH PARTITION p FOR VALUES FROM ('c4n4ry', 777123) TO ('z', 777124)"),
    ("table", "ALTER TABLE ONLY t ATTACH PARTITION p FOR VALUES FROM ('1977-07-13') TO ('1978-01-01')"),
    ("comment", "COMMENT ON TABLE t IS 'c4n4ry'"),
    ("function", "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $function$ select 'c4n4ry' -- c4n4ry\n $function$"),
    ("function", "CREATE FUNCTION f(a text DEFAULT 'c4n4ry'::text) RETURNS text LANGUAGE sql RETURN 'c4n4ry'::text"),
    ("function", "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ begin update t set a = 'c4n4ry'; end $f$"),
    ("function", 'CREATE FUNCTION f() RETURNS void LANGUAGE plpython3u AS $f$ print("c4n4ry") # it\'s c4n4ry $f$'),
    ("function", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ select 777123 + 1 $f$"),
    ("view", "CREATE VIEW v AS SELECT 'c4n4ry'::text AS a FROM t WHERE b ~~ 'c4n4ry%'::text"),
    (
        "trigger",
        "CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW WHEN ((new.a = 'c4n4ry'::text)) EXECUTE FUNCTION f('c4n4ry')",
    ),
    ("policy", "CREATE POLICY p ON t USING ((a = 'c4n4ry'::text))"),
    ("type", 'CREATE TYPE "s"."e" AS ENUM (\'c4n4ry\')'),
    ("type", "CREATE DOMAIN \"s\".\"d\" AS text DEFAULT 'c4n4ry'::text CONSTRAINT c CHECK ((VALUE <> 'c4n4ry'::text))"),
    ("index", "CREATE INDEX i ON t (a) WITH (fillfactor='70') WHERE (b = 'c4n4ry'::text)"),
]


@pytest.mark.parametrize(("kind", "text"), PLANTED)
def test_no_literal_of_ddl_is_left(kind: str, text: str):
    """Canaries in statements of every kind are gone, and the statement is still one that scans."""
    data = gzip.decompress(dump(mask(snapshot(objects=(Object("1", kind, "x", text),)))))
    assert not re.search(rb"c4n4ry|777123|777999|1977-07-13", data)
    found = mask(snapshot(objects=(Object("1", kind, "x", text),))).objects
    assert [each.sql != text for each in found] == ([] if kind == "comment" else [True])
    assert not found or replaced(found[0].sql, lambda _: None)
    assert "fillfactor" not in text or "fillfactor='70'" in found[0].sql


@pytest.mark.parametrize(
    ("kind", "values", "others"),
    [
        ("text", "{c4n4ry}", {}),
        ("text[]", '{"{c4n4ry,b}"}', {"most_common_elems": "{c4n4ry,b}"}),
        ("jsonb", '{"{\\"a\\": \\"c4n4ry\\", \\"b\\": 777123}"}', {}),
        ("tsvector", None, {"most_common_elems": "{a,c4n4ry}"}),
        ("numeric", "{777123.45}", {}),
        ("tstzrange", '{"[\\"1977-07-13 00:00:00+00\\",\\"2020-01-01 00:00:00+00\\")"}', {}),
        ("int4multirange", '{"{[777123,777999)}"}', {}),
        ("date[]", "{{1977-07-13}}", {"most_common_elems": "{1977-07-13}"}),
        ("s.point_of_no_return", "{c4n4ry}", {"histogram_bounds": "{777123}"}),
        ("bytea", '{"\\\\xc4n4ry"}', {}),
        ("s.dom", "{c4n4ry}", {}),
    ],
)
def test_no_value_of_statistics_is_left(kind: str, values: str | None, others: dict[str, str]):
    """Canaries in most common values, histograms and elements of every kind of type are gone."""
    stats = ColumnStats(False, 0, 8, -1, most_common_vals=values, most_common_freqs="{1}", **others)  # type: ignore[arg-type]
    domain = Object("1", "type", "dom", 'CREATE DOMAIN "s"."dom" AS character varying(20)')
    found = mask(snapshot((Column(1, "c", kind, stats=(stats,)),), (domain,)))
    assert not re.search(rb"c4n4ry|777123|777999|1977-07-13", gzip.decompress(dump(found)))


def test_words_of_postgresql_stay():
    """What another word would make fail is left alone: units, zones, configurations, paths, settings."""
    text = (
        "SELECT date_trunc('day'::text, at), (at AT TIME ZONE 'UTC'::text), to_tsvector('english'::regconfig, b), "
        "(data ->> 'email'::text), nextval('s.seq'::regclass), (at + '1 day'::interval), b::varchar(4000), "
        "substr(b, 10, 20) LIMIT 1000"
    )
    assert mask(snapshot(objects=(Object("1", "view", "v", text),))).objects[0].sql == text


def test_a_text_that_cannot_be_read_is_no_part_of_a_masked_snapshot():
    """A statement cut in the middle of a constant may end in a value: it is left out."""
    held = snapshot(workload=(Recorded("select * from t where a = 'c4n4", 1, 1), Recorded("select 1", 1, 1)))
    assert [each.text for each in mask(held).workload] == ["select 1"]


def test_literals_are_found_in_place():
    """Strings of every form, comments and casts, and nothing in between."""
    found: list[Literal] = []

    def note(literal: Literal) -> str | None:
        found.append(literal)
        return "X"

    text = "select E'a\\nb', $t$c$t$::text[], 'it''s', 'x'::timestamp without time zone /* r */ where n >= -5"
    assert replaced(text, note) == "select X, X::text[], X, X::timestamp without time zone   where n >= -X"
    assert [each.value for each in found] == ["a\nb", "c", "it's", "x", "5"]
    assert [each.type for each in found] == ["", "text[]", "", "timestamp without time zone", ""]
