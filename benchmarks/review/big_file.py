"""Time and memory of reading one large .sql file: python -m benchmarks.review.big_file [MEGABYTES].

Three files of that size, each read in a process of its own: a dump as pg_dump writes it with COPY, one with INSERTs,
and one with INSERTs among which one statement does not parse. The bounds are the project's: 5 MB in 10 s and 500 MB.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator

SECONDS, MEGABYTES = 10.0, 500.0
TABLE = "CREATE TABLE public.t{n} (\n    id bigint NOT NULL,\n    name text,\n    at timestamp with time zone\n);\n\n"
ROW = "INSERT INTO public.t{n} VALUES ({row}, 'it''s; a name', '2026-01-01 00:00:00+00');\n"


def copies(size: int) -> Iterator[str]:
    """A table and its rows as COPY takes them, again and again."""
    for n in range(size // 50_000):
        yield TABLE.format(n=n)
        yield f"COPY public.t{n} (id, name, at) FROM stdin;\n"
        yield from (f"{row}\tit's; a name \\N\t2026-01-01 00:00:00+00\n" for row in range(1_200))
        yield "\\.\n\n"


def inserts(size: int) -> Iterator[str]:
    """A table and its rows as --inserts writes them."""
    for n in range(size // 70_000):
        yield TABLE.format(n=n)
        yield from (ROW.format(n=n, row=row) for row in range(860))


def broken(size: int) -> Iterator[str]:
    """The same with one statement that is no SQL."""
    yield from inserts(size // 2)
    yield "INSRT INTO nothing;\n"
    yield from inserts(size // 2)


KINDS = {"copy": copies, "inserts": inserts, "broken": broken}


def read(kind: str, size: int) -> None:
    """Read a file in this process, and print what it took."""
    from pgtune import sources  # noqa: PLC0415  # its import counts

    content = "".join(KINDS[kind](size)).encode()
    start = time.perf_counter()
    found = sources.read({"dump.sql": content})
    took = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    number = sum(len(each.statements) for each in found.migrations) + len(found.queries)
    held = "holds" if took < SECONDS and memory < MEGABYTES else "MISSED"
    megabytes = len(content) / 1024 / 1024
    print(f"{kind:8} {megabytes:6.1f} MB {number:8} statements {took:6.2f} s {memory:6.0f} MB  {held}", flush=True)


def main() -> None:
    """Each file in its own process, so that its memory is its own."""
    if len(sys.argv) > 2:
        read(sys.argv[1], int(sys.argv[2]))
        return
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "5") * 1024 * 1024)
    for kind in KINDS:
        subprocess.run([sys.executable, "-m", "benchmarks.review.big_file", kind, str(size)], check=True)


if __name__ == "__main__":
    main()
