"""What a statement asks of each relation: gathered from its syntax tree and from its plan.

The syntax tree tells order, groups and the columns that are read; the plan tells what only the planner sees: relations
behind views and functions, and conditions that it moved or took out of an OR.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgtune.model.design import Name
from pgtune.model.errors import NotSql
from pgtune.plans.plan import Node, Plan
from pgtune.sqltext.analysis import shape
from pgtune.sqltext.conditions import conditions
from pgtune.sqltext.shape import Block, Catalog, Join, Predicate, Shape, SortKey, Source, Term

CONDITIONS = ("Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter")
EXTREMES = 2  # min() and max() of so many columns are looked up at an index's ends


@dataclass(frozen=True, slots=True)
class Access:
    """One relation of one statement.

    `joins` are the terms that are compared with one partner each, for equality. `order` are the leading sort keys that
    belong to this relation, `limited` says that not all rows in that order are wanted. `extremes` are columns of which
    min() or max() may be asked. `reads` are all columns read, `whole`: really all of them (`*`).
    """

    table: Name
    alias: str
    predicates: tuple[Predicate, ...] = ()
    joins: tuple[tuple[Term, ...], ...] = ()
    order: tuple[SortKey, ...] = ()
    limited: bool = False
    group: tuple[Term, ...] = ()
    extremes: tuple[Term, ...] = ()
    reads: tuple[str, ...] = ()
    whole: bool = False
    written: bool = False

    @property
    def certain(self) -> tuple[Predicate, ...]:
        """The conditions that every row must meet and that an index might serve."""
        return tuple(each for each in self.predicates if each.arm is None and not each.negated)

    def tested(self, *tests: str) -> tuple[Term, ...]:
        """The terms of certain conditions of these kinds, each once."""
        return tuple(dict.fromkeys(each.term for each in self.certain if each.test in tests))

    @property
    def arms(self) -> tuple[Predicate, ...]:
        """The conditions below an OR."""
        return tuple(each for each in self.predicates if each.arm is not None and not each.negated)

    @property
    def joined(self) -> tuple[Term, ...]:
        """The terms of all joins, each once."""
        return tuple(dict.fromkeys(term for group in self.joins for term in group))


def accesses(text: str, plan: Plan | None, catalog: Catalog) -> tuple[Access, ...]:
    """What the statement asks of each relation; nothing if the text cannot be read and there is no plan."""
    try:
        read = shape(text, catalog)
    except NotSql:
        read = None
    written = tuple(from_shape(read)) if read else ()
    return merged(written, from_plan(plan, catalog)) if plan else written


def from_shape(read: Shape) -> Iterator[Access]:
    """By the syntax tree."""
    for block in read.blocks:
        for source in block.sources:
            if source.table is not None:
                yield _access(source, source.table, block, read)


def _access(source: Source, table: Name, block: Block, read: Shape) -> Access:
    mine = [each for each in read.predicates() if each.term.source == source.number]
    joins = _joins(source.number, (join for each in read.blocks for join in each.joins))
    order = _order(source.number, block)
    group = () if any(term.source != source.number for term in block.group) else block.group
    outputs = [term for each in read.blocks for term in each.outputs if term.source == source.number]
    alone = block.aggregated and not block.group and len(block.sources) == 1 and len(outputs) <= EXTREMES
    terms = [each.term for each in mine] + [term for each in joins for term in each] + outputs + list(group)
    terms += [key.term for key in order]
    return Access(
        table, source.alias, tuple(mine), joins, order, block.limit is not None or block.distinct, group,
        tuple(outputs) if alone else (), _columns(terms), source.number in block.star, source.written,
    )  # fmt: skip


def _columns(terms: Iterable[Term]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for term in terms for name in term.columns))


def _order(number: int, block: Block) -> tuple[SortKey, ...]:
    keys = []
    for key in block.order:
        if key.term.source != number:
            break
        keys.append(key)
    return tuple(keys)


def _joins(number: int, joins: Iterable[Join]) -> tuple[tuple[Term, ...], ...]:
    """The terms of this relation by partner, in the order of the text."""
    found: dict[int, dict[Term, None]] = {}
    for join in joins:
        for mine, other in ((join.left, join.right), (join.right, join.left)):
            if mine.source == number and join.operator == "=":
                found.setdefault(other.source, {})[mine] = None
    return tuple(dict.fromkeys(tuple(terms) for terms in found.values()))


def from_plan(plan: Plan, catalog: Catalog) -> tuple[Access, ...]:
    """By the plan's own conditions and sort keys."""
    relations = sources(plan)
    accesses_: dict[int, Access] = {
        each.number: Access(each.table, each.alias) for each in relations.values() if each.table is not None
    }
    predicates: dict[Predicate, None] = {}
    joins: dict[Join, None] = {}
    for node in plan.root.walk():
        seen = _in_sight(node, relations)
        for label in CONDITIONS:
            if text := node.conditions.get(label):
                found, between = conditions(text, seen, catalog)
                predicates.update(dict.fromkeys(found))
                joins.update(dict.fromkeys(between))
    order = dict(_sorted(plan, tuple(relations.values()), catalog))
    return tuple(
        replace(
            access,
            predicates=tuple(each for each in predicates if each.term.source == number),
            joins=_joins(number, joins),
            order=order.get(number, ()),
        )
        for number, access in accesses_.items()
    )


def sources(plan: Plan) -> Mapping[str, Source]:
    """The relations of the plan by alias."""
    found: dict[str, Source] = {}
    for node in plan.root.walk():
        if node.relation is not None and (alias := node.alias or node.relation.name) not in found:
            number = len(found) + 1
            found[alias] = Source(number, node.relation.schema, node.relation.name, alias, node.relation)
    return found


def _in_sight(node: Node, sources: Mapping[str, Source]) -> Sequence[Source]:
    """The relation itself for a scan (EXPLAIN may leave its alias away), else all."""
    if node.relation is None:
        return tuple(sources.values())
    mine = sources[node.alias or node.relation.name]
    return (mine, *(each for each in sources.values() if each is not mine)) if len(sources) > 1 else (mine,)


def _sorted(plan: Plan, sources: Sequence[Source], catalog: Catalog) -> Iterator[tuple[int, tuple[SortKey, ...]]]:
    """The keys of each Sort on columns of one relation, found by asking what they would mean in an ORDER BY."""
    tables = ", ".join(f'{each.table.sql} AS "{each.alias}"' for each in sources if each.table)
    for node in plan.root.walk():
        keys = node.detail.get("Sort Key") or ()
        if not keys or not tables:
            continue
        try:
            text = f"SELECT 1 FROM {tables} ORDER BY {', '.join(keys)}"  # noqa: S608  (read, never run)
            block = shape(text, catalog).blocks[0]
        except NotSql:
            continue
        for source in block.sources:
            if order := _order(source.number, block):
                yield source.number, order


def merged(written: Sequence[Access], planned: Sequence[Access]) -> tuple[Access, ...]:
    """Those of the text, each with the column conditions that the plan adds, and those that only the plan has.

    Expressions are taken from the text alone where it has the relation: the plan spells them with more casts.
    """
    by_place = {(each.table, each.alias): each for each in planned}
    found = [_joined(each, by_place.pop((each.table, each.alias), None)) for each in written]
    known = {each.table for each in written}
    return (*found, *(each for each in by_place.values() if each.table not in known or not written))


def _joined(written: Access, planned: Access | None) -> Access:
    if planned is None:
        return written
    terms = {each.term.sql for each in written.predicates} | {term.sql for term in written.joined}
    fresh = tuple(each for each in planned.predicates if each.term.column and each.term.sql not in terms)
    known = {frozenset(term.column for term in group) for group in written.joins}
    groups = tuple(
        group
        for group in planned.joins
        if all(term.column for term in group) and frozenset(term.column for term in group) not in known
    )
    return replace(written, predicates=written.predicates + fresh, joins=written.joins + groups)
