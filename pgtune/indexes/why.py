"""Why an index: a sentence for a person, and what there is to doubt."""

from collections.abc import Sequence
from textwrap import shorten

from pgtune.indexes.advice import Confidence
from pgtune.indexes.candidate import Candidate, Reason
from pgtune.indexes.facts import Facts, TableFacts
from pgtune.model.design import Index

NAMED = 48  # letters of a query's text that name it
VISIBLE = 0.8  # share of pages marked all-visible: with fewer, an index-only scan visits the table after all

PURPOSE: dict[Reason, str] = {
    "lookup": "finds the rows by {keys}",
    "range": "reads a range of {keys} instead of the whole table",
    "join": "finds the rows that belong to a join by {keys}",
    "order": "delivers the rows in the order of {keys}, so that nothing is sorted and LIMIT ends early",
    "group": "delivers the rows grouped by {keys}, so that nothing is sorted or hashed",
    "extreme": "has the smallest and the greatest value of {keys} at its ends",
    "covering": "finds the rows by {keys} and holds every other column that is read, so the table is not visited",
    "partial": "holds just the rows where {where}, by {keys}",
    "prefix": "serves LIKE with a fixed beginning on {keys}: it sorts by bytes, which the plain index does not",
    "containment": "finds what is contained in {keys}",
    "search": "answers full-text search on {keys}",
    "trigram": "answers LIKE and regular expressions with an unknown beginning on {keys}",
    "block range": "tells which blocks of this big table, which lies in the order of {keys}, need not be read",
    "spatial": "finds overlaps and containment of {keys}",
    "hash": "finds long values of {keys} by their hash, in a fraction of a B-tree's size",
}


def sentence(candidate: Candidate, *, written: bool) -> str:
    """What it does, and whether its upkeep is taken for free; the figures stand apart."""
    keys = ", ".join(_key(candidate.index, place) for place in range(len(candidate.index.keys)))
    text = f"It {PURPOSE[candidate.reason].format(keys=keys, where=candidate.index.where)}."
    return text if written else f"{text} No writes to the table are known, so it is taken for free to keep."


def _key(index: Index, place: int) -> str:
    key = index.keys[place]
    return (key.column or key.expression) + (" descending" if key.descending else "")


def doubts(candidate: Candidate, table: TableFacts | None, facts: Facts, *, generic: bool) -> tuple[str, ...]:
    """What makes the forecast less than certain."""
    index, found = candidate.index, []
    if table is None:
        return ("the table is not in the snapshot",)
    unknown = [key.column for key in index.keys if key.column and table.stats(key.column) is None]
    if unknown:
        found.append(f"there are no statistics of {', '.join(unknown)}: ANALYZE the table first")
    found += _about_size_and_use(candidate, table)
    if candidate.needs:
        found.append("the extension it needs is not installed")
    if generic:
        found.append("the statements were planned without values for their parameters")
    if facts.snapshot.masked and index.where:
        found.append("the snapshot is masked: the condition's value is not the real one")
    return tuple(found)


def _about_size_and_use(candidate: Candidate, table: TableFacts) -> list[str]:
    index, found = candidate.index, []
    if any(key.expression for key in index.keys):
        found.append("the planner knows nothing of the expression's values until the index is there and analyzed")
    if index.include or candidate.reason == "covering":
        visible = table.table.all_visible / table.table.relpages if table.table.relpages else 0.0
        if visible < VISIBLE:
            found.append(f"only {visible:.0%} of the pages are marked all-visible: vacuum the table, or it is visited")
    if index.method in {"gin", "gist", "spgist"}:
        found.append("the size of such an index depends on the values and is an estimate")
    if index.where and "NULL" not in index.where:
        found.append(f"it serves only statements that say {index.where} in so many words, not as a parameter")
    return found


def risk(queries: Sequence[tuple[str, float]]) -> tuple[str, ...]:
    """What it may do to the queries of these texts, which may become so many times dearer."""
    if not queries:
        return ()
    text, times = max(queries, key=lambda each: each[1])
    others = f", and {len(queries) - 1} more dearer too" if len(queries) > 1 else ""
    named = shorten(text, NAMED, placeholder=" ...")
    when = "if the columns of its joins and filters depend on each other"
    return (f"{when}, {named} may become {times:.1f} times dearer{others}: --prove measures it",)


def confidence(found: Sequence[str]) -> Confidence:
    """High without a doubt, medium with one, else low."""
    if not found:
        return "high"
    return "medium" if len(found) == 1 else "low"
