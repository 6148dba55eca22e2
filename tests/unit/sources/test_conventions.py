"""Migrations of every tool: which they are, their order, their direction and their transactions."""

import pytest

from pgtune.sources import read


def project(files):
    return read({path: text.encode() for path, text in files.items()})


def seen(files):
    """Each migration as file, tool, transaction, down and the first words of its statements."""
    return [
        (each.path, each.tool, each.transaction, each.down, [sql.text.split("(")[0].strip() for sql in each.statements])
        for each in project(files).migrations
    ]


CONCURRENTLY = "create index concurrently on t(a);"
CASES = {
    "numbers count as numbers": (
        {"migrations/10_b.sql": "alter table t add b int;", "migrations/9_a.sql": "create table t ();"},
        [
            ("migrations/9_a.sql", "numbered", True, False, ["create table t"]),
            ("migrations/10_b.sql", "numbered", True, False, ["alter table t add b int"]),
        ],
    ),
    "a dated file that the server refuses in a transaction": (
        {"db/migrations/20240101120000_i.sql": CONCURRENTLY},
        [("db/migrations/20240101120000_i.sql", "numbered", False, False, ["create index concurrently on t"])],
    ),
    "a number alone makes no migration": ({"reports/2024_q1.sql": "select 1"}, []),
    "backwards by name": (
        {"migrations/001_x_down.sql": "drop table t"},
        [("migrations/001_x_down.sql", "numbered", True, True, ["drop table t"])],
    ),
    "golang-migrate sends a file as it is": (
        {
            "m/1_a.up.sql": CONCURRENTLY,
            "m/2_b.up.sql": "create table a(); create table b();",
            "m/1_a.down.sql": "drop index i",
        },
        [
            ("m/1_a.down.sql", "golang-migrate", False, True, ["drop index i"]),
            ("m/1_a.up.sql", "golang-migrate", False, False, ["create index concurrently on t"]),
            ("m/2_b.up.sql", "golang-migrate", True, False, ["create table a", "create table b"]),
        ],
    ),
    "sqlx is a Rust project's": (
        {
            "Cargo.toml": "",
            "migrations/1_a.up.sql": CONCURRENTLY,
            "migrations/2_b.sql": "-- no-transaction\n" + CONCURRENTLY,
        },
        [
            ("migrations/1_a.up.sql", "sqlx", True, False, ["create index concurrently on t"]),
            ("migrations/2_b.sql", "sqlx", False, False, ["create index concurrently on t"]),
        ],
    ),
    "diesel": (
        {
            "migrations/2019-09-17_x/up.sql": "create table t ()",
            "migrations/2019-09-17_x/down.sql": "drop table t",
            "migrations/2019-09-18_y/up.sql": CONCURRENTLY,
            "migrations/2019-09-18_y/metadata.toml": "run_in_transaction = false\n",
        },
        [
            ("migrations/2019-09-17_x/down.sql", "diesel", True, True, ["drop table t"]),
            ("migrations/2019-09-17_x/up.sql", "diesel", True, False, ["create table t"]),
            ("migrations/2019-09-18_y/up.sql", "diesel", False, False, ["create index concurrently on t"]),
        ],
    ),
    "prisma": (
        {"prisma/migrations/20230101_a/migration.sql": "CREATE TABLE t ();"},
        [("prisma/migrations/20230101_a/migration.sql", "prisma", False, False, ["CREATE TABLE t"])],
    ),
    "goose": (
        {
            "db/00001_x.sql": "-- +goose NO TRANSACTION\n-- +goose Up\n"
            + CONCURRENTLY
            + "\n-- +goose Down\ndrop index i;\n"
        },
        [
            ("db/00001_x.sql", "goose", False, False, ["create index concurrently on t"]),
            ("db/00001_x.sql", "goose", False, True, ["drop index i"]),
        ],
    ),
    "goose in small letters, with a body": (
        {
            "db/2_x.sql": "-- +goose no transaction\n-- +goose up\n"
            "-- +goose statementbegin\ndo $$ begin null; end $$;\n-- +goose statementend\n"
        },
        [("db/2_x.sql", "goose", False, False, ["do $$ begin null; end $$"])],
    ),
    "goose in one transaction": (
        {"db/3_x.sql": "-- +goose Up\ncreate table t ();\n"},
        [("db/3_x.sql", "goose", True, False, ["create table t"])],
    ),
    "dbmate": (
        {
            "db/migrations/1_x.sql": "-- migrate:up transaction:false\n"
            + CONCURRENTLY
            + "\n\n-- migrate:down\ndrop index i;\n"
        },
        [
            ("db/migrations/1_x.sql", "dbmate", False, False, ["create index concurrently on t"]),
            ("db/migrations/1_x.sql", "dbmate", True, True, ["drop index i"]),
        ],
    ),
    "sql-migrate": (
        {"x.sql": "-- +migrate Up notransaction\n" + CONCURRENTLY + "\n-- +migrate Down\ndrop index i;"},
        [
            ("x.sql", "sql-migrate", False, False, ["create index concurrently on t"]),
            ("x.sql", "sql-migrate", True, True, ["drop index i"]),
        ],
    ),
    "tern": (
        {"001_x.sql": "create table t ();\n---- create above / drop below ----\ndrop table t;\n"},
        [("001_x.sql", "tern", True, False, ["create table t"]), ("001_x.sql", "tern", True, True, ["drop table t"])],
    ),
    "flyway by version, what is repeated last": (
        {
            "sql/V1_10__x.sql": "select 10",
            "sql/V1_9__y.sql": "select 9",
            "sql/V2__z.sql": CONCURRENTLY,
            "sql/U2__z.sql": "drop index i",
            "sql/R__views.sql": "create view v as select 1",
        },
        [
            ("sql/V1_9__y.sql", "flyway", True, False, ["select 9"]),
            ("sql/V1_10__x.sql", "flyway", True, False, ["select 10"]),
            ("sql/U2__z.sql", "flyway", True, True, ["drop index i"]),
            ("sql/V2__z.sql", "flyway", False, False, ["create index concurrently on t"]),
            ("sql/R__views.sql", "flyway", True, False, ["create view v as select 1"]),
        ],
    ),
    "flyway's script configuration": (
        {"sql/V1__x.sql": "create table t ()", "sql/V1__x.sql.conf": "executeInTransaction=false"},
        [("sql/V1__x.sql", "flyway", False, False, ["create table t"])],
    ),
    "sqitch in the order of its plan": (
        {
            "sqitch.plan": "%syntax-version=1.0.0\n\nusers 2024-01-01T00:00:00Z me <a@b> # x\naccounts [users] 2024\n",
            "deploy/accounts.sql": "begin; create table a(); commit;",
            "deploy/users.sql": "begin; create table u(); commit;",
            "revert/users.sql": "drop table u",
        },
        [
            ("deploy/users.sql", "sqitch", False, False, ["begin", "create table u", "commit"]),
            ("revert/users.sql", "sqitch", False, True, ["drop table u"]),
            ("deploy/accounts.sql", "sqitch", False, False, ["begin", "create table a", "commit"]),
        ],
    ),
    "the dump of a Rails project comes first": (
        {"db/structure.sql": "create table t ();", "a/1_x.sql": "select 1", "a/migrations/1_x.sql": "select 1"},
        [
            ("db/structure.sql", "structure", False, False, ["create table t"]),
            ("a/migrations/1_x.sql", "numbered", True, False, ["select 1"]),
        ],
    ),
    "atlas": (
        {"migrations/20240101_x.sql": "-- atlas:txmode none\n\ncreate table t ();"},
        [("migrations/20240101_x.sql", "atlas", False, False, ["create table t"])],
    ),
    "DDL of no tool": (
        {"schema.sql": "create table t (); insert into t default values;"},
        [("schema.sql", "plain", False, False, ["create table t", "insert into t default values"])],
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_migrations(files, expected):
    """As their tool applies them."""
    assert seen(files) == expected


def test_the_other_direction_keeps_its_lines():
    """The lines of a part are those of its file."""
    found = project({"m/1_x.sql": "-- +goose Up\ncreate table t (\n);\n\n-- +goose Down\ndrop table t;\n"}).migrations
    assert [[sql.line for sql in each.statements] for each in found] == [[2], [6]]
    assert found[0].statements[0].lines == 2


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "db/migrate/20240101_x.rb",
            'class X < ActiveRecord::Migration[7.1]\n  def up = execute("delete from t")\nend',
        ),
        (
            "db/migrate/20240102_x.rb",
            "class X < ActiveRecord::Migration[7.1]\n  def change = add_column(:t, :a, :text)\nend",
        ),
        ("src/migrations/1-x.ts", "export async function up(queryRunner) { await queryRunner.query(`DELETE FROM t`) }"),
    ],
)
def test_migrations_that_are_code_of_other_languages_are_named(path, text):
    """They are not read as what they are, and that is said."""
    assert ["rendered" in each.why or "renders" in each.why for each in project({path: text}).skipped] == [True]
