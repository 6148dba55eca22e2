"""A missing index, proven: the twin plans the query with it, at production's size."""

from collections.abc import Iterator

from pgtune.indexes.advice import IndexRecommendation
from pgtune.model.finding import Severity
from pgtune.model.units import human_bytes
from pgtune.plans.plan import Node
from pgtune.plans.rules.scans import BIG_PAGES, HUGE_PAGES
from pgtune.plans.words import cost, listed, times
from pgtune.review.asked import Asked
from pgtune.review.lean import CLEARLY
from pgtune.review.proof import Proof
from pgtune.review.rule import Remark, Rule
from pgtune.review.rules.plan import INDEXABLE

RULE = Rule(
    code="index.missing",
    severity="error",
    title="An index would make the query many times cheaper",
    why=(
        "The query was planned on the twin, an empty server with production's schema, sizes and statistics, as it is "
        f"and with the index. It is named if the cost falls to a quarter or less (1/{CLEARLY:g}): the planner reckons "
        "a page read at random as 1.1 to 4 pages in sequence, so a smaller gain may be none. The finding is an error "
        "where the query reads about 1 GB without the index, a warning from 8 MB on."
    ),
    remedy="Create the index before the query goes live, with CREATE INDEX CONCURRENTLY in a migration of its own.",
    wrong="SELECT id FROM orders WHERE note = $1",
    right="SELECT id FROM orders WHERE id = $1",
    source="the planner of the twin; PostgreSQL documentation 11.1, 19.7.2 (random_page_cost), CREATE INDEX",
    known_as=("pganalyze: missing index", "Query Doctor: missing index", "pgReviewer: missing index"),
)


def check(asked: Asked) -> Iterator[Remark]:
    """Ask the advisor where the plan has something that an index is the answer to."""
    if not asked.sized or asked.plan is None or not _wanted(asked):
        return
    proof = asked.prove()
    if proof is not None and proof.clear:
        yield _remark(asked, proof)


def _wanted(asked: Asked) -> bool:
    """True if the plan reads rows in vain, brings two indexes together, or works long for what an index found."""
    if any(each.code in INDEXABLE or each.code == "join.subplan" for each in asked.insights):
        return True
    return asked.plan is not None and any(map(_laborious, asked.plan.root.walk()))


def _laborious(node: Node) -> bool:
    """An unexecuted plan does not tell how many rows a filter throws away; the cost of the scan hints at it."""
    return node.kind == "BitmapAnd" or ("Filter" in node.conditions and node.total_cost >= BIG_PAGES)


def _remark(asked: Asked, proof: Proof) -> Remark:
    tables = tuple(dict.fromkeys(each.table for each in proof.indexes))
    keys = listed([f"{asked.shown(each.table)} {_keys(each)}" for each in proof.indexes])
    size = human_bytes(sum(each.size_bytes for each in proof.indexes))
    what = (
        f"costs {cost(proof.cost_before)}; with an index on {keys} {cost(proof.cost_after)}, "
        f"{times(proof.factor)} less (the planner's units)"
    )
    doubts = "".join(f"; {each.rstrip('.')}" for each in _doubts(proof))
    helps = f"create it before the query goes live; it takes about {size}{doubts}"
    statements = [line for each in proof.indexes for line in (*each.needs, asked.creation(each.index))]
    fix = "".join(f"{line.rstrip(';')};\n" for line in dict.fromkeys(statements)).rstrip()
    return Remark(_severity(asked, proof), what, helps, fix, about=tables)


def _doubts(proof: Proof) -> list[str]:
    """What speaks against being sure; a partial index's is gone with its predicate."""
    found = [(each, doubt) for each in proof.indexes for doubt in each.doubts]
    return list(dict.fromkeys(doubt for each, doubt in found if each.index.where or "in so many words" not in doubt))


def _keys(found: IndexRecommendation) -> str:
    keys = ", ".join(each.column or each.expression for each in found.index.keys)
    method = "" if found.index.method == "btree" else f" using {found.index.method}"
    part = f" where {found.index.where}" if found.index.where else ""
    return f"({keys}){method}{part}"


def _severity(asked: Asked, proof: Proof) -> Severity:
    """By what is read in vain: a unit of cost is about a page, and no more than the table has can be."""
    pages = min(proof.cost_before, max(asked.pages(each.table) or 0 for each in proof.indexes))
    return "error" if pages >= HUGE_PAGES else "warning" if pages >= BIG_PAGES else "note"
