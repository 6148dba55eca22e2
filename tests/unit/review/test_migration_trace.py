"""Migrations judged by what was seen on a twin: the trace overrules what the text lets one think."""

import pytest

from pgtune.model.design import Name
from pgtune.model.trace import Effect, Lock
from tests.unit.review.migrating import BIG, CUSTOMERS, ORDERS, codes, one, review

AE, SRE, SHARE = "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE"


def applied(*locks: tuple[Name, str], rewritten: bool = False, scanned: bool = False) -> Effect:
    """A statement that was run and seen to lock, and to write or read all of orders."""
    found = tuple(Lock(table, mode) for table, mode in locks)
    return Effect("applied", locks=found, rewritten=(ORDERS,) * rewritten, scanned=(ORDERS,) * scanned)


@pytest.mark.parametrize("rewritten", [True, False])
def test_only_a_rewrite_that_was_seen_is_said(rewritten: bool) -> None:
    """timestamp to timestamptz rewrites or does not, as the time zone is: the trace knows."""
    text = "ALTER TABLE orders ALTER placed TYPE timestamptz"
    found = review(text, facts=BIG, effects=[applied((ORDERS, AE), rewritten=rewritten)])
    assert codes(found) == ["migration.type-change"] * rewritten
    for _, remark in found:
        assert "not traced" not in remark.message
        assert remark.verified


def test_rewrite_is_an_error_with_size_lock_and_remedy() -> None:
    """What a reviewer needs stands in the remark."""
    text = "ALTER TABLE orders ALTER total TYPE bigint"
    remark = one(review(text, facts=BIG, effects=[applied((ORDERS, AE), rewritten=True)]), "migration.type-change")
    assert remark.severity == "error"
    assert remark.message == "total from integer to bigint rewrites orders (200 GB) under ACCESS EXCLUSIVE"


def test_rewrite_that_no_text_tells() -> None:
    """A function of the project's own is volatile or not: only the trace can say."""
    text = "ALTER TABLE orders ADD COLUMN token text DEFAULT make_token()"
    seen = review(text, facts=BIG, effects=[applied((ORDERS, AE), rewritten=True)])
    assert one(seen, "migration.column-default").severity == "error"
    assert codes(review(text, facts=BIG, effects=[applied((ORDERS, AE))])) == []


@pytest.mark.parametrize("scanned", [True, False])
def test_not_null_reads_or_trusts_a_check(scanned: bool) -> None:
    """A valid check of production lets SET NOT NULL go without a scan: the trace shows whether there was one."""
    found = review(
        "ALTER TABLE orders ALTER total SET NOT NULL", facts=BIG, effects=[applied((ORDERS, AE), scanned=scanned)]
    )
    assert codes(found) == ["migration.not-null"] * scanned


@pytest.mark.parametrize(
    ("status", "traced"), [("applied", True), ("failed", False), ("present", False), ("unverified", False)]
)
def test_what_was_not_applied_is_judged_by_its_text(status: str, traced: bool) -> None:
    """A statement that the twin refused is not passed over, and the message says on what it rests."""
    effect = Effect(status, "no such table" * (not traced))  # type: ignore[arg-type]
    found = review("ALTER TABLE orders ADD CHECK (total > 0)", facts=BIG, effects=[effect])
    assert codes(found) == [] if traced else ["migration.check"]
    assert all(("not traced" in remark.message) != traced for _, remark in found)


@pytest.mark.parametrize(
    ("rows", "severity"), [(3, None), (50_000, "note"), (500_000, "warning"), (2e8, "error"), (None, None)]
)
def test_rows_of_the_plan_size_a_backfill(rows: float | None, severity: str | None) -> None:
    """An UPDATE is weighed by the rows that the planner expects, not by its text."""
    effect = Effect("planned", rows=rows)
    found = review("UPDATE orders SET total = 0 WHERE id < 100", facts=BIG, effects=[effect])
    assert [remark.severity for code, remark in found if code == "migration.backfill"] == [severity] * bool(severity)


def test_no_where_on_an_empty_table_is_nothing() -> None:
    """A table of production that is small may be emptied."""
    assert codes(review("DELETE FROM customers", facts=BIG, effects=[Effect("planned", rows=3)])) == []
    (code,) = codes(review("DELETE FROM orders", facts=BIG, effects=[Effect("planned", rows=2e9)]))
    assert code == "migration.no-where"


def test_cascade_names_what_falls() -> None:
    """DROP ... CASCADE says what went along on the twin."""
    effect = Effect(
        "applied", locks=(Lock(CUSTOMERS, AE),), dropped=(CUSTOMERS,), cascaded=("constraint fk on orders",)
    )
    remark = one(review("DROP TABLE customers CASCADE", facts=BIG, effects=[effect]), "migration.drop")
    assert "constraint fk on orders" in remark.message


def test_locks_that_were_seen_decide_about_lock_timeout() -> None:
    """The lock of a new foreign key on the other table counts as any other."""
    text = "CREATE TABLE parcels (id int, o bigint PRIMARY KEY REFERENCES orders)"
    effect = Effect("applied", locks=(Lock(ORDERS, SRE),), created=(Name("public", "parcels"),))
    remark = one(review(text, facts=BIG, effects=[effect]), "migration.references")
    assert remark.severity == "warning"
    assert "SHARE ROW EXCLUSIVE on orders (200 GB)" in remark.message


def test_lock_held_by_trace() -> None:
    """A lock that was seen earlier in the transaction is held while a later statement reads a big table."""
    text = "ALTER TABLE customers ADD region text;\nCREATE INDEX i ON orders (total)"
    effects = [applied((CUSTOMERS, AE)), applied((ORDERS, SHARE), scanned=True)]
    remark = one(review(text, facts=BIG, effects=effects), "migration.lock-held")
    assert remark.message.startswith(
        "ACCESS EXCLUSIVE on customers, taken in line 1, is held while this reads all of orders"
    )


def test_primary_key_using_index_that_reads_for_nulls() -> None:
    """Instant for NOT NULL columns, a scan under ACCESS EXCLUSIVE for others: seen, not guessed."""
    text = "ALTER TABLE orders ADD PRIMARY KEY USING INDEX i"
    assert codes(review(text, facts=BIG, effects=[applied((ORDERS, AE))])) == []
    remark = one(review(text, facts=BIG, effects=[applied((ORDERS, AE), scanned=True)]), "migration.unique")
    assert "nulls" in remark.message


def test_a_trace_of_another_length_is_not_believed() -> None:
    """Effects that do not fit the statements say nothing about them."""
    found = review(
        "ALTER TABLE orders ALTER total TYPE bigint", facts=BIG, effects=[Effect("applied"), Effect("applied")]
    )
    assert codes(found) == ["migration.type-change"]
