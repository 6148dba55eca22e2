"""What many small jobs share."""

from dataclasses import replace

from pgtune.maintenance.batches import once_a_database
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
