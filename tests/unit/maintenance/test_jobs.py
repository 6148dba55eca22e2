"""Jobs: the exact statements with every name quoted, the refusals with their grants, and who is in the way."""

import pytest

from pgtune.maintenance.bloat import Estimate
from pgtune.maintenance.blockers import obstacles
from pgtune.maintenance.leftovers import Leftover
from pgtune.maintenance.masking import masked
from pgtune.maintenance.need import Need
from pgtune.maintenance.reindex import Rebuild, everything, invalid
from pgtune.maintenance.rows import AtWork, Horizon
from pgtune.maintenance.work import Hold, Kind, Skipped, Urgency
from tests.unit.maintenance.sample import IDENTITY, INDEX, LOCK, PARENT, POLICY, TABLE, workshop

HOSTILE = TABLE._replace(schema='S"; drop', name="t\n%s ü")
SESSION = Horizon("session", "99", "app", "till", 999.0, 5000, "select 1", "idle in transaction")


@pytest.mark.parametrize(
    ("table", "more", "statement"),
    [
        (TABLE, {}, "VACUUM (ANALYZE, SKIP_LOCKED) public.t;"),
        (HOSTILE, {}, 'VACUUM (ANALYZE, SKIP_LOCKED) "S""; drop".U&"t\\+00000A%s ü";'),
        (TABLE._replace(schema="user", name="Order"), {}, 'VACUUM (ANALYZE, SKIP_LOCKED) "user"."Order";'),
        (TABLE, {"freeze": True}, "VACUUM (FREEZE, ANALYZE, SKIP_LOCKED) public.t;"),
    ],
)
def test_vacuum(table, more, statement):
    """Quoted where it must be, and readable where it may be."""
    assert workshop().vacuum(Need(table, ("because",), **more), analyze=True).sql == (statement,)


def test_standbys_keep_the_end_of_the_file():
    """Truncating takes a lock that cancels queries on standbys."""
    shop = workshop(identity=IDENTITY._replace(standbys=True))
    assert shop.vacuum(Need(TABLE, ("",)), analyze=False).sql == ("VACUUM (SKIP_LOCKED, TRUNCATE FALSE) public.t;",)


@pytest.mark.parametrize(
    ("version", "may", "reach", "grant"),
    [
        (180000, False, True, "GRANT MAINTAIN ON TABLE public.t TO keeper;"),
        (160000, False, True, "GRANT owner TO keeper;"),
        (160000, True, False, "GRANT USAGE ON SCHEMA public TO keeper;"),
    ],
)
def test_what_the_role_may_not_do(version, may, reach, grant):
    """Skipped, with the statement that would help on this version."""
    shop = workshop(identity=IDENTITY._replace(version=version))
    table, index = TABLE._replace(may=may, reach=reach), INDEX._replace(may=may, reach=reach)
    for made in (shop.vacuum(Need(table, ("",)), analyze=True), shop.analyze(Need(table, ("",))),
                 shop.rebuild(everything(index))):  # fmt: skip
        assert isinstance(made, Skipped)
        assert made.grant == grant


def test_dropping_needs_the_owner_even_where_maintain_is_enough():
    """MAINTAIN rebuilds an index, and does not allow its leftover to be dropped."""
    made = workshop().leftover(Leftover(INDEX._replace(owned=False, owner="O'x"), ""))
    assert made.grant == 'GRANT "O\'x" TO keeper;'


def test_what_is_gone_or_empty_is_no_job():
    """A size of NULL means dropped; a table never counted and without a page has nothing to analyze."""
    shop = workshop(sizes={100: None, 200: None})
    assert shop.vacuum(Need(TABLE, ("",)), analyze=True) is None
    assert shop.rebuild(everything(INDEX)) is None
    assert shop.leftover(Leftover(INDEX, "")) is None
    assert workshop(sizes={100: 0}).analyze(Need(TABLE, ("",), unsure=True)) is None


def test_a_rebuild_knows_what_it_needs_and_brings():
    """A second copy, its WAL and its sort; the rest is given back."""
    work = workshop().rebuild(Rebuild(INDEX, "", Estimate(1000, 400)))
    assert (work.gain.bytes, work.needs.disk, work.needs.wal, work.needs.sort) == (600, 400, 400, 400)
    assert work.sql == ("REINDEX INDEX CONCURRENTLY public.i;",)


def test_what_postgres_will_not_rebuild_concurrently_is_skipped_with_both_reasons():
    """An exclusion constraint may rest on a B-tree, which bloats like any other."""
    made = workshop().rebuild(Rebuild(INDEX._replace(exclusion=True), "60 % is bloat", Estimate(1000, 400)))
    assert isinstance(made, Skipped)
    assert (made.why, made.grant) == (
        "60 % is bloat; an exclusion constraint's index cannot be rebuilt concurrently", None
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("alter role app password 'hunter2'", "alter role app password ?"),
        ("select 'it''s hunter2', 17", "select ?, 17"),
        (r"select e'it\'s hunter2', E'\\', v", "select ?, ?, v"),
        ("select 'hunter2 cut of", "select ?"),
        (r"select e'hunter2 cut off \ ".rstrip(), "select ?"),
        ("do $$ hunter2 $$; do $a$ $$ hunter2 $a$", "do ?; do ?"),
        ("select $body$hunter2 cut", "select ?"),
        ("/* hunter2 */ select 1 -- hunter2", "  select 1  "),
        ("select a->>'k' from t where b = $1 and c = $2", "select a->>? from t where b = $1 and c = $2"),
        (None, None),
    ],
)
def test_other_peoples_values_are_masked(query, shown):
    """A query of somebody else is shown without its strings and comments, finished or cut off."""
    assert masked(query) == shown
    (blocker,) = obstacles([LOCK._replace(query=query)], (), (), POLICY).of(Kind.REINDEX, 100)
    assert blocker.query == shown


def test_the_index_of_a_toast_table_excludes_work_on_its_table():
    """Two jobs of one table never run at once, whatever index they are at."""
    index = INDEX._replace(parent_oid=7, parent_schema="public", parent_name="letters")
    assert workshop().rebuild(everything(index)).table.oid == 7


def test_parents_alone_from_18_on():
    """ANALYZE ONLY came with 18."""
    assert workshop().parent(PARENT, "", 1.0).sql == ("ANALYZE (SKIP_LOCKED) ONLY public.p;",)
    older = workshop(identity=IDENTITY._replace(version=170000))
    assert older.parent(PARENT, "", 1.0).sql == ("ANALYZE (SKIP_LOCKED) public.p;",)


@pytest.mark.parametrize(
    ("kind", "mode", "effect"),
    [
        (Kind.REINDEX, "AccessShareLock", "only after"),
        (Kind.REINDEX, "RowExclusiveLock", "the build waits"),
        (Kind.REINDEX, "AccessExclusiveLock", "waits for"),
        (Kind.VACUUM, "RowExclusiveLock", None),
        (Kind.VACUUM, "ShareUpdateExclusiveLock", "waits for"),
        (Kind.ANALYZE, "ShareLock", "waits for"),
        (Kind.LEFTOVERS, "AccessShareLock", "only after"),
        (Kind.REINDEX, "SIReadLock", None),
    ],
)
def test_locks_that_stop_a_kind_of_work(kind, mode, effect):
    """As in the table of conflicting locks."""
    found = obstacles([LOCK._replace(mode=mode)], (), (), POLICY).of(kind, 100)
    assert [effect in each.effect for each in found] == ([] if effect is None else [True])


def test_the_strongest_lock_of_a_session_counts():
    """A transaction that read and wrote is one blocker; a prepared one has a name and no process."""
    locks = [LOCK._replace(mode="AccessShareLock"), LOCK, LOCK._replace(pid=None, gid="two's")]
    found = obstacles(locks, (), (), POLICY).of(Kind.REINDEX, 100)
    assert [(each.hold, each.name) for each in found] == [(Hold.SESSION, "4711"), (Hold.PREPARED, "two's")]


@pytest.mark.parametrize(
    ("horizon", "kind", "named"),
    [
        (SESSION, Kind.VACUUM, True),
        (SESSION, Kind.REINDEX, True),
        (SESSION, Kind.ANALYZE, False),
        (SESSION._replace(age=3.0), Kind.VACUUM, False),
        (Horizon("replication slot", "far", None, None, None, 5, None, None), Kind.VACUUM, True),
        (Horizon("replication slot", "far", None, None, None, 5, None, None), Kind.REINDEX, False),
        (Horizon("standby", "far", None, None, None, 0, None, None), Kind.VACUUM, False),
    ],
)
def test_old_snapshots(horizon, kind, named):
    """Sessions stop both, slots and standbys only make VACUUM useless; a young snapshot is nobody's trouble."""
    assert bool(obstacles((), [horizon], (), POLICY).of(kind, 100)) is named


@pytest.mark.parametrize(
    "more",
    [
        {"at_work": [AtWork(100, 200, 5, False, False)]},
        {"locks": [LOCK._replace(mode="ShareUpdateExclusiveLock")]},
    ],
    ids=["seen building", "holding its lock"],
)
def test_an_index_that_somebody_may_be_building_is_left_alone(more):
    """By progress where it may be seen, by locks where not."""
    found = obstacles(more.get("locks", ()), (), more.get("at_work", ()), POLICY)
    shop, index = workshop(obstacles=found), INDEX._replace(valid=False)
    for made in (shop.leftover(Leftover(index, "a copy")), shop.rebuild(invalid(index))):
        assert isinstance(made, Skipped)
        assert made.grant is None
    assert not isinstance(shop.rebuild(everything(INDEX)), Skipped)


def test_a_leftover_goes_early():
    """Debris slows every rebuild to come."""
    made = workshop().leftover(Leftover(INDEX._replace(valid=False), "a copy"))
    assert (made.urgency, made.sql) == (Urgency.DEBRIS, ("DROP INDEX CONCURRENTLY public.i;",))
