"""SQL as text: split, parsed and judged, whatever somebody hands in."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pgtune.model.errors import NotSql
from pgtune.sqltext import parse
from pgtune.sqltext.analysis import shape
from pgtune.sqltext.placeholders import numbered
from pgtune.sqltext.safety import filtering, functions, locks_rows, writes
from pgtune.sqltext.typed import castable, doubtful, untold, with_types

SQLISH = st.text(
    alphabet=st.sampled_from(list("select from where'\"$()[];:?%@-/*\\\n\0éAND1,.=<>|&Ee_ \ud800")), max_size=80
)


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(max_size=60), SQLISH))
@example("select " + "(" * 30_000)
@example("select " + "1+" * 5_000 + "1")
@example("select 1 where " + "not " * 10_000 + "true")
@example(" union all ".join(["select 1"] * 2_000))
@example("select * from " + "(select * from " * 400 + "t" + ") a" * 400)
@example("select case when " * 2_000)
def test_hostile_text_raises_nothing_but_our_error(text):
    """A reader of other people's SQL meets everything."""
    for read in (parse.split, parse.trees, parse.planable, parse.fingerprint, numbered, castable, shape, parse.tokens):
        try:
            read(text)
        except NotSql as error:
            assert str(error)  # noqa: PT017  (a message for a person)


STATEMENTS = [
    "select ';'", "select $$;$$", "selec x", "insert into t values (';--')", "/*;*/ select 1",
    "create function f() returns int begin atomic select case when a then 1 end; end",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5))
def test_splitting_gives_back_every_statement(statements):
    """No statement is lost, joined to another or cut, even where one of them is no SQL."""
    pieces = parse.split(";\n".join(statements) + ";")
    assert [piece.text for piece in pieces] == statements


PLANNABLE = st.sampled_from([
    "select ';é'", "/* a; */ select 1 -- x;", "  select $$;$$", "-- b\n\tselect 2 ", "", "\n",
    "-- only a comment\n", "/* c; */",
    "create function f() returns int begin atomic select 1; select 2; end",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PLANNABLE, max_size=5), st.booleans())
def test_parser_and_words_cut_at_the_same_places(statements, ended):
    """Where everything parses the parser splits; where something does not, words do: nobody sees which."""
    text = "\n;".join(statements) + (";" if ended else "")
    broken = parse.split(f"{text}\n;broken select;")
    assert [each.text for each in broken[:-1]] == [each.text for each in parse.split(text)]
    assert [each.line for each in broken[:-1]] == [each.line for each in parse.split(text)]


def test_pieces_know_where_they_are():
    """The start is exact, the line is that of the piece's first character."""
    text = "-- first\nselect 1;\n\n  select 'ü';select 3"
    pieces = parse.split(text)
    assert [(each.line, text[each.start :].startswith(each.text)) for each in pieces] == [
        (1, True),
        (4, True),
        (4, True),
    ]


def test_comments_alone_are_no_statement():
    """A file of nothing but comments is empty."""
    assert parse.split("-- a\n/* b; */;\n;") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "none"),
        ("select 1; delete from t", "this is 2"),
        ("analyze t", "have a plan"),
        ("explain select 1", "have a plan"),
        ("create table x as select 1", "have a plan"),
        ("select 1 into x union select 2", "have a plan"),
        ("analyze; select 1", "this is 2"),
        ("select 1\0; drop table t", "NUL"),
        ("select *\nfrom where", r"line 2"),
    ],
)
def test_only_one_planable_statement_passes(text, why):
    """What is handed to EXPLAIN can be nothing else than one query."""
    with pytest.raises(NotSql, match=why):
        parse.planable(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("select 1", "select"), ("values (1)", "select"), ("with a as (select 1) insert into t select * from a", "insert"),
     ("update t set a = 1", "update"), ("delete from t", "delete"), ("vacuum", "utility"),
     ("merge into t using s on a = b when matched then delete", "merge"), ("select 1 into t", "utility")],
)  # fmt: skip
def test_kinds(text, kind):
    """A WITH before it changes nothing of what a statement is."""
    assert parse.kind(parse.tree(text)) == kind


def test_fingerprints_see_through_constants_and_case():
    """What pg_stat_statements and a log call differently is the same."""
    assert parse.fingerprint("select * from T where a = 1") == parse.fingerprint("SELECT *  FROM t\nWHERE a = $1")
    assert parse.fingerprint("select a from t") != parse.fingerprint("select b from t")


def test_safety_looks_into_every_corner():
    """Locks, writes and functions in CTEs and subqueries count."""
    hidden = parse.tree(
        "with a as (delete from t returning *) select * from a where x in (select pg_sleep(1) for update)"
    )
    assert locks_rows(hidden)
    assert writes(hidden)
    assert functions(hidden) == (("", "pg_sleep"),)
    plain = parse.tree("select lower(a), pg_catalog.now() from t")
    assert not locks_rows(plain)
    assert not writes(plain)
    assert functions(plain) == (("", "lower"), ("pg_catalog", "now"))


def test_filtering_parameters_are_those_that_choose_rows():
    """A value that is only written or shown decides nothing about the plan."""
    statement = parse.tree("update t set a = $1 from (select $2 from s join r on s.a = $3 limit $4) x where b = $5")
    assert filtering(statement) == {3, 4, 5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select interval $1", "SELECT CAST($1 AS interval)"),
        ("select 1 where d > date $1", "SELECT 1 WHERE d > CAST($1 AS date)"),
        ("select timestamptz $1", "SELECT CAST($1 AS timestamptz)"),
        ("select extract($1 from x)", "SELECT pg_catalog.extract($1, x)"),
        ("select $1::date,  cast($2 as int)", "select $1::date,  cast($2 as int)"),
        ("select 'interval $1' , x", "select 'interval $1' , x"),
    ],
)
def test_literals_that_were_normalised_away_become_casts(text, expected):
    """Everything else keeps its text, blanks and all."""
    assert castable(text) == expected


def test_parameters_that_meet_nothing_but_each_other():
    """An operand of an operator whose other side has a type is none of them."""
    assert doubtful("insert into t values ($1, $4 + $9)") == (4, 9)
    assert doubtful("select $1 + a, -$2, $3 * $4, b = $5 from t") == (2, 3, 4)


def test_types_for_parameters_that_have_none():
    """A cast at each use of the parameter, nowhere else."""
    text = "select '$1' from t where $1 is null or c = $1 and d = $11"
    assert untold(text) == (1,)
    assert with_types(text, {1: "bigint"}) == (
        "select '$1' from t where $1::bigint is null or c = $1::bigint and d = $11"
    )


def test_texts_nested_without_end_are_refused_in_time():
    """A tree as deep as a text is long would end the process; comments in comments would take hours to scan."""
    with pytest.raises(NotSql, match=r"stack depth|too deeply"):
        parse.tree("select 1" + "+1" * 100_000)
    with pytest.raises(NotSql, match="too deeply"):
        parse.split("select 1 " + "/*" * 100_000)
    assert len(parse.split("select '/*'; " * 1_000)) == 1_000


def test_a_reason_is_short():
    """The scanner quotes all that stands behind an open quote."""
    with pytest.raises(NotSql) as refused:
        parse.split("select 'x" + "y" * 10_000)
    assert len(str(refused.value)) < 300
