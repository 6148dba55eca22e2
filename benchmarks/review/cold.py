"""How long a review takes from its start to its verdict, one command.

    python -m benchmarks.review.cold [--runs 3] [--tables 100] [--queries 1,100,1000]

A database of so many tables is made on a server of our own and its snapshot taken; a repository gets a branch with a
migration and so many different queries. `pgtune review --diff main --snapshot FILE` is then run as a user runs it:
its own process, a cold twin. Printed is the median of the runs in seconds.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from pgtune.cluster import Cluster, find
from pgtune.server.capture import capture
from pgtune.snapshot import dump

TABLE = """\
CREATE TABLE t{n} (
  id bigint PRIMARY KEY, owner bigint NOT NULL, state text NOT NULL, amount numeric(10, 2), made timestamptz NOT NULL
);
CREATE INDEX t{n}_owner ON t{n} (owner);
"""
ROWS = """\
INSERT INTO t{n} SELECT i, i % 97, 's' || i % 5, i, now() - i * interval '1 min' FROM generate_series(1, 2000) i;
"""
MIGRATION = """\
SET lock_timeout = '2s';
ALTER TABLE t1 ALTER COLUMN state TYPE varchar(64);
CREATE TABLE added (id bigint PRIMARY KEY, of bigint NOT NULL);
"""
FORMS = (
    "SELECT id, amount FROM t{n} WHERE owner = $1 ORDER BY id LIMIT {k};\n",
    "SELECT state, count(*) FROM t{n} WHERE made > $1 AND amount > {k} GROUP BY state LIMIT 20;\n",
    "SELECT a.id FROM t{n} a JOIN t{m} b ON b.owner = a.owner WHERE a.id = $1 AND b.id > {k} LIMIT 20;\n",
    "UPDATE t{n} SET amount = amount + {k} WHERE id = $1;\n",
    "INSERT INTO t{n} (id, owner, state, made) VALUES ($1, {k}, $2, now());\n",
)


def queries(number: int, tables: int) -> Iterator[str]:
    """So many queries of which no two are the same."""
    for each in range(number):
        yield FORMS[each % len(FORMS)].format(n=1 + each % tables, m=1 + (each + 1) % tables, k=1 + each // tables)


def snapshot(tables: int, file: Path) -> None:
    """The snapshot of a database of so many tables."""
    server = Cluster.throw_away(find())
    try:
        server.configure({"fsync": "off", "synchronous_commit": "off"})
        server.start()
        with psycopg.connect(server.conninfo(), autocommit=True) as connection:
            for n in range(1, tables + 1):
                connection.execute(TABLE.format(n=n))
                connection.execute(ROWS.format(n=n))
            connection.execute("VACUUM (ANALYZE)")
        file.write_bytes(dump(capture(server.conninfo())))
    finally:
        server.remove()


def repository(root: Path, tables: int, number: int) -> None:
    """A branch with a migration and so many queries."""

    def git(*words: str) -> None:
        who = ("-c", "user.name=A DBA", "-c", "user.email=dba@example.org")
        subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)

    (root / "migrations").mkdir(parents=True)
    git("init", "--quiet", "--initial-branch", "main")
    (root / "migrations/0001_tables.sql").write_text("".join(TABLE.format(n=n) for n in range(1, tables + 1)))
    git("add", "--all")
    git("commit", "--quiet", "--message", "tables")
    git("checkout", "--quiet", "-b", "feature")
    (root / "migrations/0002_change.sql").write_text(MIGRATION)
    (root / "queries.sql").write_text("".join(queries(number, tables)))


def seconds(root: Path, file: Path) -> float:
    """One review, from the start of its process to its end."""
    command = [sys.executable, "-m", "pgtune", "review", "--diff", "main", "--snapshot", str(file), "--output", "json"]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    took = time.perf_counter() - began
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr.decode())
    return took


def main() -> None:
    """Print a line for each number of queries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--queries", default="1,100,1000")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pgtune-bench-") as folder:
        file = Path(folder) / "prod.pgtune"
        snapshot(given.tables, file)
        for number in map(int, given.queries.split(",")):
            root = Path(folder) / f"project-{number}"
            repository(root, given.tables, number)
            took = [seconds(root, file) for _ in range(given.runs)]
            print(f"{number:>6} queries, {given.tables} tables: {statistics.median(took):.1f} s "
                  f"(of {', '.join(f'{each:.1f}' for each in took)})")  # fmt: skip


if __name__ == "__main__":
    main()
