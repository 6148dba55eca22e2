"""Every migration rule asked of what its own examples do on a twin, where tables are as big as they are said to be."""

from collections.abc import Iterator

import pytest

from pgtune.model.design import Name
from pgtune.model.trace import Script, Trace
from pgtune.plans.facts import Facts
from pgtune.review.catalogue import MIGRATION
from pgtune.review.migrations import findings
from pgtune.review.rule import Rule
from pgtune.snapshot.blank import blank
from pgtune.sources.project import Migration
from pgtune.twin import Twin, raised
from tests.unit.review.migrating import GB, known, migration, table

SCHEMA = (
    "CREATE TABLE customers (id bigint PRIMARY KEY, region text)",
    """CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, total integer DEFAULT 1, tax integer, note text,
                            number text, status text, tenant name, created_at timestamptz)""",
    "CREATE INDEX orders_old_idx ON orders (number)",
    "CREATE UNIQUE INDEX orders_number_key ON orders (number)",
    "ALTER TABLE orders ALTER total SET NOT NULL",
    "CREATE TABLE bookings (room int, during tstzrange)",
    "CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at)",
    "CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "CREATE TABLE events_2026 (id bigint, at date NOT NULL)",
    "CREATE MATERIALIZED VIEW sales_by_day AS SELECT id FROM orders",
    "CREATE UNIQUE INDEX sales_by_day_id ON sales_by_day (id)",
    "CREATE TYPE mood AS ENUM ('fair')",
    "CREATE TABLE people (id bigint PRIMARY KEY, mood mood)",
    "CREATE DOMAIN amount AS numeric",
    "CREATE TABLE bills (id bigint PRIMARY KEY, amount amount)",
    "CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
    "CREATE TRIGGER audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audited()",
)
TABLES = ("customers", "orders", "bookings", "events_2026", "people", "bills")
FACTS = known(
    *(table(name, 2 * GB) for name in TABLES),
    table("events", 0, kind="p"), table("events_2020", 2 * GB, parent="events"),
    table("sales_by_day", 2 * GB, kind="m"),
)  # fmt: skip


@pytest.fixture(scope="module", params=(14, 18), ids=lambda major: f"pg{major}")  # the oldest and the newest
def twin(request, binaries_of) -> Iterator[Twin]:
    binaries = binaries_of(request.param)
    with raised(blank(binaries.major), binaries=binaries) as made:
        yield made


def judged(twin: Twin, text: str) -> tuple[list[tuple[str, bool]], Trace, Migration]:
    """What is said of the text, run outside its tool's transaction on the schema above: codes, and if traced."""
    twin.migrate(Script(("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", *SCHEMA), transaction=False))
    made = migration(text, transaction=False)
    trace = twin.migrate(Script(tuple(each.text for each in made.statements), transaction=False))
    said = findings([made], [trace], Facts(FACTS.tables))
    return [(rule.code, "not traced" not in remark.message) for _, rule, remark in said], trace, made


@pytest.mark.parametrize("rule", [rule for rule, _ in MIGRATION], ids=lambda rule: rule.code)
def test_examples_on_a_twin(twin, rule: Rule):
    """The trace finds the wrong example as the text does, and has nothing to say of the right one."""
    found, trace, made = judged(twin, rule.wrong)
    assert rule.code in {code for code, _ in found}, [(each.status, each.why) for each in trace.effects]
    if all(each.status in {"applied", "planned"} for each in trace.effects):
        assert all(traced for _, traced in found)
    found, trace, made = judged(twin, rule.right)
    failed = [(sql.text, each.why) for sql, each in zip(made.statements, trace.effects, strict=True)
              if each.status == "failed"]  # fmt: skip
    assert failed == []
    assert rule.code not in {code for code, _ in found}


def test_names_of_the_trace_are_those_of_the_text(twin):
    """A table of another schema, with a name that must be quoted, is the same table to both."""
    twin.migrate(Script(('CREATE SCHEMA "s ""q"" %s"', 'CREATE TABLE "s ""q"" %s"."T; x" (a int)'), transaction=False))
    name = Name('s "q" %s', "T; x")
    made = migration('ALTER TABLE "s ""q"" %s"."T; x" ALTER a TYPE bigint')
    trace = twin.migrate(Script(tuple(each.text for each in made.statements)))
    assert trace.effects[0].rewritten == (name,)
    big = table("x", 2 * GB)
    facts = Facts({name: type(big)(name, "r", (), 2 * GB, 2 * GB, 1e6)})
    (found,) = [remark for _, rule, remark in findings([made], [trace], facts) if rule.code == "migration.type-change"]
    assert found.severity == "error"
    assert '"s ""q"" %s"."T; x" (2 GB)' in found.message


def test_what_made_a_table_is_not_laid_to_the_next_statement(twin):
    """The index of a new table's key was built by its own statement: the next one has read nothing."""
    twin.migrate(Script(("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"), transaction=False))
    twin.migrate(Script(("CREATE TABLE o (id bigint PRIMARY KEY, note varchar(20), UNIQUE (note))",)))
    (effect,) = twin.migrate(Script(("ALTER TABLE o ALTER note TYPE varchar(64)",))).effects
    assert effect.scanned == ()
    (effect,) = twin.migrate(Script(("ALTER TABLE o ALTER note SET NOT NULL",))).effects
    assert effect.scanned == (Name("public", "o"),)
