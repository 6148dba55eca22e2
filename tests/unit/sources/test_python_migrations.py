"""Migrations of Alembic and Django: what they say literally becomes SQL, for the rest they say why not."""

import pytest

from pgtune.sources import read
from pgtune.sqltext.parse import tree

HEAD = (
    "from alembic import op\nimport sqlalchemy as sa\nfrom sqlalchemy.dialects import postgresql\n"
    'revision = "{0}"\ndown_revision = {1}\n'
)


def alembic(body, down="pass"):
    text = HEAD.format("b", "None") + f"def upgrade():\n    {body}\n\ndef downgrade():\n    {down}\n"
    return read({"alembic/versions/b_x.py": text.encode()})


def sql(project):
    """The statements of the migrations that go up; each is SQL."""
    found = [each for made in project.migrations if not made.down for each in made.statements]
    for each in found:
        tree(each.text)
    return [" ".join(each.text.split()) for each in found]


OPERATIONS = {
    'op.execute("UPDATE t SET a = 1")': ["UPDATE t SET a = 1"],
    'op.execute(sa.text("DROP VIEW v; DROP VIEW w"))': ["DROP VIEW v", "DROP VIEW w"],
    'op.add_column("t", sa.Column("a", sa.String(length=20), nullable=False, server_default="x\'y"))': [
        "ALTER TABLE t ADD COLUMN a VARCHAR(20) DEFAULT 'x''y' NOT NULL"
    ],
    'op.add_column("Order", sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()), schema="s")': [
        'ALTER TABLE s."Order" ADD COLUMN at TIMESTAMP WITH TIME ZONE DEFAULT now()'
    ],
    'op.add_column("t", sa.Column("b", postgresql.JSONB(), nullable=True))': ["ALTER TABLE t ADD COLUMN b JSONB"],
    'op.add_column("t", sa.Column("c", sa.Integer(), sa.ForeignKey("u.id", ondelete="CASCADE")))': [
        "ALTER TABLE t ADD COLUMN c INTEGER REFERENCES u (id) ON DELETE CASCADE"
    ],
    'op.drop_column("t", "a")': ["ALTER TABLE t DROP COLUMN a"],
    (
        'op.alter_column("t", "a", existing_type=sa.Text(), type_=sa.Numeric(12, 2), '
        'nullable=False, postgresql_using="a::numeric")'
    ): [
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE t ALTER COLUMN a TYPE NUMERIC(12, 2) USING a::numeric",
    ],
    'op.alter_column("t", "a", server_default=None, new_column_name="b")': [
        "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
        "ALTER TABLE t RENAME a TO b",
    ],
    (
        'op.create_index(op.f("ix_t_a"), "t", ["a", sa.text("lower(b)")], unique=True, '
        'postgresql_concurrently=True, postgresql_where=sa.text("a > 0"))'
    ): ["CREATE UNIQUE INDEX CONCURRENTLY ix_t_a ON t (a, lower(b)) WHERE a > 0"],
    'op.drop_index("ix", table_name="t", postgresql_concurrently=True)': ["DROP INDEX CONCURRENTLY ix"],
    'op.create_foreign_key("fk", "t", "u", ["a"], ["id"], postgresql_not_valid=True)': [
        "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u (id) NOT VALID"
    ],
    'op.create_unique_constraint(None, "t", ["a", "b"])': ["ALTER TABLE t ADD UNIQUE (a, b)"],
    'op.create_check_constraint("ck", "t", "a > 0")': ["ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0)"],
    'op.drop_constraint("ck", "t", type_="check")': ["ALTER TABLE t DROP CONSTRAINT ck"],
    'op.rename_table("a", "b")': ["ALTER TABLE a RENAME TO b"],
    'op.drop_table("t")': ["DROP TABLE t"],
    (
        'op.create_table("t", sa.Column("id", sa.BigInteger(), nullable=False), sa.Column("a", '
        'sa.ARRAY(sa.Text)), sa.PrimaryKeyConstraint("id", name="pk"), '
        'sa.ForeignKeyConstraint(["a"], ["s.u.id"]))'
    ): [
        (
            "CREATE TABLE t ( id BIGSERIAL NOT NULL, a TEXT[], CONSTRAINT pk PRIMARY KEY (id), "
            "FOREIGN KEY (a) REFERENCES s.u (id) )"
        )
    ],
    (
        'with op.batch_alter_table("t", '
        'schema="s") as batch:\n        batch.drop_column("a")\n        batch.create_index("i", '
        '["b"])'
    ): [
        "ALTER TABLE s.t DROP COLUMN a",
        "CREATE INDEX i ON s.t (b)",
    ],
    'with op.get_context().autocommit_block():\n        op.execute("DROP INDEX CONCURRENTLY i")': [
        "COMMIT",
        "DROP INDEX CONCURRENTLY i",
        "BEGIN",
    ],
    '"""nothing"""\n    pass': [],
}


@pytest.mark.parametrize(("body", "expected"), OPERATIONS.items(), ids=[each[:40] for each in OPERATIONS])
def test_alembic(body, expected):
    """The statements that Alembic sends."""
    found = alembic(body)
    assert (sql(found), found.skipped) == (expected, ())


@pytest.mark.parametrize(
    "body",
    [
        "op.execute(SQL)",
        'op.execute(f"DROP TABLE {x}")',
        "for t in TABLES:\n        op.drop_table(t)",
        'op.add_column("t", sa.Column("a", sa.Enum("x", name="e")))',
        'op.add_column("t", sa.Column("a", MyType()))',
        'op.bulk_insert(t, [{"a": 1}])',
        "bind = op.get_bind()",
        'op.create_index("i", "t", *columns)',
        'op.create_index("i", "t", ["a"], postgresql_ops={"a": "x"})',
        'session.execute("DROP TABLE t")',
        'op.add_column("t", sa.Column("a", sa.Integer(), server_default=X))',
        "if x:\n        pass",
    ],
)
def test_alembic_where_it_cannot_be_told(body):
    """Said once, on the line, with what to do; never guessed."""
    found = alembic(body)
    assert sql(found) == []
    assert [each.line for each in found.skipped] == [7]
    assert "alembic upgrade --sql" in found.skipped[0].why


def test_alembic_goes_by_what_follows_what():
    """Not by names; the way back is a migration of its own."""
    files = {
        f"v/{name}.py": (
            HEAD.format(name, after)
            + f'def upgrade():\n    op.drop_table("{name}")\ndef downgrade():\n    op.drop_table("x")\n'
        ).encode()
        for name, after in {"a": '"z"', "m": "None", "z": '("m",)'}.items()
    }
    found = read(files).migrations
    assert [each.path for each in found if not each.down] == ["v/m.py", "v/z.py", "v/a.py"]
    assert [each.path for each in found if each.down] == ["v/m.py", "v/z.py", "v/a.py"]
    assert {each.tool for each in found} == {"alembic"}


def test_lines_and_comments_of_alembic():
    """Of the operation, and inside a text of its statement."""
    found = alembic(
        'op.drop_table(\n        "t"\n    )\n    op.execute("""\n    DROP VIEW v;\n    '
        'DROP VIEW w\n    """)  # pgtune: ignore a.b gone'
    )
    made = found.migrations[0].statements
    assert [(each.line, each.lines) for each in made] == [(7, 3), (11, 1), (12, 1)]
    assert [each.reason for each in found.comments] == ["gone"]


def django(**operations):
    """Migrations of one application, each with its operations, in the order given."""
    files, before = {}, "[]"
    for name, each in operations.items():
        text = (
            "from django.db import migrations, models\nclass Migration(migrations.Migration):\n"
            f"    dependencies = {before}\n    operations = [\n{each}\n    ]\n"
        )
        files[f"shop/migrations/{name}.py"] = text.encode()
        before = f'[("shop", "{name}")]'
    return read(files)


CREATE = """migrations.CreateModel(name="Item", fields=[
    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
    ("name", models.CharField(max_length=20)),
    ("price", models.DecimalField(max_digits=8, decimal_places=2, null=True)),
])"""
MADE = (
    "CREATE TABLE shop_item ( id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL PRIMARY KEY, "
    "name varchar(20) NOT NULL, price numeric(8, 2) NULL )"
)
DJANGO = {
    'migrations.RunSQL("DROP VIEW v", migrations.RunSQL.noop)': ["DROP VIEW v"],
    'migrations.AddField(model_name="item", name="n", field=models.IntegerField(default=0))': [
        "ALTER TABLE shop_item ADD COLUMN n integer DEFAULT 0 NOT NULL",
        "ALTER TABLE shop_item ALTER COLUMN n DROP DEFAULT",
    ],
    'migrations.AddField("item", "parent", models.ForeignKey(null=True, on_delete=models.CASCADE, to="shop.item"))': [
        (
            "ALTER TABLE shop_item ADD COLUMN parent_id bigint NULL REFERENCES shop_item (id) "
            "DEFERRABLE INITIALLY DEFERRED"
        ),
        "CREATE INDEX ON shop_item (parent_id)",
    ],
    'migrations.AlterField("item", "name", models.CharField(max_length=50))': [
        "ALTER TABLE shop_item ALTER COLUMN name TYPE varchar(50) USING name::varchar(50)"
    ],
    'migrations.AlterField("item", "price", models.DecimalField(max_digits=8, decimal_places=2, default=0))': [
        "UPDATE shop_item SET price = 0 WHERE price IS NULL",
        "ALTER TABLE shop_item ALTER COLUMN price SET NOT NULL",
    ],
    'migrations.AlterField("item", "name", models.CharField(max_length=20, help_text="x"))': [],
    'migrations.RemoveField("item", "price")': ["ALTER TABLE shop_item DROP COLUMN price CASCADE"],
    'migrations.RenameField("item", "name", "title")': ["ALTER TABLE shop_item RENAME COLUMN name TO title"],
    'AddIndexConcurrently("item", models.Index(fields=["name", "-price"], name="i"))': [
        "CREATE INDEX CONCURRENTLY i ON shop_item (name, price DESC)"
    ],
    'migrations.AddConstraint("item", models.UniqueConstraint(fields=("name",), name="u"))': [
        "ALTER TABLE shop_item ADD CONSTRAINT u UNIQUE (name)"
    ],
    'migrations.DeleteModel("Item")': ["DROP TABLE shop_item CASCADE"],
    'migrations.AlterModelOptions("item", options={})': [],
    (
        "m"
        "i"
        "g"
        'rations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL("DROP INDEX i")], '
        'state_operations=[migrations.RemoveField("item", "price")])'
    ): ["DROP INDEX i"],
}


@pytest.mark.parametrize(("operation", "expected"), DJANGO.items(), ids=[each[:50] for each in DJANGO])
def test_django(operation, expected):
    """The statements that Django sends, with the model as it stands."""
    found = django(m0001=CREATE, a0002=operation)
    assert (sql(found), found.skipped) == ([MADE, *expected], ())


@pytest.mark.parametrize(
    "operation",
    [
        "migrations.RunPython(f)",
        "migrations.RunSQL(SQL)",
        'migrations.AddField("other", "n", models.IntegerField())',
        'migrations.AddField("item", "n", MyField())',
        'migrations.AddField("item", "n", models.UUIDField(default=uuid.uuid4))',
        'migrations.AddConstraint("item", models.CheckConstraint(check=models.Q(price__gt=0), name="c"))',
        'migrations.AddField("item", "u", models.ForeignKey(to=settings.AUTH_USER_MODEL, on_delete=models.CASCADE))',
        'migrations.AddIndex("item", models.Index(Lower("name"), name="i"))',
        "*more",
        "x",
        'migrations.RenameModel("item", "thing")',
        'migrations.AlterField("item", "name", models.CharField(max_length=20, unique=True))',
    ],
)
def test_django_where_it_cannot_be_told(operation):
    """Said once, on the line, with what to do; never guessed."""
    found = django(m0001=CREATE, a0002=operation)
    assert sql(found) == [MADE]
    assert [each.line for each in found.skipped] == [5]
    assert "sqlmigrate" in found.skipped[0].why


def test_django_outside_a_transaction_and_with_a_table_of_its_own():
    """`atomic` and `db_table` count."""
    text = (
        "class Migration(migrations.Migration):\n    atomic = False\n    operations = [migrations.CreateModel("
        "'A', [('id', "
        "models.AutoField(primary_key=True))], options={'db_table': 'own', 'ordering': [F('x')]})]\n"
    )
    made = read({"x/a/migrations/0001_x.py": text.encode()}).migrations[0]
    assert (made.tool, made.transaction) == ("django", False)
    assert "CREATE TABLE own" in made.statements[0].text


def test_what_is_known_is_built_upon_and_not_given_back():
    """The model stands in a migration that nobody asks about."""
    whole = {
        "shop/migrations/0001_x.py": f"class Migration(migrations.Migration):\n    operations = [{CREATE}]".encode(),
        "shop/migrations/0002_y.py": b"class Migration(migrations.Migration):\n"
        b'    dependencies = [("shop", "0001_x")]\n'
        b'    operations = [migrations.RemoveField("item", "price")]\n',
    }
    asked = {"shop/migrations/0002_y.py": whole["shop/migrations/0002_y.py"]}
    assert sql(read(asked, known=whole)) == ["ALTER TABLE shop_item DROP COLUMN price CASCADE"]
    assert len(read(asked).skipped) == 1
