"""A plan with everything in it: hostile names, blockers, alarms, what does not fit."""

from pgtune.maintenance.work import (
    Alarm,
    Blocker,
    Deferred,
    Gain,
    Hold,
    Job,
    Kind,
    Needs,
    Plan,
    Relation,
    Skipped,
    Spare,
    Surplus,
    Urgency,
)

ORDERS = Relation("public", "orders", 100)
ODD = Relation('s"; drop', "t\n| <b>ü</b>\x1b[31m", 101)
WRITER = Blocker(
    Hold.SESSION, "4711", "has written to the table: the build waits for the end of its transaction", "app", "till",
    10_800.0, 5000, "update orders set note = 'a\n\x1b[2J`|`' where id = 17 and customer_id in (select 1)",
)  # fmt: skip
SLOT = Blocker(Hold.SLOT, "far", "VACUUM removes no row that died after its snapshot", xids=1_200_000)
VACUUM = Job(
    Kind.VACUUM, "app", ORDERS, ORDERS, "2,000 dead rows to 10,000 live ones",
    ("VACUUM (ANALYZE, SKIP_LOCKED) public.orders;",), "SHARE UPDATE EXCLUSIVE", Gain(rows=2000), 1 << 20, 0.34,
    "history", blockers=(SLOT,),
)  # fmt: skip
REBUILD = Job(
    Kind.REINDEX, "app two", ODD, ODD, "60 % of 1.2 GB is bloat, measured",
    ('REINDEX INDEX CONCURRENTLY "s""; drop".U&"t\\+00000A| <b>ü</b>\\+00001B[31m";',), "SHARE UPDATE EXCLUSIVE",
    Gain(bytes=700 << 20), 1200 << 20, 90.0, "assumed", Needs(500 << 20, 500 << 20, 500 << 20), Urgency.ALARM,
    blockers=(WRITER,),
)  # fmt: skip
PLAN = Plan(
    target="db1:5432", version=180006, at="2026-11-24T22:05:40Z", databases=("app", "app two"),
    alarms=(Alarm("app", "look at it", ODD), Alarm("app", "the collation changed")), jobs=(REBUILD, VACUUM),
    deferred=(Deferred(VACUUM, "no time left in the window"),),
    skipped=(Skipped(Kind.VACUUM, "app", ODD, "it belongs to o", "GRANT o TO keeper;"),
             Skipped(Kind.LEFTOVERS, "app", ORDERS, "session 5 is building it now")),
    spares=(Spare(Surplus.UNUSED, "app", ODD, ORDERS, "no scan in 104 days on this server", 5 << 20),
            Spare(Surplus.DUPLICATE, "app", ORDERS, ORDERS, "the same as o_pkey", None, ODD)),
    blockers=(SLOT,), notes=("a note",), missing=("database old: this role may not connect to it",),
)  # fmt: skip
NOTHING = Plan(target="db1:5432", version=150018, at="2026-11-24T22:05:40Z", databases=("app",))
