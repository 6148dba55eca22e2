"""What many small jobs share."""

from dataclasses import replace

import pytest

from pgtune.maintenance.batches import once_a_database, together
from pgtune.maintenance.work import Job, Kind, Relation


def vacuum(number: int, options: str = "ANALYZE, SKIP_LOCKED", database: str = "app") -> Job:
    relation = Relation("public", f"VACUUM ({number}", number)
    text = f'VACUUM ({options}) public."{relation.name}";'
    return Job(Kind.VACUUM, database, relation, relation, "", (text,), "", seconds=0.002)


def test_the_last_vacuum_of_each_database_reads_pg_class_for_all():
    """The others leave it out, one that freezes does not, and names are left alone."""
    analyze = replace(vacuum(9), kind=Kind.ANALYZE, sql=("ANALYZE (SKIP_LOCKED) t;",))
    jobs = [vacuum(1, "FREEZE, SKIP_LOCKED"), vacuum(2), vacuum(3, database="b"), vacuum(4), vacuum(5), analyze]
    assert [job.sql[0] for job in once_a_database(jobs, 160000)] == [
        'VACUUM (FREEZE, SKIP_LOCKED) public."VACUUM (1";',
        'VACUUM (SKIP_DATABASE_STATS, ANALYZE, SKIP_LOCKED) public."VACUUM (2";',
        'VACUUM (ANALYZE, SKIP_LOCKED) public."VACUUM (3";',
        'VACUUM (SKIP_DATABASE_STATS, ANALYZE, SKIP_LOCKED) public."VACUUM (4";',
        'VACUUM (ANALYZE, SKIP_LOCKED) public."VACUUM (5";',
        "ANALYZE (SKIP_LOCKED) t;",
    ]
    assert once_a_database(jobs, 150000) == jobs


def chosen(jobs: list[Job], workers: int = 1) -> list[int]:
    """The numbers of those that are done together."""
    return [job.target.oid for job in together(jobs, len(jobs), workers, key=lambda job: job)]


def test_small_ones_of_one_database_are_done_together_in_their_order():
    """As many as leave enough for the other workers; at most 32."""
    jobs = [vacuum(number) for number in range(100)]
    assert chosen(jobs) == list(range(32))
    assert chosen(jobs, workers=10) == list(range(5))
    assert chosen(jobs[:1], workers=4) == [0]
    assert chosen([]) == []


@pytest.mark.parametrize(
    "other",
    [
        vacuum(2, database="b"),
        replace(vacuum(2), seconds=10.0),
        replace(vacuum(2), seconds=None),
        replace(vacuum(2), kind=Kind.REINDEX),
        replace(vacuum(1), kind=Kind.ANALYZE),
        vacuum(2, "ANALYZE"),
    ],
    ids=["database", "long", "unknown", "index", "same table", "waits"],
)
def test_what_is_not_done_with_others_begins_alone(other: Job):
    """Another database, a long or unknown time, an index, a second job of a table, a statement that may wait."""
    assert chosen([vacuum(1), other, vacuum(3), vacuum(4)]) == [1]
