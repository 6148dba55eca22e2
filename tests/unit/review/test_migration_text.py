"""Migrations judged by their text alone: what is new is quiet, what is known to be harmless too."""

import pytest

from pgtune.plans.spot import Facts
from pgtune.review.migrations import findings
from pgtune.sources import read
from pgtune.sources.project import Migration, Sql
from tests.unit.review.migrating import BIG, GB, codes, index, known, one, review, table


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a int); ALTER TABLE t ALTER a TYPE bigint; CREATE INDEX ON t (a)",
        "CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ADD CHECK (a > 0), ADD UNIQUE (a)",
        "CREATE TABLE t AS SELECT 1 AS a; DROP TABLE t",
        "SELECT 1 AS a INTO t; ALTER TABLE t RENAME a TO b",
        'CREATE TABLE "T x" (a int); ALTER TABLE "T x" RENAME TO t; UPDATE t SET a = 1; TRUNCATE t',
        "CREATE TABLE s.t (a int); SET search_path = s; CREATE INDEX ON t (a)",
        "CREATE TABLE public.t (a int); CREATE INDEX i ON t (a); DROP INDEX i",
        "CREATE TABLE t (a int, b int) PARTITION BY RANGE (a); CREATE TABLE u PARTITION OF t DEFAULT",
        "CREATE MATERIALIZED VIEW m AS SELECT 1; REFRESH MATERIALIZED VIEW m",
    ],
)
def test_new_tables_are_quiet(text: str) -> None:
    """Nobody waits for a table that the change itself makes."""
    assert codes(review(text), minor=True) == []


def test_new_in_an_earlier_migration_of_the_change() -> None:
    """Migrations that go out together know what the first of them makes; each alone does not."""
    texts = ("CREATE TABLE t (a int)", "CREATE INDEX ON t (a)")
    assert codes(review(*texts), minor=True) == []
    assert codes(review(*texts, together=False)) == ["migration.index"]


def test_a_table_of_production_is_not_new() -> None:
    """CREATE TABLE IF NOT EXISTS of what is there makes nothing."""
    found = review("CREATE TABLE IF NOT EXISTS orders (a int); CREATE INDEX ON orders (a)", facts=BIG)
    assert codes(found) == ["migration.index"]
    assert codes(review("DROP TABLE orders; CREATE TABLE orders (a int); CREATE INDEX ON orders (a)", facts=BIG)) == [
        "migration.drop"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE t ALTER a TYPE text",
        "ALTER TABLE t ADD COLUMN b timestamptz DEFAULT now()",
        "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a + 1) VIRTUAL",
        "ALTER TABLE t ADD COLUMN b int NOT NULL DEFAULT 0",
        "ALTER TABLE t ADD COLUMN b bigint",
        "ALTER TABLE t ADD COLUMN b text DEFAULT 'random()'",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "UPDATE t SET a = 1 WHERE id = 3",
        "COMMENT ON TABLE t IS 'x'",
        "GRANT SELECT ON t TO r",
        "INSERT INTO t VALUES (1)",
        "this is no SQL",
        "DROP VIEW v; CREATE VIEW v AS SELECT 1",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_harmless_is_quiet(text: str) -> None:
    """A change of the catalog alone is no finding."""
    made = Migration("1.sql", "plain", tuple(Sql(each, "1.sql", 1) for each in text.split("; ")), transaction=False)
    assert [rule.code for _, rule, _ in findings([made]) if rule.code != "migration.lock-timeout"] == []


@pytest.mark.parametrize(
    ("old", "new", "rewrites"),
    [
        ("character varying(20)", "varchar(64)", False),
        ("character varying(64)", "varchar(20)", True),
        ("character varying(64)", "text", False),
        ("text", "varchar(20)", True),
        ("text", "varchar", False),
        ("numeric(10,2)", "numeric(12,2)", False),
        ("numeric(10,2)", "numeric(12,3)", True),
        ("numeric(10,2)", "numeric", False),
        ("integer", "bigint", True),
        ("integer", "int4", False),
        ("integer", "text", True),
        ("timestamp(3) without time zone", "timestamp", False),
        ("character(3)", "char(3)", False),
        ("character(3)", "char(4)", True),
        ("cidr", "inet", False),
        ("integer[]", "bigint[]", True),
    ],
)
def test_a_known_type_decides(old: str, new: str, rewrites: bool) -> None:
    """With the old type known, only what gives the table a new file is said."""
    facts = known(table("t", 10 * GB, ("a", old)))
    assert codes(review(f"ALTER TABLE t ALTER a TYPE {new}", facts=facts)) == ["migration.type-change"] * rewrites


@pytest.mark.parametrize(("pages", "severity"), [(10, None), (200, "note"), (2_000, "warning"), (2 * GB, "error")])
def test_size_makes_the_severity(pages: int, severity: str | None) -> None:
    """The same statement is nothing on a small table and an error on a big one."""
    found = review("CREATE INDEX ON t (a)", facts=known(table("t", pages)))
    assert [remark.severity for code, remark in found if code == "migration.index"] == [severity] * bool(severity)
    assert all(remark.verified for _, remark in found)


def test_unknown_size_is_said_to_be_unverified() -> None:
    """Without a size nothing is an error, and the remark says that it could not be looked at."""
    remark = one(review("CREATE INDEX ON t (a)"), "migration.index")
    assert (remark.severity, remark.verified) == ("warning", False)
    assert "not traced" in remark.message


def test_no_index_of_a_partitioned_table_of_production_is_made_concurrently() -> None:
    """On one of its partitions it is, and that is the way."""
    facts = known(table("events", 0, kind="p"), table("events_1", GB, parent="events"))
    failing = review("CREATE INDEX CONCURRENTLY ON events (at)", facts=facts, transaction=False)
    assert codes(failing) == ["migration.concurrently-partitioned"]
    assert codes(review("CREATE INDEX CONCURRENTLY ON events_1 (at)", facts=facts, transaction=False)) == []


def test_size_of_a_partitioned_table_is_that_of_its_partitions() -> None:
    """The parent has no pages of its own, and CONCURRENTLY is no help there."""
    facts = known(table("t", 0, kind="p"), table("t1", GB, parent="t"), table("t2", GB, parent="t"))
    remark = one(review("CREATE INDEX ON t (a)", facts=facts), "migration.index")
    assert (remark.severity, remark.fix) == ("error", "")
    assert "2 GB" in remark.message
    assert "ATTACH" in remark.help


FIXES = {
    "CREATE UNIQUE INDEX i ON orders (a);": "CREATE UNIQUE INDEX CONCURRENTLY i ON orders (a);",
    "DROP INDEX a.i": "DROP INDEX CONCURRENTLY a.i;",
    "REINDEX TABLE orders": "REINDEX TABLE CONCURRENTLY orders;",
    "ALTER TABLE orders ADD FOREIGN KEY (a, b) REFERENCES c": (
        "ALTER TABLE orders ADD CONSTRAINT orders_a_b_fkey FOREIGN KEY (a, b) REFERENCES c NOT VALID;\n"
        "-- in a transaction of its own:\nALTER TABLE orders VALIDATE CONSTRAINT orders_a_b_fkey;"
    ),
    'ALTER TABLE "Odd ""one"" %s" ADD CHECK ("a b" > 0)': (
        'ALTER TABLE "Odd ""one"" %s" ADD CONSTRAINT "Odd ""one"" %s_a b_check" CHECK ("a b" > 0) NOT VALID;\n'
    ),
    "ALTER TABLE orders ADD COLUMN x int, ADD CONSTRAINT big CHECK (total > 0)": (
        "ALTER TABLE orders ADD CONSTRAINT big CHECK (total > 0) NOT VALID;\n"
    ),
    "ALTER TABLE orders ADD UNIQUE (a, b)": "ALTER TABLE orders ADD CONSTRAINT orders_a_b_key UNIQUE USING INDEX",
    "ALTER TABLE orders ADD PRIMARY KEY (a)": "CREATE UNIQUE INDEX CONCURRENTLY orders_pkey ON orders (a);",
    "ALTER TABLE orders ALTER a SET NOT NULL": "ADD CONSTRAINT orders_a_not_null CHECK (a IS NOT NULL) NOT VALID;",
    "ALTER TABLE orders ADD COLUMN u uuid DEFAULT gen_random_uuid()": "ALTER TABLE orders ADD COLUMN u uuid;\n",
}


@pytest.mark.parametrize("text", FIXES)
def test_fix_is_sql_with_the_real_names(text: str) -> None:
    """What is offered can be pasted: it parses, it has the names, and it is not found again."""
    fixes = [remark.fix for _, remark in review(text) if remark.fix]
    assert any(FIXES[text] in fix.replace("\\", "") or FIXES[text] in fix for fix in fixes), fixes


@pytest.mark.parametrize("text", [each for each in FIXES if "UUID" not in each.upper()])
def test_fix_is_not_found_again(text: str) -> None:
    """The safe form is safe by these very rules."""
    ((code, fix),) = [
        (code, remark.fix) for code, remark in review(text) if remark.fix and "index" not in code[-5:]
    ] or [next((code, remark.fix) for code, remark in review(text) if remark.fix)]
    assert code not in codes(review(fix, transaction=False), minor=True)


def test_not_null_after_a_valid_check_is_quiet() -> None:
    """PostgreSQL trusts the check and reads nothing; one that is not validated yet proves nothing."""
    check = "ALTER TABLE orders ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;"
    valid, last = "ALTER TABLE orders VALIDATE CONSTRAINT c;", "ALTER TABLE orders ALTER a SET NOT NULL"
    assert "migration.not-null" not in codes(review(check + valid + last, transaction=False))
    assert "migration.not-null" in codes(review(check + last, transaction=False))
    assert "migration.not-null" in codes(review(check + valid + last.replace(" a ", " b "), transaction=False))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ALTER TABLE orders ADD COLUMN a int", True),
        ("SET lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN a int", False),
        ("SET LOCAL lock_timeout = 2000; ALTER TABLE orders ADD COLUMN a int", False),
        ("SELECT set_config('lock_timeout', '2s', true); ALTER TABLE orders ADD COLUMN a int", False),
        ("SELECT pg_catalog.set_config('statement_timeout', '2s', true); ALTER TABLE orders ADD a int", False),
        ("SET lock_timeout = 0; ALTER TABLE orders ADD COLUMN a int", True),
        ("SET lock_timeout = '0ms'; ALTER TABLE orders ADD COLUMN a int", True),
        ("SET lock_timeout = '2s'; SET lock_timeout TO DEFAULT; ALTER TABLE orders ADD COLUMN a int", True),
        ("SET lock_timeout = '2s'; RESET lock_timeout; ALTER TABLE orders ADD COLUMN a int", True),
        ("BEGIN; SET LOCAL lock_timeout = '2s'; COMMIT; ALTER TABLE orders ADD COLUMN a int", True),
        ("SET lock_timeout = '2s'; RESET ALL; ALTER TABLE orders ADD COLUMN a int", True),
        ("ALTER TABLE orders VALIDATE CONSTRAINT c", False),
        ("ALTER TABLE orders SET (fillfactor = 90)", False),
    ],
)
def test_lock_timeout(text: str, said: bool) -> None:
    """It is missed once a migration, and only before a lock that others wait behind."""
    assert codes(review(text + ";" + text), minor=True).count("migration.lock-timeout") == said


def test_timeouts_of_one_migration_are_not_those_of_the_next() -> None:
    """Each migration may run in a session of its own."""
    texts = ("SET lock_timeout = '2s'; ALTER TABLE orders ADD a int", "ALTER TABLE orders ADD b int")
    assert codes(review(*texts), minor=True) == ["migration.lock-timeout"]


def test_tools_are_told_how_to_leave_the_transaction() -> None:
    """The remedy names the tool's own way."""
    remark = one(review("CREATE INDEX CONCURRENTLY i ON orders (a)", tool="goose"), "migration.in-transaction")
    assert "+goose NO TRANSACTION" in remark.help
    assert "migration.in-transaction" not in codes(
        review("CREATE INDEX CONCURRENTLY i ON orders (a)", tool="goose", transaction=False)
    )


def test_own_begin_is_nested_only_where_the_tool_opens_one() -> None:
    """A file that a shell script sends to psql has its own transaction."""
    text = "BEGIN; ALTER TABLE orders ADD a int; COMMIT"
    assert "migration.nested-transaction" not in codes(review(text))
    assert codes(review(text, tool="goose")) == ["migration.nested-transaction"]
    assert codes(review("ALTER TABLE orders ADD a int; COMMIT", tool="goose")) == ["migration.nested-transaction"]


def test_what_alembic_sends_around_an_autocommit_block_is_not_the_users() -> None:
    """Its COMMIT and BEGIN are the tool's own; the same words in op.execute() are not."""
    block = "with op.get_context().autocommit_block():\n        op.execute('CREATE INDEX CONCURRENTLY i ON t (a)')"
    for body, expected in ((block, []), ("op.execute('COMMIT')", ["migration.nested-transaction"])):
        text = f"revision = 'b'\ndown_revision = None\n\ndef upgrade():\n    {body}\n"
        made = read({"alembic/versions/b_x.py": text.encode()}).migrations
        found = [(rule.code, remark) for _, rule, remark in findings(made, [], None, together=True)]
        assert codes(found) == expected


def test_a_lock_is_held_while_another_table_is_read() -> None:
    """What is quick by itself is not quick with long work behind it in the same transaction."""
    text = "ALTER TABLE customers ADD COLUMN region text; {} UPDATE orders SET total = 0"
    remark = one(review(text.format(""), facts=BIG), "migration.lock-held")
    assert remark.severity == "error"
    assert "customers" in remark.message
    assert "line 1" in remark.message
    assert "200 GB" in remark.message
    assert "migration.lock-held" not in codes(review(text.format(""), facts=BIG, transaction=False))
    assert "migration.lock-held" not in codes(review("BEGIN; " + text.format("COMMIT;"), facts=BIG))


def test_foreign_key_with_an_index() -> None:
    """An index of production, of the change, before or behind, or a key that begins with the columns: all serve."""
    text = "ALTER TABLE t ADD FOREIGN KEY (b, a) REFERENCES o NOT VALID"
    big = table("t", GB)
    facts = [
        Facts({big.name: type(big)(**{**_fields(big), "indexes": (index("i", *keys),)})})
        for keys in (("a", "b", "c"), ("a", "c"))
    ]
    found = [codes(review(text, facts=each)) for each in facts]
    assert found == [[], ["migration.foreign-key-index"]]
    assert codes(review(f"{text}; CREATE INDEX CONCURRENTLY ON t (b, a)", facts=known(big), transaction=False)) == []
    assert codes(review("CREATE TABLE t (a int REFERENCES o, PRIMARY KEY (a))")) == ["migration.references"]
    assert "migration.foreign-key-index" in codes(review("CREATE TABLE t (a int REFERENCES o)"))
    partial = f"{text}; CREATE INDEX CONCURRENTLY ON t (b, a) WHERE a > 1"
    assert "migration.foreign-key-index" in codes(review(partial, facts=known(big), transaction=False))


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}  # type: ignore[attr-defined]


def test_types_are_noted_once_a_migration() -> None:
    """Ten columns of type json are one note that names them."""
    text = "CREATE TABLE a (x json, y json); CREATE TABLE b (x json); ALTER TABLE c ADD x json"
    remark = one(review(text), "type.json")
    assert remark.severity == "note"
    assert "a.x, a.y, b.x and c.x" in remark.message


def test_place_counts_characters() -> None:
    """A remark points at its command, with letters of more than a byte before it."""
    text = 'ALTER TABLE orders ADD COLUMN "größe" text, ADD COLUMN z uuid DEFAULT gen_random_uuid()'
    remark = one(review(text), "migration.column-default")
    assert text[remark.at :].startswith("z uuid")


def test_rename_with_a_view_of_the_old_name_is_quiet() -> None:
    """That is how it is done; the name as the migration writes it does not matter."""
    text = 'ALTER TABLE orders RENAME TO buys; CREATE VIEW public."orders" AS SELECT * FROM buys'
    assert codes(review(text)) == []


def test_many_statements_are_no_square() -> None:
    """A dump of thousands of tables is looked at in a moment."""
    text = ";".join(f"CREATE TABLE t{n} (a int REFERENCES u{n}); ALTER TABLE t{n} ADD b int" for n in range(2_000))
    assert len(review(text)) >= 1


def test_waiting_is_spoken_of_once() -> None:
    """A trigger, a foreign key and a column of one migration wait alike; a statement that is wrong anyway says more."""
    text = (
        "CREATE TRIGGER t AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE orders ADD a int;"
        "CREATE TABLE p (o bigint PRIMARY KEY REFERENCES orders)"
    )
    assert codes(review(text), minor=True) == ["migration.trigger"]
    assert codes(review("CREATE INDEX i ON orders (a)"), minor=True) == ["migration.index"]
    both = "CREATE INDEX i ON orders (a); ALTER TABLE orders ADD a int"
    assert codes(review(both), minor=True) == ["migration.index", "migration.lock-timeout"]


def test_an_index_that_is_renamed_is_no_table() -> None:
    """Nobody waits for the new name of an index."""
    assert codes(review("ALTER INDEX i RENAME TO j; CREATE INDEX CONCURRENTLY k ON t (a)"), minor=True) == [
        "migration.in-transaction"
    ]


def test_one_word_where_the_statement_itself_is_wrong() -> None:
    """An index built behind an ALTER of the same table is one finding; an UPDATE behind it holds the lock for long."""
    assert codes(review("ALTER TABLE orders ADD a int; CREATE INDEX i ON orders (a)")) == ["migration.index"]
    assert codes(review("ALTER TABLE orders ADD a int; UPDATE orders SET a = 1")) == [
        "migration.no-where", "migration.lock-held",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALTER TABLE t ADD CONSTRAINT c NOT NULL a", ["migration.not-null"]),
        ("ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID", []),
        ("ALTER TABLE t ALTER a TYPE bigint, ALTER b SET NOT NULL, ADD CHECK (b > 0)", ["migration.type-change"]),
        ("ALTER TABLE t ADD COLUMN a int REFERENCES o UNIQUE", ["migration.unique"]),
        ("ALTER TABLE t ADD a int DEFAULT 1 UNIQUE REFERENCES o", ["migration.foreign-key", "migration.unique"]),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED", []),
        ("ALTER FOREIGN TABLE f ADD COLUMN a int NOT NULL", []),
        ("CREATE TEMP TABLE x (a json, b timestamp, id serial PRIMARY KEY)", []),
        ("VACUUM FULL", ["migration.rewrite"]),
        ("CLUSTER", ["migration.rewrite"]),
        ("ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", ["migration.rewrite"]),
        ("ALTER INDEX i SET TABLESPACE b", ["migration.rewrite"]),
        ("ALTER DOMAIN d SET NOT NULL", ["migration.domain"]),
        ("DROP DATABASE d", ["migration.drop"]),
        ("UPDATE t SET a = 1 FROM s WHERE s.a = t.a", []),
        ("CREATE TABLE a (b int REFERENCES a, PRIMARY KEY (b))", []),
        ("ALTER TABLE t DROP COLUMN a", ["migration.drop"]),
        ("BEGIN; DROP VIEW v; CREATE VIEW v AS SELECT 1; COMMIT", []),
    ],
)  # fmt: skip
def test_less_usual_forms(text: str, expected: list[str]) -> None:
    """What each of them is, and is not."""
    assert codes(review(text, transaction=False)) == expected


def test_size_of_partitions_of_partitions() -> None:
    """A partition may be partitioned itself: what counts are the files below."""
    tables = (table("t", 0, kind="p"), table("u", 0, kind="p", parent="t"), table("v", 2 * GB, parent="u"))
    assert one(review("CREATE INDEX ON t (a)", facts=known(*tables)), "migration.index").severity == "error"


def test_partitions_that_go_round_in_a_circle_end() -> None:
    """A snapshot that says nonsense is no endless loop."""
    tables = (table("t", 0, kind="p", parent="u"), table("u", 0, kind="p", parent="t"), table("v", GB, parent="u"))
    assert one(review("CREATE INDEX ON t (a)", facts=known(*tables)), "migration.index").severity == "error"
