"""TPC-H on PostgreSQL: the eight tables, their keys, generated data and the 22 queries of the public specification."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
TABLES = ("region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem")
CHUNK = 1 << 20


def queries() -> dict[str, str]:
    """The texts by name, `Q1` to `Q22`."""
    return {f"Q{int(path.stem[1:])}": path.read_text(encoding="utf-8") for path in sorted(HERE.glob("queries/q*.sql"))}


def load(conninfo: str, scale: float) -> None:
    """Make the tables, fill them at this scale factor (1 is about 1.7 GB with its indexes), add keys and analyze.

    Raises:
        RuntimeError: `tpchgen-cli` (from PyPI) is missing or failed.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        _script(connection, HERE / "schema.sql")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '256MB'")
        for table in TABLES:
            _copy(connection, table, scale)
        _script(connection, HERE / "keys.sql")


def _script(connection: psycopg.Connection, path: Path) -> None:
    """Run the statements one by one: VACUUM refuses to stand in a block of several."""
    for statement in path.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(statement.encode())


def _generator() -> str:
    beside = Path(sys.executable).parent / "tpchgen-cli"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("tpchgen-cli")
    if found is None:
        raise RuntimeError("tpchgen-cli is not installed: pip install tpchgen-cli")
    return found


def _copy(connection: psycopg.Connection, table: str, scale: float) -> None:
    """Stream a table from the generator into COPY: nothing is written to disk between them."""
    command = [_generator(), "csv", "--scale-factor", str(scale), "--tables", table, "--stdout", "--quiet"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as generator,
        connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)".encode()) as copy,
    ):
        assert generator.stdout is not None
        while chunk := generator.stdout.read(CHUNK):
            copy.write(chunk)
    if generator.returncode:
        raise RuntimeError(f"tpchgen-cli failed for {table} with exit code {generator.returncode}")
