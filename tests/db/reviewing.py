"""What tests of reviews share: a shop whose tables are big by its snapshot, and repositories with a branch."""

import subprocess
from dataclasses import replace
from pathlib import Path

import psycopg

from pgtune.review.result import Review
from pgtune.server.capture import capture
from pgtune.snapshot import Snapshot
from pgtune.usecases.review import Request, review

SCHEMA = """\
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL, name text);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint REFERENCES customers (id),
  total numeric(10, 2),
  note varchar(20),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_customer_id_idx ON orders (customer_id);
CREATE TABLE colours (id int PRIMARY KEY, name text);
"""
ROWS = """\
INSERT INTO colours SELECT n, 'colour ' || n FROM generate_series(1, 20) n;
INSERT INTO customers SELECT n, 'user' || n || '@example.org', 'Name ' || n FROM generate_series(1, 5000) n;
INSERT INTO orders
SELECT n, 1 + n % 5000, n % 1000, 'note', now() - n * interval '1 s' FROM generate_series(1, 50000) n;
VACUUM (ANALYZE);
"""
TIMES = 2000  # how much bigger the snapshot says the tables are: gigabytes without a gigabyte
QUERY = "SELECT id, total FROM orders WHERE customer_id = $1 ORDER BY id LIMIT 20;\n"


def fill(conninfo: str) -> None:
    """Make the shop in an empty database."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in f"{SCHEMA}{ROWS}".split(";\n"):
            if statement.strip():
                connection.execute(statement)


def enlarged(conninfo: str) -> Snapshot:
    """The shop's snapshot with big tables: orders and customers."""
    found = capture(conninfo)
    return replace(found, tables=tuple(_big(each) if each.name.name != "colours" else each for each in found.tables))


def _big(table):
    indexes = tuple(replace(each, pages=each.pages * TIMES, tuples=each.tuples * TIMES) for each in table.indexes)
    return replace(
        table, pages=table.pages * TIMES, relpages=table.relpages * TIMES, rows=table.rows * TIMES,
        all_visible=table.all_visible * TIMES, indexes=indexes,
    )  # fmt: skip


class Repository:
    """A repository with a history on `main` and a branch on top of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.email", "dba@example.org")
        self.git("config", "user.name", "A DBA")
        self.write("db/migrations/0001_shop.sql", SCHEMA)
        self.write("queries/orders.sql", QUERY)
        self.commit()

    def git(self, *words: str) -> str:
        command = ["git", "-C", str(self.root), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def write(self, path: str, text: str | bytes) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A commit")

    def branch(self) -> None:
        self.git("checkout", "--quiet", "-b", "feature")

    def review(self, **wanted) -> Review:
        """Review the branch in the test's own process; the caller stands in the repository."""
        return review(Request(base=wanted.pop("base", "main"), **wanted), lambda _: None)


def said(found: Review) -> list[tuple[str, str, str, int]]:
    """The findings as tuples: severity, code, path, line."""
    return [(each.severity, each.code, each.path, each.line) for each in found.findings]


def codes(found: Review) -> set[str]:
    return {each.code for each in found.findings}
