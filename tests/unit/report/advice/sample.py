"""Advice as it could be given: ordinary, empty, and with names that somebody chose to do harm."""

from dataclasses import replace

from pgtune.indexes.advice import (
    Bound,
    Drop,
    IndexAdvice,
    IndexRecommendation,
    Merge,
    NotWorthIt,
    QueryCost,
    Served,
    StatisticsAdvice,
    Unplanned,
)
from pgtune.model.design import Index, Key, Name, Partition, Scheme
from pgtune.partitions.advice import Declined, Effect, PartitionAdvice, Partitioning
from pgtune.report.advice.answer import Answer, Built, Filled, LeftOut, Measured, Proof, Run, Slowed, Widened

ORDERS, EVENTS = Name("public", "orders"), Name("public", "events")
LOOKUP = "select id, status, total from orders where customer_id = $1 order by created_at desc limit 20"
JSON = "select kind, count(*) from events where payload @> $1 group by kind"
BY_CUSTOMER = Index(ORDERS, (Key("customer_id"), Key("created_at", descending=True)), include=("total",))
BY_PAYLOAD = Index(EVENTS, (Key("payload", opclass="jsonb_path_ops"),), "gin")

RECOMMENDATIONS = (
    IndexRecommendation(
        BY_CUSTOMER,
        355_329.0,
        3_999.0,
        351_188.0,
        12_700_000,
        142.0,
        (Served(LOOKUP, "a", "pg_stat_statements", 74, 4802, 54),),
        "It delivers the rows in the order asked for, so that LIMIT ends early.",
        "high",
        f"{BY_CUSTOMER.ddl(concurrently=True)};",
    ),
    IndexRecommendation(
        BY_PAYLOAD,
        64_850.0,
        37_049.0,
        22_719.0,
        8_400_000,
        5_082.0,
        (Served(JSON, "b", "queries.sql:12", 7, 9264, 5292),),
        "It finds what is contained in payload.",
        "low",
        f"{BY_PAYLOAD.ddl(concurrently=True)};",
        ("the size of such an index depends on the values and is an estimate",),
        ("CREATE EXTENSION pg_trgm",),
    ),
)
DROPS = (
    Drop(
        Name("public", "customers_email_idx"),
        Name("public", "customers"),
        "duplicate",
        "customers_email_key holds the same.",
        2_600_000,
        "CREATE INDEX customers_email_idx ON public.customers USING btree (email)",
        'DROP INDEX CONCURRENTLY "public"."customers_email_idx"',
        Name("public", "customers_email_key"),
        "high",
    ),
    Drop(
        Name("public", "products_price_idx"),
        Name("public", "products"),
        "unused",
        "No scan of it is counted, since 3 days.",
        240_000,
        "CREATE INDEX products_price_idx ON public.products USING btree (price)",
    ),
)
SCHEME = Scheme(
    EVENTS,
    "range",
    ("at",),
    (
        Partition("events_p2026_01", "FROM ('2026-01-01') TO ('2026-02-01')", 0.6),
        Partition("events_p2026_02", "FROM ('2026-02-01') TO ('2026-03-01')", 0.4),
        Partition("events_default", "DEFAULT", 0.0),
    ),
)
PARTITIONING = Partitioning(
    SCHEME,
    "month",
    40_000_000_000,
    171_842.0,
    80_512.0,
    (Effect(JSON, "b", "queries.sql:12", 20, 4057, 3194, 1),),
    "500,000,000 rows, 37.3 GB; a month holds 3 GB",
    ("the primary key becomes (id, at)",),
    ("make the next partition ahead of time", "  CREATE TABLE ... PARTITION OF ..."),
    "-- the script\nselect 1;\n",
    "select partman.create_parent(...);",
)
ADVICE = IndexAdvice(
    RECOMMENDATIONS,
    DROPS,
    (
        Merge(
            BY_CUSTOMER,
            f"{BY_CUSTOMER.ddl(concurrently=True)};",
            (Name("public", "orders_customer_id_idx"),),
            "One index serves both.",
            24_000_000,
            12_700_000,
        ),
    ),
    (
        StatisticsAdvice(
            ORDERS,
            "extended",
            ("country", "city"),
            'CREATE STATISTICS ON country, city FROM "public"."orders"',
            "The columns depend on each other.",
            "medium",
        ),
    ),
    (NotWorthIt(Name("public", "carts"), "It is written more than it is read."),),
    (
        QueryCost(LOOKUP, "a", "pg_stat_statements", 74, 4802, 54, 54, (BY_CUSTOMER,)),
        QueryCost(JSON, "b", "queries.sql:12", 7, 9264, 5292, 5292),
    ),
    (Unplanned("select broken", "queries.sql:40", "relation does not exist"),),
    Bound(40_900.0),
    53,
    120,
)
PROOF = Proof(
    "app@staging:5432/shop",
    (Built(BY_CUSTOMER, 12_700_000, 12_600_000, 1.4),),
    (
        Measured(
            LOOKUP,
            "a",
            "pg_stat_statements",
            4802,
            54,
            Run(4790, 31.5, 4010, 20),
            Run(55, 0.08, 24, 20),
            (BY_CUSTOMER.name,),
        ),
        Measured(JSON, "b", "queries.sql:12", 9264, 5292, why_not="no values are known for its parameters"),
        Measured("select 1", "c", "queries.sql:20", 90, 9, Run(91, 60_000, 0, 0, cut_off=True), Run(9, 8200, 7, 1)),
    ),
    widened=(
        Widened(LOOKUP, BY_CUSTOMER, Index(ORDERS, (Key("customer_id"),)), (BY_PAYLOAD,), 690, 1456, 54, -0.0713),
    ),
    slowed=(
        Slowed(LOOKUP, (BY_CUSTOMER,), 1020, 1471, 1004, 0.0214, kept=False),
        Slowed(JSON, (BY_CUSTOMER,), 0.41, 2.7, 0.4, 0.31, kept=True),
    ),
    filled=(Filled(BY_PAYLOAD, 0.0832),),
)
ANSWER = Answer(
    "shop",
    "18.6",
    "pg_stat_statements since 2026-11-01 00:00",
    ADVICE,
    PartitionAdvice((PARTITIONING,), (Declined(ORDERS, "12 GB, but range by created_at saves 2 % of the cost"),), 24),
    2 << 30,
    (LeftOut("begin", "pg_stat_statements", "utility"),),
    ("planned by PostgreSQL 18, while the database runs on 17",),
)
PROVEN = replace(ANSWER, proof=PROOF)
NOTHING = replace(
    ANSWER,
    indexes=IndexAdvice((), (DROPS[1],), (), (), ADVICE.declined, (ADVICE.queries[0],), (), Bound(1.0), 0, 1),
    partitions=PartitionAdvice(),
)
EVIL = '<script>alert(1)</script>"\x1b[31m\n| `x` $$ \u202e'
HOSTILE_INDEX = Index(Name(EVIL, EVIL), (Key(EVIL), Key(expression=f"lower('{EVIL}')")), where=f"a = '{EVIL}'")
HOSTILE = replace(
    ANSWER,
    target=EVIL,
    source=EVIL,
    notes=(EVIL,),
    left_out=(LeftOut(EVIL, EVIL, EVIL),),
    indexes=replace(
        ADVICE,
        declined=(NotWorthIt(Name(EVIL, EVIL), EVIL),),
        unplanned=(Unplanned(EVIL, EVIL, EVIL),),
        recommendations=(
            replace(
                RECOMMENDATIONS[1],
                index=HOSTILE_INDEX,
                why=EVIL,
                doubts=(EVIL,),
                queries=(Served(EVIL, EVIL, EVIL, 1, 2, 1),),
            ),
        ),
    ),
    partitions=PartitionAdvice(
        (
            replace(
                PARTITIONING,
                scheme=replace(SCHEME, table=Name(EVIL, EVIL), key=(EVIL,)),
                script=EVIL,
                why=EVIL,
                consequences=(EVIL,),
                upkeep=(EVIL,),
            ),
        )
    ),
)
