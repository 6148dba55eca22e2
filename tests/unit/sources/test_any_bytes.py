"""Whatever bytes a project's files hold, reading them raises nothing and gives lines that are in the file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.sources import read

WORDS = (
    "select",
    " ",
    "\n",
    ";",
    "'",
    '"',
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "\\",
    "\\gset",
    "copy t from stdin;",
    "\\.",
    "create",
    "function f() returns int language plpgsql as ",
    "do ",
    "begin",
    "end",
    "loop",
    "for x in ",
    "if ",
    "then",
    "case",
    "into",
    "execute ",
    "(",
    ")",
    "insert into t values (1)",
    "-- +goose Up",
    "-- migrate:down",
    "-- name: x",
    "pgtune: ignore a.b",
    "\0",
    "\ufeff",
    "ä",
    "{",
    "}",
    "`",
    "${",
    "f'",
    'r"""',
    "def f():",
    "import op",
    "op.execute(",
    "=",
    "%",
    ".format(x)",
    "#{",
    "<<~SQL",
    "class Migration(migrations.Migration):",
    "operations = [",
    "migrations.RunSQL(",
    "from alembic import op\n",
    "]",
    "def upgrade():\n    ",
    "db.query(",
    "+",
    "E'",
    "\r",
)
PATHS = (
    "q.sql",
    "migrations/001_x.sql",
    "V1__x.sql",
    "m/1_x.up.sql",
    "a.py",
    "app/migrations/0001_x.py",
    "a.js",
    "a.ts",
    "a.go",
    "A.java",
    "a.rb",
    "a.php",
    "a.cs",
    "a.rs",
    "sqitch.plan",
    "V1__x.sql.conf",
    "noext",
    "",
    "/",
    "..",
    "migrations/1/up.sql",
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(PATHS),
        st.binary(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=14).map(lambda each: "".join(each).encode()),
        max_size=3,
    )
)
def test_any_files(files):
    """Of any names and any content."""
    found = read(files, tests=True)
    statements = [*found.queries, *(each for made in found.migrations for each in made.statements)]
    for each in statements:
        last = files[each.path].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
        assert 1 <= each.line <= last
        assert each.lines >= 1
        assert each.text.strip()
    assert all(each.why for each in found.skipped)


@pytest.mark.parametrize(
    "text",
    [
        "select 1" + "+(1" * 20_000, "(" * 50_000, "/*" * 50_000, "'" * 50_001, "$a$ " * 20_001, "\\x\n" * 50_000,
        "create function f() returns int language plpgsql as $$ begin " + "if a then " * 5_000 + " $$",
        "case " * 20_000, ";" * 100_000, "-- pgtune: ignore a.b x\n" * 20_000, "copy t from stdin;\n" * 5_000,
        "-- +goose Up\n" * 5_000, "do $$ begin " + "select 1; " * 10_000 + "end $$",
    ],
    ids=lambda text: text[:12].strip(),
)  # fmt: skip
def test_hostile_texts_end(text):
    """In time that grows with their length, or the test itself never ends."""
    read({"a.sql": text.encode(), "a.py": f"x = {text}".encode(), "a.js": f"f('{text}')".encode()})


@pytest.mark.parametrize(
    "code", ["x = " + "(" * 5_000, "x = " + "1+" * 20_000 + "1", "x = " + "'a'+" * 5_000 + "'select'", "f(" * 3_000]
)
def test_hostile_python_ends(code):
    """Nesting that Python's own parser refuses is a word, no crash."""
    read({"a.py": f"SQL = 'select a from t'\n{code}".encode()})
