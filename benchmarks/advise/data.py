"""TPC-H and TPC-DS from DuckDB's generators: tables without keys or indexes, and the queries' texts."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

ROWS = 20_000  # a batch of COPY


@dataclass(frozen=True, slots=True)
class Suite:
    """A benchmark: its generator's name, and the queries that published comparisons leave out.

    They are left out because their correlated subqueries run for hours without keys (`queries` of both suites are
    those of the open index selection comparisons, so that ratios can be set side by side).
    """

    name: str
    generator: str
    left_out: frozenset[int]

    def queries(self) -> dict[str, str]:
        """The texts by name, `Q1` onwards."""
        rows = self._duckdb().execute(f"SELECT query_nr, query FROM {self.name}_queries() ORDER BY 1").fetchall()
        return {f"Q{number}": text.strip().rstrip(";") for number, text in rows if number not in self.left_out}

    def load(self, conninfo: str, scale: float) -> None:
        """Make the tables, fill them at this scale factor, vacuum and analyze."""
        source = self._duckdb()
        source.execute(f"CALL {self.generator}(sf={scale})")
        with psycopg.connect(conninfo, autocommit=True) as target:
            target.execute("SET synchronous_commit = off")
            for (table,) in source.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
                _copy(source, target, table)
            target.execute("VACUUM (ANALYZE)")

    def _duckdb(self) -> Any:
        extension = importlib.import_module(f"duckdb_extension_{self.name}")
        (file,) = Path(extension.__file__ or "").parent.rglob("*.duckdb_extension")
        connection = importlib.import_module("duckdb").connect()
        connection.execute(f"LOAD '{file}'")
        return connection


TPCH = Suite("tpch", "dbgen", frozenset({2, 17, 20}))
TPCDS = Suite("tpcds", "dsdgen", frozenset({4, 6, 9, 10, 11, 32, 35, 41, 95}))
SUITES = {suite.name: suite for suite in (TPCH, TPCDS)}


def _copy(source: Any, target: psycopg.Connection, table: str) -> None:
    columns = source.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table]
    ).fetchall()
    target.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns)})".encode())
    with target.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in _rows(source, table):
            copy.write_row(row)


def _rows(source: Any, table: str) -> Iterator[tuple[Any, ...]]:
    found = source.execute(f"FROM {table}")
    while batch := found.fetchmany(ROWS):
        yield from batch
