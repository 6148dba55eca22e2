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


OPERATIONS = (
    "op.create_table",
    "op.add_column",
    "op.alter_column",
    "op.create_index",
    "op.create_foreign_key",
    "op.execute",
    "op.drop_constraint",
    "migrations.CreateModel",
    "migrations.AddField",
    "migrations.AlterField",
    "migrations.RunSQL",
    "migrations.AddIndex",
    "migrations.AddConstraint",
    "migrations.SeparateDatabaseAndState",
    "migrations.RenameField",
)
ARGUMENTS = (
    "'t'",
    '"a; b"',
    "None",
    "x",
    "[]",
    "['a']",
    "[x]",
    "()",
    "1",
    "*y",
    "**z",
    "f'{x}'",
    "sa.Column()",
    "sa.Column('a')",
    "sa.Column('a', sa.Integer)",
    "sa.Column('a', sa.String(x), primary_key=True)",
    "sa.PrimaryKeyConstraint('a')",
    "sa.text('x')",
    "ondelete='DROP'",
    "schema='s'",
    "fields=[('id', models.AutoField(primary_key=True))]",
    "fields=[1]",
    "models.Index(fields=['a'], name='i')",
    "models.CharField(max_length='x')",
    "name='t'",
    "options={**x}",
    "options={'a': 1}",
    "models.ForeignKey('t', on_delete=x)",
    "database_operations=[x]",
    "postgresql_where=x",
    "nullable=x",
    "type_=sa.Text",
)
ARGUED = st.lists(st.sampled_from(ARGUMENTS), max_size=4)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), ARGUED), max_size=4))
def test_any_operations(operations):
    """What a migration's text does not say is said to be so, and nothing is raised."""
    calls = [f"{name}({', '.join(arguments)})" for name, arguments in operations]
    body = "".join(f"    {each}\n" for each in calls)
    files = {
        "v/a.py": f"revision = 'a'\ndown_revision = None\ndef upgrade():\n    pass\n{body}",
        "x/app/migrations/0001_x.py": "class Migration(migrations.Migration):\n"
        f"    operations = [{', '.join(calls)}]\n",
    }
    found = read({path: text.encode() for path, text in files.items()})
    for made in found.migrations:
        assert all(each.text.strip() and each.line <= len(operations) + 4 for each in made.statements)
