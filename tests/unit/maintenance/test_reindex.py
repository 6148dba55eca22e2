"""Which indexes are rebuilt; sizes foretold were measured on PostgreSQL 18 with 200,000 rows."""

from math import nan

import pytest

from pgtune.maintenance import bloat, reindex
from pgtune.maintenance.rows import Density
from tests.unit.maintenance.sample import BLOCK, INDEX, INTEGER, POLICY

FULL = INDEX._replace(rows=200_000.0)
TEXT = INTEGER._replace(length=-1, type="text", width=11)


@pytest.mark.parametrize(
    ("index", "columns", "size"),
    [
        ({"is_unique": True}, [INTEGER], 4513792),
        ({}, [INTEGER._replace(distinct=1000.0)], 1384448),
        ({}, [TEXT], 6332416),
        ({}, [TEXT._replace(width=33)], 11829248),
        ({}, [INTEGER._replace(alignment="d", length=8)], 4513792),
        ({}, [INTEGER._replace(nulls=0.333)], 3481600),
        ({}, [INTEGER._replace(length=16, alignment="c", type="uuid")], 6332416),
        ({}, [TEXT._replace(type="numeric", width=5, distinct=50.0)], 4521984),
        ({}, [INTEGER._replace(distinct=1000.0), INTEGER], 4513792),
        ({"rows": 20000.0}, [INTEGER], 466944),
        ({}, [INTEGER, TEXT._replace(width=33)], 11771904),
        ({"options": ["fillfactor=50"]}, [INTEGER], 8167424),
        ({"options": ["deduplicate_items=off"]}, [INTEGER._replace(distinct=10.0)], 4513792),
    ],
)
def test_the_size_of_a_fresh_index_is_foretold(index, columns, size):
    """Within 8 %: merged duplicates, NULLs, fill factors, wide and narrow columns."""
    keys = len(columns) if len(columns) == 1 or columns[1].length > 0 else 1  # the wide second column is INCLUDEd
    foretold = bloat.rebuilt(FULL._replace(keys=keys, **index), columns, BLOCK)
    assert foretold == pytest.approx(size, rel=0.08)


def test_what_no_statistics_show_is_not_guessed():
    """A column of varying width without a width, or an index never counted, has no estimate."""
    assert bloat.rebuilt(FULL, [TEXT._replace(width=None)], BLOCK) is None
    assert bloat.rebuilt(FULL._replace(rows=-1.0), [INTEGER], BLOCK) is None
    assert bloat.rebuilt(FULL, [], BLOCK) is None


def test_an_empty_index_can_be_measured():
    """pgstatindex gives NaN for the density of no leaves."""
    found = bloat.measured(Density(BLOCK * 100, 0, 0, 99, 0, nan), INDEX, BLOCK)
    assert found.rebuilt == BLOCK
    assert found.share == pytest.approx(0.99)


def test_leaves_half_empty_are_measured():
    """At 45 % where 90 are built, half of it goes."""
    found = bloat.measured(Density(BLOCK * 1011, 1000, 10, 0, 0, 45.0), INDEX, BLOCK)
    assert found.share == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("change", "sifted"),
    [
        ({}, False),
        ({"rows": 10_000.0}, True),
        ({"rows": 10_000.0, "method": "gin"}, False),
        ({"rows": 10_000.0, "valid": False}, False),
        ({"rows": 10_000.0, "pages": 100}, False),
        ({"rows": 10_000.0, "kind": "I"}, False),
    ],
)
def test_the_sieve(change, sifted):
    """Only large valid B-trees with room in them are looked at."""
    assert reindex.may_be_bloated(FULL._replace(**({"pages": 200} | change)), POLICY, BLOCK) is sifted


def test_bloat_that_is_not_worth_it():
    """Below the share or below the bytes nothing is rebuilt."""
    assert reindex.bloated(FULL._replace(pages=800), [INTEGER], None, POLICY, BLOCK) is None  # 551 of 800 needed
    assert reindex.bloated(FULL._replace(pages=100, rows=1000.0), [INTEGER], None, POLICY, BLOCK) is None  # 0.8 MB
    found = reindex.bloated(FULL._replace(pages=1000), [INTEGER], None, POLICY, BLOCK)
    assert found.why == "45 % of 7.81 MB is bloat, estimated"


@pytest.mark.parametrize(
    ("change", "size", "stale"),
    [({}, None, False), ({}, 1000 * BLOCK, False), ({}, 1300 * BLOCK, True), ({"modified": 30_000}, None, True)],
)
def test_old_counts_are_not_trusted(change, size, stale):
    """An index that grew or whose table changed by a fifth since it was counted is judged after ANALYZE."""
    index = FULL._replace(pages=1000, **change)
    assert reindex.bloated(index, [INTEGER], size, POLICY, BLOCK).stale is stale


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"exclusion": True}, "exclusion constraint"),
        ({"system": True}, "system catalogs"),
        ({"kind": "I"}, "partitioned index"),
        ({}, None),
    ],
)
def test_what_cannot_be_rebuilt_concurrently(change, why):
    """The reason is told."""
    found = reindex.refusal(INDEX._replace(**change))
    assert found is None if why is None else why in found
