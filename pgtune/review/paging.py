"""Whether a page that is found by OFFSET can be found by a cursor: what names a row, and which index has the order."""

from collections.abc import Sequence
from dataclasses import dataclass

from pgtune.model.design import Design, Index, Key, Query
from pgtune.model.errors import NotPlannable
from pgtune.plans.plan import Plan
from pgtune.review.asked import Asked
from pgtune.snapshot.snapshot import Table
from pgtune.sqltext.habits import of_tables
from pgtune.sqltext.rewrites.keyset import Cursor, keyset
from pgtune.sqltext.shape import Block, Source

# Without sizes the planner would sort an empty table: it is asked what it can do, not what it would.
ORDERED = (("enable_seqscan", "off"), ("enable_sort", "off"), ("enable_incremental_sort", "off"))


@dataclass(frozen=True, slots=True)
class Page:
    """The query with a cursor, its plan, and the index that its order needs, None where one has it already.

    `sorted_`: its rows are sorted all the same, index or not.
    """

    cursor: Cursor
    plan: Plan | None = None
    index: Index | None = None
    sorted_: bool = False


def page(asked: Asked) -> Page | str:
    """The query by cursor, or why there can be none."""
    block = asked.shape.blocks[0]
    keyed = _keyed(asked, block)
    if isinstance(keyed, str):
        return keyed
    source, table, ties = keyed
    qualifier = source.alias if len(block.sources) > 1 else ""
    cursor = keyset(asked.text, [(qualifier, name) for name in ties])
    if cursor is None:
        return "its rows are gathered or computed, so that no columns of a table say where a page ends"
    return _planned(asked, cursor, _index(table, source, block, ties))


def _keyed(asked: Asked, block: Block) -> tuple[Source, Table, tuple[str, ...]] | str:
    """The relation whose order it is, and the columns that make the order tell every row from every other."""
    if not block.order or not all(each.term.column for each in block.order):
        return "it has no ORDER BY of columns, so that its pages have no order that holds"
    source = asked.shape.source(block.order[0].term.source)
    table = asked.table(source)
    if table is None or {each.term.source for each in block.order} != {source.number}:
        return "its order is not that of one table whose keys are known"
    if not of_tables(asked.tree) or not _one_each(asked, block, source):
        return "a row of the table may stand in its answer several times"
    columns = {column.name: column for column in table.columns}
    null = [each.term.column for each in block.order if not columns[each.term.column].not_null]
    if null:
        return f"{null[0]} may be null, and what stands behind a NULL cannot be asked for by a comparison"
    ties = _ties(table, [each.term.column for each in block.order])
    return (source, table, ties) if ties is not None else "the table has no unique key that tells its rows apart"


def _ties(table: Table, ordered: Sequence[str]) -> tuple[str, ...] | None:
    """What is to be appended to the order: nothing if a unique key stands in it, else the columns of one."""
    keys = _unique(table)
    if any(set(key) <= set(ordered) for key in keys):
        return ()
    return tuple(name for name in keys[0] if name not in ordered) if keys else None


def _unique(table: Table) -> list[tuple[str, ...]]:
    """Columns that no two rows share and that are never null, the primary key first."""
    never = {column.name for column in table.columns if column.not_null}
    found = [each for each in table.indexes if each.unique and each.valid and each.predicate is None]
    found.sort(key=lambda each: (not each.primary, len(each.keys), each.name))
    keys = [tuple(key.strip('"') for key in each.keys) for each in found]
    return [each for each in dict.fromkeys([table.primary_key, *keys]) if each and set(each) <= never]


def _one_each(asked: Asked, block: Block, source: Source) -> bool:
    """True if every other relation gives at most one row for a row of this one: it is joined by a unique key."""
    for other in block.sources:
        table = asked.table(other)
        if other == source:
            continue
        sides = [(join.left, join.right) for join in block.joins if join.operator == "=" and join.arm is None]
        both = [*sides, *((right, left) for left, right in sides)]
        joined = {mine.column for mine, theirs in both if mine.source == other.number != theirs.source and mine.column}
        if table is None or not any(set(key) <= joined for key in _unique(table)):
            return False
    return True


def _index(table: Table, source: Source, block: Block, ties: Sequence[str]) -> Index:
    """The index that gives the order: what is compared with = first, then the order's columns in its directions."""
    equal = [
        each.term.column
        for each in block.predicates
        if each.term.source == source.number and each.test == "equal" and each.arm is None and not each.negated
    ]
    last = block.order[-1].descending
    order = [*((each.term.column, each.descending) for each in block.order), *((name, last) for name in ties)]
    same = len({descending for _, descending in order}) == 1  # a B-tree is read in both directions
    keys = [Key(name) for name in dict.fromkeys(equal) if name and name not in dict(order)]
    return Index(table.name, (*keys, *(Key(name, descending=down and not same) for name, down in order)))


def _planned(asked: Asked, cursor: Cursor, index: Index) -> Page:
    text, settings = cursor.rewrite.text, () if asked.sized else ORDERED
    bare = _plan(asked, text, Design(settings=settings))
    if bare is None:
        return Page(cursor)
    if not _sorts(bare):
        return Page(cursor, bare)
    made = _plan(asked, text, Design(frozenset({index}), settings=settings))
    better = made is not None and not _sorts(made)
    return Page(cursor, made, index) if better else Page(cursor, bare, sorted_=True)


def _plan(asked: Asked, text: str, design: Design) -> Plan | None:
    if asked.ground.world is None:
        return None
    try:
        return asked.ground.world.plan(Query(text, None, asked.ground.search_path), design)
    except NotPlannable:
        return None


def _sorts(plan: Plan) -> bool:
    return any("Sort" in node.kind for node in plan.root.walk())
