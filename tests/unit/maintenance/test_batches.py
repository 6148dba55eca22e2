"""What many small jobs share."""

from dataclasses import replace

import pytest

from pgtune.maintenance.batches import grouped, once_a_database, shares, statements, together
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
    """As many as leave enough for the other workers; at most 128, and at most 1.6 s of them."""
    jobs = [vacuum(number) for number in range(400)]
    assert chosen(jobs) == list(range(128))
    assert chosen(jobs, workers=10) == list(range(20))
    assert chosen([replace(job, seconds=0.03) for job in jobs]) == list(range(53))
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
        vacuum(2, "FREEZE, ANALYZE, SKIP_LOCKED"),
        replace(vacuum(2), sql=vacuum(2).sql * 2),
    ],
    ids=["database", "long", "unknown", "index", "same table", "waits", "options", "statements"],
)
def test_what_is_not_done_with_others_begins_alone(other: Job):
    """Another database, a long or unknown time, an index, a second job of a table, a statement that differs."""
    assert chosen([vacuum(1), other, vacuum(3), vacuum(4)]) == [1]


def rebuild(number: int, table: int, word: str = "CONCURRENTLY ") -> Job:
    relation = Relation("public", f"i{number}", number)
    text = f"REINDEX INDEX {word}public.i{number};"
    return Job(Kind.REINDEX, "app", relation, Relation("public", "t", table), "", (text,), "", seconds=0.002)


def test_small_rebuilds_are_done_together_also_those_of_one_table():
    """Each in its own statement, so a person reads them one by one; one that locks everybody out begins alone."""
    jobs = [rebuild(number, number // 2) for number in range(8)]
    assert chosen(jobs) == [0, 1, 2, 3]
    assert chosen([*jobs[:2], rebuild(2, 1, ""), *jobs[3:]]) == [0, 1]
    assert chosen([rebuild(0, 0, ""), *jobs[1:]]) == [0]
    assert chosen([jobs[0], replace(jobs[1], seconds=10.0), *jobs[2:]]) == [0]
    assert chosen([vacuum(9), *jobs]) == [9]
    assert list(grouped(jobs, 1)) == [[job] for job in jobs]


def test_their_tables_stand_in_one_statement():
    """Names are left alone; a single job keeps its own text."""
    assert statements([vacuum(1), vacuum(2)]) == (
        'VACUUM (ANALYZE, SKIP_LOCKED) public."VACUUM (1", public."VACUUM (2";',
    )
    alone = replace(vacuum(1), kind=Kind.LEFTOVERS, sql=("DROP INDEX CONCURRENTLY a;", "DROP INDEX CONCURRENTLY b;"))
    assert statements([alone]) == alone.sql


def test_a_plan_is_grouped_as_workers_take_it():
    """The share of each falls with what is left; nothing is lost or turned round."""
    jobs = [vacuum(number) for number in range(50)]
    found = list(grouped(jobs, 1))
    assert [len(group) for group in found] == [25, 12, 6, 3, 2, 1, 1]
    assert [job for group in found for job in group] == jobs
    assert [len(group) for group in grouped(jobs[:3], 8)] == [1, 1, 1]
    assert list(grouped([], 1)) == []


@pytest.mark.parametrize(
    ("finished", "ends"),
    [
        ([11.0, 12.0, 14.0], [11.0, 12.0, 14.0]),
        ([None, 14.0, None], [12.0, 14.0, 18.0]),
        ([None, None, None, None], [12.0, 14.0, 16.0, 18.0]),
        ([9.0, 12.0, 99.0], [10.0, 12.0, 18.0]),
        ([12.0, 11.0, 13.0], [12.0, 12.0, 13.0]),
        ([], []),
    ],
    ids=["known", "between", "none", "another clock", "backwards", "empty"],
)
def test_each_has_its_part_of_the_time_that_they_shared(finished: list[float | None], ends: list[float]):
    """By the server's own moments, which never lie outside or run backwards; between them alike."""
    found = shares(10.0, 18.0, finished)
    assert [end for _, end in found] == ends
    assert [begin for begin, _ in found] == [10.0, *ends][: len(ends)]
