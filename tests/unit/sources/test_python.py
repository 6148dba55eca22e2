"""SQL in Python: what is found, on which lines, and what is left alone."""

import pytest

from pgtune.sources import read


def of(code, path="app/db.py"):
    return read({path: code.encode()})


def texts(code):
    return [each.text for each in of(code).queries]


FOUND = {
    "handed to a cursor": ('cur.execute("select a from t")', "select a from t"),
    "an awaited connection": ('await c.fetchrow("select a from t where id = $1", 1)', "select a from t where id = $1"),
    "SQLAlchemy's text": ('session.execute(text("select a from t where b = :b;"))', "select a from t where b = :b"),
    "several parts": ('x("SELECT a " "FROM t " "WHERE b = 1")', "SELECT a FROM t WHERE b = 1"),
    "added literals": ('cur.execute("select a" + " from t")', "select a from t"),
    "plainly SQL with nobody to take it": ('Q = "SELECT a FROM t WHERE b = %s"', "SELECT a FROM t WHERE b = %s"),
    "in small letters, with signs": ('Q = "select a from t where b = %s"', "select a from t where b = %s"),
    "raw": (r"""cur.execute(r"select a from t where b ~ '\d'")""", r"select a from t where b ~ '\d'"),
    "escapes": (r"""cur.execute("select a from t where b = '\u00e4'")""", "select a from t where b = 'ä'"),
    "a comment before": ('cur.execute("/* find */ select a from t")', "select a from t"),
    "without FROM, but handed over": ('cur.execute("select now()")', "select now()"),
    "two of them": ('cur.execute("select 1; select 2")', "select 1|select 2"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), FOUND.values(), ids=FOUND)
def test_found(code, expected):
    """As the text that the database gets."""
    found = of(code)
    assert "|".join(each.text for each in found.queries) == expected
    assert not any(each.dynamic for each in found.queries)


@pytest.mark.parametrize(
    "code",
    [
        '"""SELECT a FROM t WHERE b = 1"""',
        'def f():\n    """select a from t where b = 1"""',
        'class C:\n    "SELECT a FROM t"',
        'log.info("SELECT a FROM t took %s", x)',
        'logging.getLogger("x").warning("DELETE FROM t where a = %s", x)',
        'raise ValueError("UPDATE t SET a = 1 failed")',
        'assert x == "SELECT a FROM t"',
        'if sql == "SELECT a FROM t": pass',
        'x = "Select a file from the list"',
        'x = "select a file from the list"',
        'x = "Delete from cart"',
        'x = "with love"',
        'print("SELECT a FROM t")',
        'parser.add_argument("--x", help="SELECT a FROM t")',
        'x = b"SELECT a FROM t"',
        'cur.execute("create table t ()")',
        'x = "SELECT something FROM the list, please (quickly"',
        "cur.execute(query)",
        'cur.execute("update")',
    ],
)
def test_left_alone(code):
    """Docstrings, messages, comparisons, sentences, and what is no query."""
    found = of(code)
    assert (found.queries, found.skipped) == ((), ())


@pytest.mark.parametrize(
    "code",
    [
        'cur.execute(f"select a from {t} where b = 1")',
        'cur.execute("select a from %s" % t)',
        'cur.execute("select a from {}".format(t))',
        'cur.execute(SQL("select {} from t").format(a))',
        'cur.execute("select a from t" + where)',
        'q = "select a from t where b = 1"\nq += " limit 1"\ncur.execute(q)',
        'q = "select a from t where b = 1"\ncur.execute(q + where)',
        'q = "select a from t where b = %s"\ncur.execute(f"{q} limit 1")',
        'cur.execute(" ".join(["select a from t", where]))',
        'BASE = "SELECT a FROM t"\ndef f(w):\n    cur.execute(BASE + w)',
        'x = f"SELECT a FROM {t}"',
    ],
)
def test_dynamic(code):
    """Parts that are known only when it runs make it dynamic, never an error."""
    found = of(code)
    assert [each.dynamic for each in found.queries] == [True]
    assert found.skipped == ()


def test_an_f_string_that_fills_nothing_in_is_static():
    """As are doubled braces."""
    assert [(each.text, each.dynamic) for each in of("cur.execute(f\"select '{{}}' from t\")").queries] == [
        ("select '{}' from t", False)
    ]


def test_lines():
    """Of the first word of SQL; parts on lines of their own stay on them, comments between them count."""
    code = (
        'cur.execute(\n    """\n    select a\n      from t\n    """)\n'
        'cur.execute("SELECT b "\n            # it\'s\n            "FROM t"\n            "\\nWHERE c = 1")\n'
        'cur.execute("""\\\nselect d\nfrom t""")\n'
        "cur.execute('ä', 'ö'); cur.execute('select e from t')\n"
    )
    found = of(code).queries
    assert [(each.line, each.lines) for each in found] == [(3, 2), (6, 4), (11, 2), (13, 1)]
    where = found[1]
    assert where.line_at(where.text.index("FROM")) == 8
    assert where.line_at(where.text.index("WHERE")) == 9
    assert found[2].text == "select d\nfrom t"


def test_loops():
    """The line of the loop whose every turn asks; what is asked before the first turn, or in a function, is outside."""
    code = (
        'Q = "select a from t where b = %s"\n'
        'for row in cur.execute("select 1 from t"):\n    cur.execute(Q)\n    while x:\n'
        '        cur.execute("select 2 from t")\n    def f():\n        cur.execute("select 3 from t")\n'
        '[cur.execute("select 4 from t") for x in cur.execute("select 5 from t")]\n'
    )
    assert {each.text.split()[1]: each.loop for each in of(code).queries} == {
        "a": 2, "1": 0, "2": 4, "3": 0, "4": 8, "5": 0,
    }  # fmt: skip


def test_names_of_two_functions_are_two_names():
    """What one extends is whole in the other."""
    code = 'def f():\n    q = "SELECT a FROM t"\n    g(q)\ndef h():\n    q = "SELECT b FROM t"\n    q += w\n    g(q)\n'
    assert [(each.text, each.dynamic) for each in of(code).queries] == [
        ("SELECT a FROM t", False),
        ("SELECT b FROM t", True),
    ]


def test_what_is_run_and_is_no_sql_is_said():
    """On its line; other code of the file is read all the same."""
    found = of('\ncur.execute("insert or replace into t values (1)")\ncur.execute("select a from t")')
    assert [(each.line, each.why.split(":")[0]) for each in found.skipped] == [(2, "not SQL for PostgreSQL")]
    assert len(found.queries) == 1


def test_no_python_is_said_once():
    """With the line."""
    found = of('x = "SELECT a FROM t"\nprint "y"\n')
    assert [each.why for each in found.skipped] == [
        "not Python: Missing parentheses in call to 'print'. Did you mean print(...)? (line 2)"
    ]


def test_other_databases_are_left_alone():
    """A file whose only driver speaks to another database asks nothing of PostgreSQL."""
    found = of('import sqlite3\nsqlite3.connect("x").execute("select a from t")')
    assert found.queries == ()
    assert [each.why for each in found.skipped] == ["its driver, sqlite3, speaks to another database"]
    assert len(of('import sqlite3, psycopg\ncur.execute("select a from t")').queries) == 1


def test_comments():
    """Behind a statement, or before it."""
    code = 'cur.execute("select * from t")  # pgtune: ignore query.select-star all of it\n'
    assert [(each.codes, each.reason, each.covers) for each in of(code).comments] == [
        (("query.select-star",), "all of it", (1, 1))
    ]


@pytest.mark.parametrize("path", ["tests/x.py", "app/test_x.py", "app/conftest.py", "spec/x.py"])
def test_code_of_tests_is_read_when_asked(path):
    """It never meets production's data."""
    code = {path: b'cur.execute("select a from t")'}
    assert read(code).queries == ()
    assert len(read(code, tests=True).queries) == 1
