"""How long a snapshot takes: `python -m benchmarks.snapshot --tables 1000,5000` makes such databases and measures.

Each table has ten columns of ten types with statistics, three indexes (one on an expression), a check, defaults, a
sequence and a foreign key. Times are of one run each, on a warm server; the machine's other work counts in.
"""

import argparse
import gzip
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg
from tabulate import tabulate

from pgtune.cluster import Cluster, find
from pgtune.model.units import human_bytes
from pgtune.server.capture import capture
from pgtune.snapshot import dump, load
from pgtune.snapshot.mask import mask

BATCH = 250  # tables a transaction: each holds its locks until the end of it
TABLES = """do $$ begin for i in {first}..{last} loop
  execute format('create table t%s (id bigserial primary key, a int not null default 1, b text, c timestamptz,
    d numeric(10,2) check (d >= 0), e jsonb, f uuid, g text[], h bool, i date)', i);
  execute format('create index on t%s (a, c)', i);
  execute format('create index on t%s (lower(b))', i);
  execute format('insert into t%s (a, b, c, d, e, f, g, h, i) select x %% 10, md5((x * {first})::text),
    now() - x * interval ''1 h'', x, jsonb_build_object(''k'', x), gen_random_uuid(), array[md5((x %% 30)::text)],
    x %% 3 = 0, date ''2020-01-01'' + x from generate_series(1, 200) x', i);
  if i > 0 then execute format('alter table t%s add foreign key (id) references t%s not valid', i, i - 1); end if;
end loop; end $$"""

Answer = TypeVar("Answer")


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshot", description=__doc__)
    parser.add_argument("--tables", default="1000,5000", help="numbers of tables (default 1000,5000)")
    parser.add_argument("--major", type=int, default=18, help="major version of the server (default 18)")
    parser.add_argument("--mask", action="store_true", help="mask too (takes a minute for 5,000 tables)")
    given = parser.parse_args(words)
    cluster = Cluster.throw_away(find(given.major))
    try:
        cluster.configure({"fsync": "off", "autovacuum": "off", "max_locks_per_transaction": "1000"})
        cluster.start()
        print(f"PostgreSQL {cluster.binaries.version_text}")
        done, rows = 0, []
        for wanted in sorted(int(word) for word in given.tables.split(",")):
            _fill(cluster.conninfo(), done, wanted)
            done = wanted
            rows.append(_measured(cluster.conninfo(), wanted, masked=given.mask))
        headers = ("tables", "objects", "capture s", "write s", "read s", "mask s", "file", "unpacked", "memory")
        print(tabulate(rows, headers, floatfmt=".1f"))
    finally:
        cluster.remove()
    return 0


def _fill(conninfo: str, done: int, wanted: int) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for first in range(done, wanted, BATCH):
            text = TABLES.format(first=first, last=min(first + BATCH, wanted) - 1)
            connection.execute(text.encode())
        connection.execute("analyze")


def _measured(conninfo: str, tables: int, *, masked: bool) -> tuple[object, ...]:
    found, capturing = _timed(lambda: capture(conninfo))
    if len(found.tables) != tables:
        raise SystemExit(f"{len(found.tables)} tables captured of {tables}")
    data, writing = _timed(lambda: dump(found))
    again, reading = _timed(lambda: load(data))
    if again != found:
        raise SystemExit("what was read is not what was written")
    masking = _timed(lambda: mask(found))[1] if masked else None
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    unpacked = human_bytes(len(gzip.decompress(data)))
    sizes = (human_bytes(len(data)), unpacked, human_bytes(memory))
    return (tables, len(found.objects), capturing, writing, reading, masking, *sizes)


def _timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    started = time.monotonic()
    answer = work()
    return answer, time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
