"""Statements, names, routines and comments of .sql files, and what is said of what cannot be read."""

import codecs

import pytest

from pgtune.sources import read


def of(text, path="q.sql"):
    return read({path: text.encode() if isinstance(text, str) else text})


def places(project):
    return [(each.line, each.text) for each in project.queries]


def test_lines_of_statements():
    """That of the first word, behind comments and blank lines; how many lines it spans."""
    found = of("-- one\n\n/* two\n */ select a\n from t;select 2;;\n;\n  -- end\n")
    assert [(each.line, each.lines, each.text) for each in found.queries] == [
        (4, 2, "select a\n from t"),
        (5, 1, "select 2"),
    ]
    assert found.skipped == ()


@pytest.mark.parametrize(
    ("content", "doubt"),
    [
        (codecs.BOM_UTF8 + "select 'ä'".encode(), ""),
        (codecs.BOM_UTF16_LE + "select 'ä'".encode("utf-16-le"), ""),
        (codecs.BOM_UTF16_BE + "select 'ä'".encode("utf-16-be"), ""),
        ("\nselect 'ä'".encode("latin-1"), "not UTF-8 (line 2): read as Latin-1"),
        ("select 'ä'".encode(), ""),
    ],
)
def test_encodings(content, doubt):
    """What a file begins with says what it is; else UTF-8, else Latin-1, which is said."""
    found = of(content)
    assert [each.text for each in found.queries] == ["select 'ä'"]
    assert [each.why for each in found.skipped] == ([doubt] if doubt else [])


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends(ends):
    """Of every system."""
    assert places(of(ends.join(["select 1;", "", "select", "2"]))) == [(1, "select 1"), (3, "select\n2")]


def test_psql_scripts():
    """Commands, even with a lone quote, and data vanish; lines stay."""
    text = "\\echo it's\nselect 1;\nCOPY t (a)\nFROM stdin;\n1;'\n\\.\nselect 2 \\gset\n"
    assert places(of(text)) == [(2, "select 1"), (3, "COPY t (a)\nFROM stdin"), (7, "select 2")]


def test_what_does_not_parse_is_said_once_and_the_rest_goes_on():
    """With its line; placeholders of any kind are no reason."""
    found = of("select 1;\nselct 2;\nselect :a, ?, %s, @b from t where x = $1;\n(select 3;\n")
    assert [each.line for each in found.queries] == [1, 3]
    assert [(each.line, each.why.split(":")[0]) for each in found.skipped] == [
        (2, "not SQL for PostgreSQL"), (4, "not SQL for PostgreSQL"),
    ]  # fmt: skip


@pytest.mark.parametrize("opened", ["select 'x", 'select "x', "select $q$ x", "/* select", "select E'\\'"])
def test_what_has_no_end_hides_only_what_is_behind(opened):
    """Said once, with the line on which it begins."""
    found = of(f"select 1;\nselect 2; {opened}; select 3;\n select 4;")
    assert places(found) == [(1, "select 1"), (2, "select 2")]
    assert [each.line for each in found.skipped] == [2]
    assert "has no end" in found.skipped[0].why


def test_binary_files():
    """One that says to be SQL is named, any other is passed over."""
    found = read({"a.sql": b"\0\1\2", "b.png": b"\0", "c": b"select 1"})
    assert [each.path for each in found.skipped] == ["a.sql"]
    assert found.queries == ()


def test_named_queries():
    """As sqlc, aiosql and HugSQL name them; DDL among them does not make a migration of the file."""
    text = (
        "-- name: GetUser :one\nselect * from u where id = $1;\n\n-- name: make-it#\n-- more\ncreate table t ();\n"
        "-- :name del-user :! :n\ndelete from u where id = :id;\n"
    )
    found = of(text)
    assert [(each.name, each.line) for each in found.queries] == [("GetUser", 2), ("make-it", 6), ("del-user", 8)]
    assert found.migrations == ()


ROUTINE = """create or replace function s.f(a int) returns int language plpgsql as $body$
declare
  r record; c cursor for select * from "C";
  n int := (select count(*) from t);
begin
  for r in select * from big where x = a loop
    update t set y = r.x where id = case when a > 1 then 2 else 3 end;
    perform g(r.x), 'r.x';
    execute 'select ' || a;
    execute 'select 1 from "x"' into n;
    if exists (select 1 from t) then raise notice 'select'; end if;
  end loop;
  select count(*), max(z)
    into strict n, r.x
    from t where z = a;
  n := n + 1; -- select
  return n;
exception when others then return 0;
end $body$;
"""


def test_bodies_of_functions():
    """Their queries, with parameters for variables, on the file's lines, in their loops."""
    found = of("\n" + ROUTINE)
    assert [(each.line, each.loop, each.dynamic, each.text) for each in found.queries] == [
        (4, 0, False, 'select * from "C"'),
        (5, 0, False, "SELECT (select count(*) from t)"),
        (7, 0, False, "select * from big where x = $1"),
        (8, 7, False, "update t set y = $2 where id = case when $1 > 1 then 2 else 3 end"),
        (9, 7, False, "SELECT g($1), 'r.x'"),
        (10, 7, True, "'select ' || a"),
        (11, 7, False, 'select 1 from "x"'),
        (12, 7, False, "SELECT exists (select 1 from t)"),
        (14, 0, False, "select count(*), max(z)\n\nfrom t where z = $1"),
    ]
    assert {(each.role, each.routine) for each in found.queries} == {("routine", "s.f")}
    assert [each.tool for each in found.migrations] == ["plain"]


def test_bodies_of_sql_functions_and_do_blocks():
    """In any quotes, with umlauts before them."""
    text = (
        "create function \"ä\"(x int) returns int language sql as '\nselect y from t where id = x; select ''a''';\n"
        "do language plpgsql $$ begin\n delete from big where found; end $$;\n"
        "create function c() returns int language c as 'lib', 'f';\n"
        "create function p() returns int language plpython3u as 'select';\n"
    )
    assert [(each.line, each.routine, each.text) for each in of(text).queries] == [
        (2, "ä", "select y from t where id = $1"), (2, "ä", "select 'a'"), (4, "DO", "delete from big where $1"),
    ]  # fmt: skip


def test_comments_that_speak_to_the_review():
    """They cover the statement on their line, else the next; a code, several, a reason, none of them."""
    text = (
        "-- pgtune: ignore query.select-star the export wants all\nselect *\nfrom t;\n"
        "select 2 -- pgtune: ignore a.b, c.* : two of them\n;\n/* pgtune: ignore a.b */\n"
        "select '-- pgtune: ignore x.y no comment';\n-- pgtune: ignore\n"
    )
    assert [(each.line, each.codes, each.reason, each.covers) for each in of(text).comments] == [
        (1, ("query.select-star",), "the export wants all", (1, 3)),
        (4, ("a.b", "c.*"), "two of them", (4, 4)),
        (6, ("a.b",), "", (6, 7)),
        (8, (), "", (8, 8)),
    ]


@pytest.mark.parametrize("name", [":schema", ':"schema"', "{schema}", "%(schema)s"])
def test_a_schema_that_is_a_variable_is_dynamic(name):
    """It is no mistake of its author, and nothing is guessed; what stands beside it is read."""
    found = read({"db/migrations/1_a.sql": f"ALTER TABLE {name}.t ADD a int;\nALTER TABLE t ADD b int;\n".encode()})
    assert [each.why for each in found.skipped] == ["a name in it is known only when it runs"]
    assert [each.text for each in found.migrations[0].statements] == ["ALTER TABLE t ADD b int"]


def test_a_schema_that_the_file_sets_is_read():
    text = '\\set schema shop\nSELECT a FROM :schema.t WHERE id = :id;\nSELECT a FROM :"schema".t;\n'
    found = read({"queries/a.sql": text.encode()})
    assert [(each.text, each.line) for each in found.queries] == [
        ("SELECT a FROM shop.t WHERE id = :id", 2),
        ("SELECT a FROM shop.t", 3),
    ]
