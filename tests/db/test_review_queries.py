"""Each query rule finds its wrong example on a big shop's twin and not its right one; good queries are left alone."""

from collections.abc import Iterator

import psycopg
import pytest

from pgtune.review.asked import Ground
from pgtune.review.queries import findings
from pgtune.review.rules.query import QUERY
from tests.db import asking

# What a rule says where sizes are known better rules say, so that it speaks only without them.
SIZELESS = {"query.cross-join", "guide.filter-index", "guide.compound-index"}
LOOPS = {
    "wrong": ("SELECT name FROM customers WHERE id = $1", 3),
    "right": ("SELECT id, name FROM customers WHERE id = ANY($1)", 0),
}


@pytest.fixture(scope="module")
def shop(clusters, binaries_of) -> Iterator[str]:
    cluster = clusters.shared(binaries_of(18))
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("create database asked")
    asking.filled(cluster.conninfo("asked"))
    yield cluster.conninfo("asked")
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("drop database asked with (force)")


@pytest.fixture(scope="module")
def big(shop) -> Iterator[Ground]:
    with asking.ground(shop) as ground:
        yield ground


@pytest.fixture(scope="module")
def sizeless(shop) -> Iterator[Ground]:
    with asking.ground(shop, sized=False) as ground:
        yield ground


def example(rule, kind):
    return LOOPS[kind] if rule.code == "query.loop" else (getattr(rule, kind), 0)


@pytest.mark.parametrize(("rule", "check"), QUERY, ids=[rule.code for rule, _ in QUERY])
def test_each_rule_finds_its_wrong_example_alone(rule, check, big, sizeless):
    """With a message and a way out, no graver than the rule says; the right example it leaves alone."""
    ground = sizeless if rule.code in SIZELESS else big
    wrong, right = (
        list(check(asking.asked(text, ground, loop=loop)))
        for text, loop in (example(rule, kind) for kind in ("wrong", "right"))
    )
    assert wrong, rule.code
    assert not right, rule.code
    gravest = ["error", "warning", "note"]
    for remark in wrong:
        assert remark.message, rule.code
        assert remark.help, rule.code
        assert gravest.index(remark.severity) >= gravest.index(rule.severity)
        assert remark.verified == (rule.code not in SIZELESS)


GOOD = (
    "select id, total from orders where id = $1",
    "select name from customers where email = $1",
    "select id, total from orders where customer_id = $1 order by id limit 20",
    "select id from orders where created_at >= $1 order by created_at, id limit 20",
    "select id, status from orders where id = any($1)",
    "select o.id, c.name from orders o join customers c on c.id = o.customer_id where o.id = $1",
    "select count(*) from orders where id between $1 and $2",
    "select exists (select from orders where customer_id = $1)",
    "select * from kinds where name like '%x%'",
    "select * from kinds order by random() limit 1",
    "select * from kinds where parent not in (select id from kinds) order by id limit 20 offset 0",
    "select k.name, c.name from kinds k, customers c where c.id = $1",
    "insert into orders (id, customer_id, status, total, created_at, placed_at) values ($1, $2, 'x', 0, now(), now())",
    "update orders set status = 'paid' where id = $1",
    "delete from orders where id = $1",
    "delete from kinds",
    "with c as (select id from orders where id = $1) select * from c",
    "select at, value from measurements where device_id = $1 and at >= $2 order by at limit 20",
    "select id from kinds where id not in (select parent from kinds where parent is not null)",
    "select status, count(*) from orders where id = any($1) group by status",
    "select id from orders where status = 'new' and id > $1 order by id limit 20 for update skip locked",
    "select 1",
    "select relname from pg_class where relkind = 'r'",
    "select id from orders where id = $1 union all select id from orders where id = $2",
)


@pytest.mark.parametrize("text", GOOD)
def test_good_queries_are_left_alone(text, big):
    """Lookups by key, pages by cursor, small tables: nothing but what is wrong is said."""
    asked = asking.asked(text, big)
    assert asked.plan, asked.why_unplanned
    told = [(rule.code, remark.severity, remark.message) for _, rule, remark in findings(asked)]
    assert not told


def test_a_missing_index_is_proven_once(big):
    """Of all that the plan shows one finding is left: costs before and after, and the statement that does it."""
    ((_, rule, remark),) = findings(asking.asked("select sum(total) from orders where note = $1", big))
    assert (rule.code, remark.severity) == ("index.missing", "error")
    assert "orders (2." in remark.message
    assert remark.fix.startswith("CREATE INDEX CONCURRENTLY")
    assert '"note"' in remark.fix


def test_a_first_row_soon_found_is_no_error(big):
    """Of a table of 1.6 GB only as much counts as the query is expected to read."""
    ((_, rule, remark),) = findings(asking.asked("select id, total from orders where note = $1 limit 20", big))
    assert (rule.code, remark.severity) == ("index.missing", "note")


def test_no_index_is_asked_for_where_none_helps(big):
    """A filter that keeps two thirds of the rows is answered by reading them."""
    found = {
        rule.code
        for _, rule, _ in findings(asking.asked("select sum(total) from orders where status = 'delivered'", big))
    }
    assert not found


def test_a_rewrite_that_wins_needs_no_index(big):
    """The day of a moment is a range of it, of which there is an index: the rewrite is proposed, and no index."""
    text = "select sum(total) from orders where placed_at::date = '2026-03-05' and status <> 'new'"
    ((_, rule, remark),) = findings(asking.asked(text, big))
    assert rule.code == "query.unsargable"
    assert "placed_at >= CAST('2026-03-05' AS DATE)" in remark.fix
    assert asking.asked(remark.fix, big).plan.indexes == {"orders_placed"}


def test_a_rewrite_may_need_an_index_too(big):
    """Neither the bare column nor an index of the expression is there: both are proposed, tried together."""
    text = "select count(pad) from visits where date_trunc('day', at) = '2026-03-05'"
    told = {rule.code: remark for _, rule, remark in findings(asking.asked(text, big))}
    remark = told.pop("query.unsargable")
    assert "of which there is no index" in remark.message
    assert not told
    rewritten, index = remark.fix.split(";\n")
    assert "at >= CAST('2026-03-05' AS TIMESTAMPTZ)" in rewritten
    assert index.endswith('ON "public"."visits" USING btree ("at");')


def test_a_page_by_offset_becomes_one_by_cursor(big):
    """The key breaks ties, the index is checked and made, and the page costs a fraction."""
    text = "select id, total from orders where customer_id = $1 order by created_at desc limit 20 offset $2"
    told = {rule.code: remark for _, rule, remark in findings(asking.asked(text, big))}
    fix = told["guide.offset"].fix
    assert '("customer_id", "created_at", "id")' in fix
    assert "(created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT 20" in fix
    assert "an index for that order is missing" in told["guide.offset"].help


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("select note from orders order by note limit 20 offset 40", "note may be null"),
        ("select id from orders limit 20 offset 40", "no ORDER BY"),
        ("select status, count(*) from orders group by status order by status limit 2 offset 1", "gathered"),
        (
            "select e.id from orders o join events e using (customer_id) order by e.id limit 2 offset 1",
            "several",
        ),
        ("select at from measurements order by at limit 20 offset 40", "no unique key"),
    ],
)
def test_where_no_cursor_can_be_the_reason_is_told(text, why, big):
    """A rewrite that could change the answer is not proposed."""
    told = {rule.code: remark for _, rule, remark in findings(asking.asked(text, big))}
    assert why in told["guide.offset"].help
    assert not told["guide.offset"].fix


def test_without_sizes_there_are_only_unverified_notes(sizeless):
    """Whatever depends on a size is a note that says so."""
    texts = (
        "select id from orders where note = $1", "select id from orders where note like '%x'",
        "select id from orders order by id limit 20 offset $1", "select count(*) > 0 from orders where customer_id = 3",
        "select id from orders order by random() limit 1", "select o.id from orders o, customers c where o.id = $1",
        "select id from orders where customer_id = $1 and status = $2", "select * from orders",
        "select id from orders where placed_at::date = $1",
    )  # fmt: skip
    for text in texts:
        told = [(rule.code, remark) for _, rule, remark in findings(asking.asked(text, sizeless))]
        assert {(remark.severity, remark.verified) for _, remark in told} <= {("note", False)}, (text, told)
        assert len(told) == (text != "select * from orders"), (text, told)


def test_without_sizes_an_index_that_serves_is_known(sizeless):
    """The planner says it of an empty table too, when it may not read it whole."""
    for text in (
        "select id from orders where customer_id = $1 and total > $2",
        "select id from orders where created_at > $1",
        "select id from customers where email = $1",
        "select at from measurements where device_id = $1",
    ):
        assert not list(findings(asking.asked(text, sizeless))), text


def test_of_a_text_that_is_not_whole_only_what_is_certain_is_said(big):
    """What is put behind it may be the WHERE, the LIMIT or the index that seem to be missing."""
    for text in ("update orders set note = $1", "select * from orders", "select id from orders where note = $1"):
        assert not list(findings(asking.asked(text, big, dynamic=True)))
    (found,) = findings(asking.asked("select id from orders order by id limit 20 offset $1", big, dynamic=True))
    assert found[1].code == "guide.offset"


def test_a_forgotten_join_is_all_that_is_said(big):
    """A parameter of the query is no link between its tables, and the rest can wait until there is one."""
    ((_, rule, remark),) = findings(asking.asked("select o.id from orders o, customers c where o.note = $1", big))
    assert (rule.code, remark.severity) == ("join.cartesian", "error")


def test_a_fix_has_the_placeholders_of_the_code(big):
    """What is proposed can be pasted."""
    text = "select id, total from orders where customer_id = :who order by created_at desc limit :n offset :skip"
    told = {rule.code: remark for _, rule, remark in findings(asking.asked(text, big, native=False))}
    assert told["guide.offset"].message.startswith("finds its page by OFFSET :skip")
    assert "customer_id = :who AND (created_at, id) < (:created_at, :id)" in told["guide.offset"].fix
    (found,) = findings(asking.asked("select name from customers where id = %s", big, native=False, loop=3))
    assert found[2].fix == "SELECT id, name FROM customers WHERE id = ANY(%s)"


def test_placeholders_of_drivers_are_understood(big):
    """The text stays as it was written, and is planned with $n."""
    asked = asking.asked("select id from orders where id = %(id)s and note like '%%x'", big, native=False)
    assert asked.plan
    assert asked.text == "select id from orders where id = $1 and note like '%%x'"
