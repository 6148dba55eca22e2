"""Are type changes seen rightly? Each is really made on a server with rows, and compared with what the twin says.

    python -m benchmarks.review.type_changes [15 18]

A change rewrites if the table has a new file (relfilenode) afterwards. Prints a table for each version and the share
that the twin and a rule by type names ("every ALTER TYPE rewrites") get right.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from tabulate import tabulate

from pgtune.cluster import Cluster, find
from pgtune.model.trace import Script
from pgtune.snapshot.blank import blank
from pgtune.twin import Twin, raised

BEFORE = (
    "CREATE EXTENSION IF NOT EXISTS citext",
    "CREATE DOMAIN plain AS text",
    "CREATE DOMAIN checked AS text CHECK (length(VALUE) < 1000)",
    "CREATE DOMAIN whole AS int",
    "CREATE TYPE mood AS ENUM ('1', '2')",
    "SET timezone = 'UTC'",
)


@dataclass(frozen=True)
class Change:
    """A column's type, another one, an expression for it, and whether an index lies on it."""

    old: str
    new: str
    using: str = ""
    index: bool = False
    zone: str = "UTC"
    value: str = "1"

    @property
    def setup(self) -> tuple[str, ...]:
        """The table without a row."""
        indexed = ("CREATE INDEX ON changing (c)",) if self.index else ()
        return ("DROP TABLE IF EXISTS changing", f"CREATE TABLE changing (id int, c {self.old})", *indexed)

    @property
    def statement(self) -> str:
        """The change."""
        using = f" USING {self.using}" if self.using else ""
        return f"ALTER TABLE changing ALTER c TYPE {self.new}{using}"

    @property
    def name(self) -> str:
        """As one writes it in a table."""
        words = f"{self.old} -> {self.new}{' USING ' + self.using if self.using else ''}"
        return words + (", indexed" if self.index else "") + ("" if self.zone == "UTC" else f", in {self.zone}")


MOMENT = "2026-01-01 00:00"
CHANGES = (
    *(Change(*each) for each in (
        ("varchar(20)", "varchar(64)"), ("varchar(20)", "varchar(10)"), ("varchar(20)", "varchar"),
        ("varchar(20)", "text"), ("varchar", "varchar(20)"), ("varchar", "text"), ("text", "varchar"),
        ("text", "varchar(20)"), ("text", "citext"), ("citext", "text"), ("varchar(20)", "citext"),
        ("citext", "varchar(20)"), ("char(5)", "char(10)"), ("char(5)", "varchar(5)"), ("char(5)", "text"),
        ("varchar(5)", "char(5)"), ("text", "char(5)"), ("varchar(20)", "varchar(64)", "c::varchar(64)"),
        ("varchar(20)", "text", "c::text"), ("varchar(20)", "text", "lower(c)"), ("text", "text", "c || 'x'"),
        ("text", "text"), ("name", "text"), ("text", "name"),
        ("numeric(10,2)", "numeric(12,2)"), ("numeric(10,2)", "numeric(10,3)"), ("numeric(10,2)", "numeric(8,2)"),
        ("numeric(10,2)", "numeric"), ("numeric", "numeric(10,2)"), ("numeric(10,2)", "numeric(12,4)"),
        ("int", "numeric"), ("numeric", "int"), ("smallint", "int"), ("int", "bigint"), ("bigint", "int"),
        ("int", "smallint"), ("int", "text", "c::text"), ("text", "int", "c::int"), ("int", "oid"), ("oid", "int"),
        ("real", "double precision"), ("double precision", "real"), ("int", "double precision"),
        ("boolean", "int", "c::int"), ("int", "boolean", "c <> 0"), ("int", "whole"), ("whole", "int"),
        ("text", "plain"), ("plain", "text"), ("text", "checked"), ("checked", "text"), ("varchar(20)", "checked"),
        ("varchar(20)", "plain"), ("text", "mood", "c::mood"), ("mood", "text"),
        ("bit varying(4)", "bit varying(8)"), ("bit varying(8)", "bit varying(4)"), ("int[]", "bigint[]"),
        ("varchar(10)[]", "varchar(20)[]"), ("varchar(10)[]", "text[]"), ("text", "bytea", "c::bytea"),
        ("json", "jsonb"), ("jsonb", "json"), ("text", "json", "c::json"), ("text", "jsonb", "c::jsonb"),
    )),
    *(Change(old, new, value=MOMENT) for old, new in (
        ("timestamp", "timestamptz"), ("timestamptz", "timestamp"), ("timestamp(3)", "timestamp(6)"),
        ("timestamp(6)", "timestamp(3)"), ("timestamp(3)", "timestamp"), ("timestamp", "timestamp(3)"),
        ("timestamptz(3)", "timestamptz"), ("timestamp(3)", "timestamptz"), ("timestamp", "timestamptz(3)"),
        ("date", "timestamp"), ("timestamp", "date"), ("date", "timestamptz"), ("timestamp", "text"),
    )),
    Change("timestamp", "timestamptz", zone="Europe/Vienna", value=MOMENT),
    Change("timestamptz", "timestamp", zone="Europe/Vienna", value=MOMENT),
    Change("timestamp", "timestamptz", "c AT TIME ZONE 'UTC'", value=MOMENT),
    Change("timestamp", "timestamptz", "c AT TIME ZONE 'Europe/Vienna'", value=MOMENT),
    Change("time(3)", "time", value="10:00"), Change("time", "time(3)", value="10:00"),
    Change("time", "timetz", value="10:00"), Change("interval", "interval(3)", value="1 day"),
    Change("interval(3)", "interval", value="1 day"), Change("interval(3)", "interval(6)", value="1 day"),
    Change("interval", "interval day to second", value="1 day"), Change("interval day", "interval", value="1 day"),
    Change("inet", "cidr", "c::cidr", value="10.0.0.0"), Change("cidr", "inet", value="10.0.0.0/8"),
    Change("inet", "text", "c::text", value="10.0.0.0"), Change("macaddr", "macaddr8", value="08:00:2b:01:02:03"),
    Change("bit(4)", "bit(8)", "c::bit(8)", value="1010"),
    Change("uuid", "text", value="0" * 32), Change("text", "uuid", "c::uuid", value="0" * 32),
    Change("varchar(20)", "varchar(64)", index=True), Change("varchar(20)", "text", index=True),
    Change("text", "varchar", index=True), Change("text", "citext", index=True),
    Change("numeric(10,2)", "numeric(12,2)", index=True), Change("timestamp", "timestamptz", index=True, value=MOMENT),
    Change("int", "bigint", index=True), Change("text", 'text COLLATE "C"', index=True),
    Change("text", 'text COLLATE "C"'), Change("varchar(20)", 'varchar(20) COLLATE "C"'),
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """Whether a change gave the table a new file, and whether an index was built anew."""

    rewrites: bool
    builds: bool


def on_a_server(connection: psycopg.Connection, change: Change) -> Seen:
    """What a server with rows does."""
    with connection.transaction(force_rollback=True):
        connection.execute(f"SET LOCAL timezone = '{change.zone}'".encode())
        for statement in change.setup:
            connection.execute(statement.encode())
        value = "{1}" if change.old.endswith("]") else change.value
        connection.execute(f"INSERT INTO changing SELECT n, '{value}' FROM generate_series(1, 1000) n".encode())
        before = _files(connection)
        connection.execute(change.statement.encode())
        after = _files(connection)
    return Seen(before["r"] != after["r"], change.index and before["i"] != after["i"])


def _files(connection: psycopg.Connection) -> dict[str, int]:
    rows = connection.execute(FILES).fetchall()
    return dict(rows)


FILES = """
SELECT relkind::text, relfilenode::bigint FROM pg_class
 WHERE oid = 'changing'::regclass
    OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'changing'::regclass)
"""


def on_a_twin(twin: Twin, change: Change) -> Seen:
    """What its trace says."""
    twin.migrate(Script(change.setup, transaction=False))
    *_, effect = twin.migrate(Script((f"SET timezone = '{change.zone}'", change.statement))).effects
    if effect.status != "applied":
        raise ValueError(f"{change.name}: {effect.why}")
    return Seen(bool(effect.rewritten), bool(effect.built))


@contextmanager
def server(major: int) -> Iterator[str]:
    """A server of the version, for rows."""
    with tempfile.TemporaryDirectory(prefix="pgtune-types-") as folder:
        Path(folder).chmod(0o711)  # the account that runs the server goes through it
        cluster = Cluster.create(find(major), Path(folder) / "server", initdb=("--no-sync",))
        cluster.configure({"fsync": "off"})
        cluster.start()
        try:
            yield cluster.conninfo()
        finally:
            cluster.remove()


@contextmanager
def prepared(major: int) -> Iterator[Twin]:
    """An empty twin of the version with the types that the changes need."""
    with raised(blank(major), binaries=find(major)) as twin:
        twin.migrate(Script(BEFORE, transaction=False))
        yield twin


def compared(conninfo: str, twin: Twin) -> Iterator[tuple[Change, Seen, Seen]]:
    """Each change, what the server did and what the twin says."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in BEFORE:
            connection.execute(statement.encode())
        for change in CHANGES:
            yield change, on_a_server(connection, change), on_a_twin(twin, change)


def main(majors: list[int]) -> None:
    """Print the tables."""
    for major in majors:
        with server(major) as conninfo, prepared(major) as twin:
            rows = list(compared(conninfo, twin))
        words = {True: "rewrites", False: ""}
        table = [(change.name, words[real.rewrites], words[ours.rewrites],
                  "" if real == ours else "WRONG") for change, real, ours in rows]  # fmt: skip
        print(f"\nPostgreSQL {major}\n")
        print(tabulate(table, ["change", "a server with rows", "the twin", ""]))
        right = sum(real == ours for _, real, ours in rows)
        wrote = sum(real.rewrites for _, real, _ in rows)
        print(f"\nthe twin: {right} of {len(rows)} right ({100 * right / len(rows):.1f} %); "
              f'"ALTER TYPE rewrites": {wrote} of {len(rows)} ({100 * wrote / len(rows):.1f} %)')  # fmt: skip


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [15, 18])
