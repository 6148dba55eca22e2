"""What an expert would create, one case a test, and what an expert would leave."""

import pytest

from pgtune.indexes.advice import IndexAdvice


def only(answer: IndexAdvice) -> str:
    """The one recommended index as SQL."""
    assert [each.index.ddl("") for each in answer.recommendations], "nothing was recommended"
    (found,) = answer.recommendations
    assert found.cost_after < found.cost_before
    assert found.size_bytes > 0
    return found.index.ddl("").split(" ON ", 1)[1].replace('"', "").replace("public.", "")


def test_equality(advised) -> None:
    """A lookup by one column gets a B-tree on it."""
    assert only(advised("select * from customers where email = 'User7@example.org'")) == "customers USING btree (email)"


def test_range(advised) -> None:
    """A narrow range of an uncorrelated column gets a B-tree."""
    text = "select * from orders where created_at >= '2026-02-01' and created_at < '2026-02-01 06:00'"
    assert only(advised(text)) == "orders USING btree (created_at)"


def test_equality_before_range(advised) -> None:
    """Of an equality and a range the equality comes first."""
    text = "select * from orders where created_at >= '2026-02-01' and customer_id = 42"
    assert only(advised(text)).startswith("orders USING btree (customer_id")


def test_order_with_limit(advised) -> None:
    """The newest rows of one customer: equality, then the order."""
    text = "select * from orders where status = 'done' order by created_at desc limit 20"
    assert "created_at DESC" in only(advised(text)) or "(created_at" in only(advised(text))


def test_descending_with_nulls_last(advised) -> None:
    """An order that no plain index has is in the index as it was asked for."""
    found = only(advised("select * from orders order by shipped_at desc nulls last limit 10"))
    assert found == "orders USING btree (shipped_at DESC NULLS LAST)"


def test_covering(advised) -> None:
    """A wide range that reads one narrow column more gets an index that holds it."""
    found = only(advised("select sum(total) from orders where customer_id between 1 and 9000"))
    assert found in {"orders USING btree (customer_id, total)", "orders USING btree (customer_id) INCLUDE (total)"}


def test_partial(advised) -> None:
    """The few rows of a rare constant, in order: a partial index."""
    found = only(advised("select * from orders where status = 'paid' order by created_at limit 50"))
    assert found.endswith("WHERE status = 'paid'")
    assert "created_at" in found


def test_lower(advised) -> None:
    """lower(x) = gets an index on the expression."""
    answer = advised("select * from customers where lower(email) = 'user7@example.org'")
    assert only(answer) == "customers USING btree ((lower(email)))"
    assert any(each.kind == "expression" for each in answer.statistics)


def test_prefix(advised) -> None:
    """LIKE 'x%' in a database that does not sort by bytes gets the pattern class."""
    found = only(advised("select * from customers where email like 'User77%'"))
    assert found == "customers USING btree (email text_pattern_ops)"


def test_trigram(advised) -> None:
    """LIKE '%x%' gets trigrams."""
    found = only(advised("select * from customers where name like '%abcdef%'"))
    assert found.startswith("customers USING gin (name gin_trgm_ops)")


def test_jsonb(advised) -> None:
    """Containment alone gets the smaller operator class."""
    found = only(advised("""select * from events where payload @> '{"product": 7}'"""))
    assert found == "events USING gin (payload jsonb_path_ops)"


def test_jsonb_key(advised) -> None:
    """The question for a key needs the default operator class."""
    found = only(advised("select * from events where payload ? 'missing'"))
    assert found == "events USING gin (payload)"


def test_array(advised) -> None:
    """Containment of an array gets GIN."""
    assert only(advised("select * from events where tags @> array['t7']")) == "events USING gin (tags)"


def test_full_text(advised) -> None:
    """Full-text search over an expression gets GIN on that expression."""
    text = "select * from events where to_tsvector('english', body) @@ to_tsquery('english', 'word7')"
    assert only(advised(text)) == "events USING gin ((to_tsvector('english', body)))"


def test_overlap(advised) -> None:
    """Overlapping ranges get GiST."""
    text = "select * from events where span && tstzrange('2026-02-01', '2026-02-01 00:10')"
    assert only(advised(text)) == "events USING gist (span)"


def test_block_range(advised) -> None:
    """A big table in the order of its time: with little storage to spend, BRIN."""
    text = "select count(*) from log where at >= '2026-01-03' and at < '2026-01-04' and text like 'x%'"
    assert only(advised(text, budget_bytes=1 << 20)) == "log USING brin (at)"


def test_join(advised) -> None:
    """A join from few rows gets an index on the other side's column."""
    text = "select o.* from customers c join orders o on o.customer_id = c.id where c.id = 17"
    assert only(advised(text)).startswith("orders USING btree (customer_id")


def test_foreign_key(advised) -> None:
    """Deletes of customers look for their orders: the foreign key gets its index although no statement reads by it."""
    found = only(advised(("delete from customers where id = 7", 500)))
    assert found == "orders USING btree (customer_id)"


def test_maximum(advised) -> None:
    """The greatest value of a group's column is at the end of an index."""
    found = only(advised("select max(created_at) from orders where customer_id = 5"))
    assert found.startswith("orders USING btree (customer_id")


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(("select * from tiny where name = 'name 7'",), id="tiny table"),
        pytest.param(("select * from orders where status = 'done'",), id="unselective"),
        pytest.param(("select * from customers where id = 7",), id="covered by the primary key"),
        pytest.param(
            (("update counters set hits = hits + 1 where id = 7", 500000), "select * from counters where hits = 9"),
            id="write-heavy",
        ),
        pytest.param(("select count(*), sum(total), max(note) from orders",), id="everything is read"),
    ],
)  # fmt: skip
def test_nothing_is_right(advised, texts) -> None:
    """Tiny tables, unselective conditions, covered queries, much written columns and whole reads get no index."""
    answer = advised(*texts)
    assert answer.recommendations == ()
    assert answer.declined
