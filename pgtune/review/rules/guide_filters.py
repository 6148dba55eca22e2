"""The guide's filters: fields that are filtered by have an index, several of them one together."""

from collections.abc import Iterator

from pgtune.model.design import Index, Key, Name
from pgtune.plans.plan import Node
from pgtune.plans.words import cost, listed
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.snapshot.snapshot import Table
from pgtune.sqltext.shape import Block, Source

INDEXED = Rule(
    code="guide.filter-index",
    severity="note",
    title="A query filters by columns that no index begins with",
    why=(
        "Without an index every row is looked at. How grave that is depends on the size of the table: with a snapshot "
        "the query is planned at production's size, and index.missing says what an index would win."
    ),
    remedy="An index on the columns that the query filters by; or take a snapshot, so that its worth can be proven.",
    wrong="SELECT id FROM orders WHERE note = $1",
    right="SELECT id FROM orders WHERE customer_id = $1",
    source="the house guide: review.filtering.indexed_fields; asked of the planner with enable_seqscan = off",
)
TOGETHER = Rule(
    code="guide.compound-index",
    severity="note",
    title="Several equality filters, and no index has two of them",
    why="One index finds the rows of one condition, and the others are checked row by row in the table.",
    remedy="One index on the columns together.",
    wrong="SELECT id FROM orders WHERE customer_id = $1 AND status = $2",
    right="SELECT id FROM orders WHERE id = $1",
    source="the house guide: review.filtering.compound_indexes; PostgreSQL documentation 11.3, 11.5",
)
FORCED = {"enable_seqscan": "off"}


def indexed(asked: Asked) -> Iterator[Remark]:
    """Without sizes: a table that is read whole although the planner was told to avoid it."""
    if asked.sized or asked.plan is None or not any(block.predicates for block in asked.shape.blocks):
        return
    forced = asked.planned(asked.text, FORCED)
    whole = {} if forced is None else {_name(asked, node): node for node in forced.root.walk() if _filtered(node)}
    for name in whole:
        columns = _columns(asked, name)
        if columns:
            what = f"no index of {asked.shown(name)} serves the filter on {listed(columns)}; its size is not known"
            yield Remark("note", what, INDEXED.instead, verified=False, about=(name,))


def _filtered(node: Node) -> bool:
    return node.kind == "Seq Scan" and "Filter" in node.conditions and node.relation is not None


def _name(asked: Asked, node: Node) -> Name:
    return asked.root(node.relation or Name("", ""))


def _columns(asked: Asked, name: Name) -> list[str]:
    """The columns that the text compares, of which an index could serve."""
    numbers = {each.number for each in asked.shape.sources if each.table == name}
    served = {"equal", "in", "range", "prefix", "null", "contains"}
    found = (each for each in asked.shape.predicates() if each.term.source in numbers and each.test in served)
    return list(dict.fromkeys(each.term.sql for each in found if not each.negated and each.arm is None))


def together(asked: Asked) -> Iterator[Remark]:
    """Two or more columns compared with =, of which every index has one at most."""
    for block in asked.shape.blocks:
        for source in block.sources:
            table = asked.table(source)
            columns = _equal(block, source)
            if table is not None and len(columns) > 1 and not _has_two(table, columns):
                yield from _apart(asked, table, columns)


def _equal(block: Block, source: Source) -> list[str]:
    own = (each for each in block.predicates if each.term.source == source.number and each.test == "equal")
    return list(
        dict.fromkeys(each.term.column for each in own if each.term.column and not each.arm and not each.negated)
    )


def _has_two(table: Table, columns: list[str]) -> bool:
    """True if an index has two of the columns in front, or a unique one has them all; also if none has any at all."""
    keys = [tuple(key.strip('"') for key in each.keys) for each in table.indexes if each.valid]
    unique = [
        tuple(key.strip('"') for key in each.keys) for each in table.indexes if each.unique and each.predicate is None
    ]
    if any(set(each) <= set(columns) for each in unique):
        return True
    return any(set(each[:2]) <= set(columns) and len(each) > 1 for each in keys) or not any(
        each[0] in columns for each in keys if each
    )


def _apart(asked: Asked, table: Table, columns: list[str]) -> Iterator[Remark]:
    index = Index(table.name, tuple(map(Key, columns)))
    if not asked.sized:
        what = f"{asked.shown(table.name)} is filtered by {listed(columns)}, and no index has two of them"
        yield Remark("note", what, TOGETHER.instead, asked.creation(index), verified=False, about=(table.name,))
    elif asked.plan is not None and any(node.kind == "BitmapAnd" for node in asked.plan.root.walk()):
        named = f"{asked.shown(table.name)} are combined for {listed(columns)}"
        what = f"two indexes of {named}: costs {cost(asked.plan.cost)}"
        yield Remark("note", what, TOGETHER.instead, asked.creation(index), about=(table.name,))
