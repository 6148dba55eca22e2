"""The databases that the twin is held against: their data, their queries, and what-ifs for them."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psycopg

from benchmarks import tpch
from benchmarks.advise.data import Suite
from pgtune.cluster import Cluster
from pgtune.model.design import Index, Key, Name, Partition, Scheme

HERE = Path(__file__).parent
YEARS = range(1992, 1999)  # the dates of TPC-H


@dataclass(frozen=True, slots=True)
class Case:
    """A database: `load` fills it at a scale and makes its indexes, `indexes` and `schemes` are what-ifs."""

    name: str
    load: Callable[[Cluster, str, float], None]
    queries: Callable[[], Mapping[str, str]]
    indexes: Callable[[psycopg.Connection], list[Index]]
    schemes: tuple[Scheme, ...] = ()


def _tpch(_: Cluster, conninfo: str, scale: float) -> None:
    tpch.load(conninfo, scale)


TPCDS = Suite("tpcds", "dsdgen", frozenset())


def _tpcds(_: Cluster, conninfo: str, scale: float) -> None:
    """The tables with an index on every surrogate key."""
    TPCDS.load(conninfo, scale)
    with psycopg.connect(conninfo, autocommit=True) as target:
        for table, column in _columns(target, "_sk"):
            target.execute(f"CREATE INDEX ON {table} ({column})".encode())
    _analyzed(conninfo)


def _pgbench(cluster: Cluster, conninfo: str, scale: float) -> None:
    command = [str(cluster.binaries.program("pgbench")), "-i", "-q", "-s", str(max(round(scale * 50), 1)), conninfo]
    subprocess.run(command, check=True, capture_output=True, env=dict(cluster.binaries.environment))
    _analyzed(conninfo)


def _mixed(_: Cluster, conninfo: str, scale: float) -> None:
    text = (HERE / "mixed.sql").read_text(encoding="utf-8").replace("{rows}", str(round(scale * 1_000_000)))
    with psycopg.connect(conninfo, autocommit=True) as target:
        for statement in text.split(";\n"):
            if statement.strip():
                target.execute(statement.encode())
    _analyzed(conninfo)


def _analyzed(conninfo: str) -> None:
    """In a session of its own: rows that the loading one counts only after it would pass for newer than statistics."""
    with psycopg.connect(conninfo, autocommit=True) as target:
        target.execute("VACUUM (ANALYZE)")


def _columns(connection: psycopg.Connection, ending: str = "") -> list[tuple[str, str]]:
    found = connection.execute(
        "SELECT c.relname::text, a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"
        " AND right(a.attname::text, length(%s)) = %s ORDER BY 1, a.attnum",
        (ending, ending),
    )
    return found.fetchall()


def _every_column(connection: psycopg.Connection) -> list[Index]:
    """An index on each column, and on each with the one that stands behind it."""
    columns = [(Name("public", table), column) for table, column in _columns(connection)]
    alone = [Index(table, (Key(column),)) for table, column in columns]
    pairs = pairwise(columns)
    return alone + [Index(one, (Key(a), Key(b))) for (one, a), (other, b) in pairs if one == other]


def _sold(_: psycopg.Connection) -> list[Index]:
    """Indexes that the heavy tables of TPC-DS might get."""
    columns = {
        "store_sales": ("ss_quantity", "ss_sales_price", "ss_net_profit", "ss_ticket_number"),
        "catalog_sales": ("cs_quantity", "cs_order_number", "cs_sales_price"),
        "web_sales": ("ws_order_number", "ws_quantity"),
        "date_dim": ("d_year", "d_moy", "d_date", "d_month_seq", "d_qoy"),
        "item": ("i_category", "i_manufact_id", "i_current_price", "i_class", "i_brand"),
        "customer_address": ("ca_state", "ca_city", "ca_county"),
        "customer_demographics": ("cd_gender", "cd_marital_status", "cd_education_status"),
        "inventory": ("inv_quantity_on_hand",),
    }
    alone = [Index(Name("public", table), (Key(each),)) for table, names in columns.items() for each in names]
    wide = [
        Index(Name("public", "date_dim"), (Key("d_year"), Key("d_moy"))),
        Index(Name("public", "date_dim"), (Key("d_year"),), include=("d_date_sk",)),
        Index(Name("public", "store_sales"), (Key("ss_sold_date_sk"), Key("ss_item_sk"))),
        Index(Name("public", "item"), (Key("i_category"), Key("i_class"), Key("i_brand"))),
        Index(Name("public", "customer_demographics"), (Key("cd_gender"), Key("cd_marital_status"))),
    ]
    return alone + wide


def _of_documents(_: psycopg.Connection) -> list[Index]:
    table = Name("public", "documents")
    return [
        Index(table, (Key("body"),), method="gin"),
        Index(table, (Key("body", opclass="jsonb_path_ops"),), method="gin"),
        Index(table, (Key("tags"),), method="gin"),
        Index(table, (Key("words"),), method="gin"),
        Index(table, (Key("span"),), method="gist"),
        Index(table, (Key("at"),), method="brin"),
        Index(table, (Key("at"),)),
        Index(table, (Key("kind"),)),
        Index(table, (Key("kind"), Key("at"))),
        Index(table, (Key("kind"),), method="hash"),
        Index(table, (Key("price"),), where="kind = 'kind0'"),
        Index(table, (Key("parent"),)),
        Index(table, (Key(expression="body ->> 'user'"),)),
        Index(table, (Key("id"),), include=("kind", "price")),
    ]


def _texts(prefix: str, *texts: str) -> Callable[[], Mapping[str, str]]:
    return lambda: {f"{prefix}{number}": text for number, text in enumerate(texts, 1)}


def _by_year(table: str, column: str, shares: Mapping[int, float]) -> Scheme:
    parts = [
        Partition(f"{table}_{year}", f"FROM ('{year}-01-01') TO ('{year + 1}-01-01')", shares.get(year, 0.0))
        for year in YEARS
    ]
    return Scheme(Name("public", table), "range", (column,), tuple(parts))


def _hashed(table: str, column: str, count: int) -> Scheme:
    parts = (Partition(f"{table}_{n}", f"WITH (MODULUS {count}, REMAINDER {n})", 1 / count) for n in range(count))
    return Scheme(Name("public", table), "hash", (column,), tuple(parts))


def _listed(table: str, column: str, values: tuple[str, ...]) -> Scheme:
    parts = (Partition(f"{table}_{n}", f"IN ('{each}')", 1 / len(values)) for n, each in enumerate(values))
    return Scheme(Name("public", table), "list", (column,), tuple(parts))


EVEN = dict.fromkeys(range(1992, 1998), 0.1518) | {1998: 0.0892}  # orders end on 1998-08-02
SHIPPED = {1992: 0.126} | dict.fromkeys(range(1993, 1998), 0.1517) | {1998: 0.1155}
MODES = ("AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK")

CASES = (
    Case("TPC-H", _tpch, tpch.queries, _every_column, (
        _by_year("orders", "o_orderdate", EVEN), _by_year("lineitem", "l_shipdate", SHIPPED),
        _listed("lineitem", "l_shipmode", MODES), _hashed("orders", "o_custkey", 8),
    )),
    Case("TPC-DS", _tpcds, TPCDS.queries, _sold),
    Case("pgbench", _pgbench, _texts(
        "P", "SELECT abalance FROM pgbench_accounts WHERE aid = 77",
        "UPDATE pgbench_accounts SET abalance = 1 WHERE aid = 77",
        "SELECT bid, count(*) FROM pgbench_accounts GROUP BY bid",
        "SELECT * FROM pgbench_accounts a JOIN pgbench_branches b USING (bid) WHERE a.aid BETWEEN 100 AND 900",
        "SELECT count(*) FROM pgbench_accounts WHERE abalance = 0 AND bid = 1",
        "SELECT * FROM pgbench_accounts ORDER BY aid DESC LIMIT 10",
        "INSERT INTO pgbench_history SELECT 1, 1, aid, 1, now() FROM pgbench_accounts WHERE aid < 50",
        "DELETE FROM pgbench_accounts WHERE bid = 1",
    ), _every_column),
    Case("mixed", _mixed, _texts(
        "M", "SELECT * FROM documents WHERE body @> '{\"user\": 17}'",
        "SELECT * FROM documents WHERE body @> '{\"type\": \"t3\", \"ok\": false}'",
        "SELECT * FROM documents WHERE tags @> ARRAY['tag3']",
        "SELECT * FROM documents WHERE tags && ARRAY['tag300', 'tag9']",
        "SELECT id FROM documents WHERE words @@ to_tsquery('simple', 'word7 & word19')",
        "SELECT id FROM documents WHERE words @@ to_tsquery('simple', 'word4000')",
        "SELECT * FROM documents WHERE span && int4range(500, 510)",
        "SELECT * FROM documents WHERE at >= '2026-01-20 UTC' AND at < '2026-01-21 UTC'",
        "SELECT kind, count(*), sum(price) FROM documents GROUP BY kind",
        "SELECT * FROM documents WHERE kind = 'kind0'",
        "SELECT * FROM documents WHERE kind = 'kind29' AND price > 900",
        "SELECT * FROM documents WHERE kind = 'kind0' ORDER BY price LIMIT 20",
        "SELECT p.id FROM documents d JOIN documents p ON p.id = d.parent WHERE d.kind = 'kind25'",
        "SELECT * FROM documents WHERE parent = 4711", "SELECT * FROM documents WHERE body ->> 'user' = '15'",
        "SELECT id, kind, price FROM documents WHERE id BETWEEN 1000 AND 3000",
        "SELECT * FROM documents WHERE kind = 'kind3' AND at > '2026-03-01 UTC' ORDER BY at DESC LIMIT 5",
    ), _of_documents),
)  # fmt: skip
