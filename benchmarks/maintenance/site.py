"""A throw-away server for a benchmark, and the commands that work on it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from pgtune.cluster import Cluster, find

SETTINGS = {"autovacuum": "off", "shared_buffers": "256MB", "max_wal_size": "4GB", "jit": "off"}
DATABASE = "night"


@contextmanager
def site() -> Iterator[Cluster]:
    """A server with a database of its own, removed in the end."""
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure(SETTINGS)
        cluster.start()
        ask(cluster, f"create database {DATABASE}", dbname="postgres")
        ask(cluster, "create extension pgstattuple")
        yield cluster
    finally:
        cluster.remove()


def ask(cluster: Cluster, query: str, dbname: str = DATABASE) -> list[tuple[Any, ...]]:
    """The rows of a statement, in a session of its own: at its end counters are flushed."""
    with psycopg.connect(cluster.conninfo(dbname), autocommit=True) as connection:
        cursor = connection.execute(query.encode())  # made of figures and names of ours
        return cursor.fetchall() if cursor.description else []


def in_parts(cluster: Cluster, body: str, first: int, last: int, size: int = 500) -> None:
    """A PL/pgSQL body for n from first to last, so many at once: a transaction holds a lock for each table."""
    for begin in range(first, last + 1, size):
        end = min(begin + size - 1, last)
        ask(cluster, f"do $$ begin for n in {begin}..{end} loop {body} end loop; end $$")


def timed(*words: str | Path) -> float:
    """Seconds that a command takes; its exit code is 0, or 1 for findings."""
    began = time.perf_counter()
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=environment())
    seconds = time.perf_counter() - began
    if done.returncode not in {0, 1}:
        sys.exit(f"{words[0]}: {done.stderr}")
    return seconds


def pgtune(cluster: Cluster, *words: str) -> float:
    """Seconds of `pgtune maintain run`, its start included."""
    return timed(sys.executable, "-m", "pgtune", "maintain", "run", cluster.conninfo(DATABASE), *words)


def environment() -> dict[str, str]:
    """Pgtune's own history of these servers is nobody's: it goes to a folder that nothing else reads."""
    home = Path(tempfile.gettempdir()) / "pgtune-benchmark-home"
    home.mkdir(exist_ok=True)
    servers = Path(os.environ.get("PGTUNE_HOME", "/nonexistent")) / "postgresql"
    if servers.is_dir() and not (home / "postgresql").exists():
        (home / "postgresql").symlink_to(servers)
    return {**os.environ, "PGTUNE_HOME": str(home)}
