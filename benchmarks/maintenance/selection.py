"""How well bloated indexes are told from others: precision, recall, and bytes given back a second.

    python -m benchmarks.maintenance.selection [--indexes 1000] [--bloated 0.05] [--rows 10000]

Of so many indexes of ten kinds (integers, text, duplicates, NULLs, partial, of two columns, by an expression, filled at
random ...) some lose four rows of five. What is really bloated says pgstatindex of the extension pgstattuple, by the
guide's share; the least size is lowered so that small indexes can be judged. pgtune decides once by estimates alone and
once with the extension; then its run is timed beside `reindexdb --concurrently` of everything.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.maintenance.site import DATABASE, ask, in_parts, pgtune, site, timed
from pgtune.cluster import Cluster
from pgtune.maintenance.survey import Scope
from pgtune.maintenance.work import Kind
from pgtune.usecases.maintain_plan import Request, plan

LEAST = 16 << 10  # bytes
KINDS = (
    "(id)", "(t)", "(k)", "(o)", "(k, id)", "(lower(t))", "(id) where k < 50", "(m)", "(d)", "(u)",
)  # fmt: skip
TABLE = """execute format('create table w%s (id int, k int, t text, o int, m numeric, d timestamptz, u uuid)', n);"""
FILL = """execute format('insert into w%s select g, g %% 100, ''name '' || g, case when g %% 3 = 0 then g end, g * 1.5,
    now() + g * interval ''1 s'', gen_random_uuid() from generate_series(1, {rows}) g order by {order}', n);"""
INDEX = "execute format('create index w%s_x on w%s {definition}', n, n);"
WEAR = "execute format('delete from w%s where id %% 5 <> 0', n);"
REALLY = """
select c.relname, s.index_size, 1 - s.leaf_pages * coalesce(nullif(s.avg_leaf_density, 'NaN'), 0) / 90
                                    / greatest(s.index_size / 8192, 1) as share
  from pg_class c cross join lateral pgstatindex(c.oid) s
 where c.relkind = 'i' and c.relname like 'w%'
"""
SIZE = "select sum(pg_relation_size(oid))::int8 from pg_class where relkind = 'i' and relname like 'w%'"


def build(cluster: Cluster, indexes: int, bloated: int, rows: int) -> None:
    """Tables with one index each; the last ones lose most of their rows. Every third index grows at random."""
    for number, definition in enumerate(KINDS):
        order = "random()" if number % 3 == 0 else "g"
        make, fill = INDEX.format(definition=definition), FILL.format(rows=rows, order=order)
        share = indexes // len(KINDS)
        first, last = number * share + 1, (number + 1) * share
        in_parts(cluster, TABLE + (make + fill if number % 3 == 0 else fill + make), first, last, 50)
        worn = last - max(1, bloated // len(KINDS)) + 1
        in_parts(cluster, WEAR, worn, last)
    timed(cluster.binaries.folder / "vacuumdb", "-z", "-d", cluster.conninfo(DATABASE))


def chosen(cluster: Cluster, guide: Path) -> set[str]:
    """The indexes that pgtune would rebuild now."""
    request = Request(cluster.conninfo(DATABASE), scope=Scope(frozenset({Kind.REINDEX})), guide_file=guide)
    return {job.target.name for job in plan(request, lambda _text: None).jobs if job.kind is Kind.REINDEX}


def told(name: str, picked: set[str], real: set[str]) -> None:
    """Precision and recall, and which were wrong."""
    right = len(picked & real)
    print(f"{name}: precision {right / max(len(picked), 1):.3f}, recall {right / max(len(real), 1):.3f} "
          f"({len(picked)} chosen, {len(real)} real, wrong {sorted(picked - real)[:5]}, "
          f"missed {sorted(real - picked)[:5]})")  # fmt: skip


def reclaimed(cluster: Cluster, guide: Path) -> None:
    """Bytes given back a second by pgtune, then by rebuilding everything: what it finds is what pgtune left."""
    before = ask(cluster, SIZE)[0][0]
    own = pgtune(cluster, "--task", "reindex", "--guide", str(guide))
    between = ask(cluster, SIZE)[0][0]
    everything = timed(cluster.binaries.folder / "reindexdb", "--concurrently", "-d", cluster.conninfo(DATABASE))
    after = ask(cluster, SIZE)[0][0]
    rates = (before - between) / own, (before - after) / everything
    print(f"pgtune: {(before - between) / 1e6:.1f} MB in {own:.1f} s; rebuilding all would give "
          f"{(before - after) / 1e6:.1f} MB and took {everything:.1f} s: {rates[0] / rates[1]:.1f} times the bytes a "
          f"second, {(before - between) / (before - after):.1%} of the bytes")  # fmt: skip


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--indexes", type=int, default=1000)
    parser.add_argument("--bloated", type=float, default=0.05, help="share of the indexes that lose their rows")
    parser.add_argument("--rows", type=int, default=10_000, help="of each table")
    given = parser.parse_args(words)
    with site() as cluster, tempfile.TemporaryDirectory() as folder:
        guide = Path(folder) / "guide.toml"
        guide.write_text(f'[maintenance.limits.index_bloat]\nshare = 0.4\nleast = "{LEAST}B"\n', encoding="utf-8")
        build(cluster, given.indexes, round(given.indexes * given.bloated), given.rows)
        real = {name for name, size, share in ask(cluster, REALLY) if share >= 0.4 and share * size >= LEAST}
        told("measured", chosen(cluster, guide), real)
        ask(cluster, "drop extension pgstattuple")
        told("estimated", chosen(cluster, guide), real)
        reclaimed(cluster, guide)


if __name__ == "__main__":
    main()
