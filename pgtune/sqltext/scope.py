"""Which relation a column belongs to: what a query block sees, and what the blocks around it see."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pglast import ast

from pgtune.sqltext.parse import deparsed, identifier, isa, walk
from pgtune.sqltext.shape import Catalog, Source, Term

AGGREGATES = frozenset({
    "count", "sum", "min", "max", "avg", "array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg",
    "jsonb_object_agg", "bool_and", "bool_or", "every", "bit_and", "bit_or", "stddev", "stddev_pop", "stddev_samp",
    "variance", "var_pop", "var_samp", "mode", "percentile_cont", "percentile_disc", "corr", "any_value",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Derived:
    """A subquery, CTE or function under its alias: which columns of relations its outputs are, if they are such.

    `whole`: every column of this relation comes through under its own name. `outputs` in the order of the select list.
    """

    columns: Mapping[str, Term] = field(default_factory=dict)
    whole: Source | None = None
    outputs: tuple[Term | None, ...] = ()

    def term(self, name: str) -> Term | None:
        """The column behind this output."""
        if name in self.columns or self.whole is None:
            return self.columns.get(name)
        return column(self.whole, name)


OPAQUE = Derived()


def column(source: Source, name: str) -> Term:
    """A column of a relation as a term."""
    return Term(source.number, identifier(name), name, (name,))


@dataclass(slots=True)
class Scope:
    """What stands in a block's FROM clause; `outer` is the block around, whose columns are seen as well."""

    catalog: Catalog | None = None
    outer: "Scope | None" = None
    sources: list[Source] = field(default_factory=list)
    derived: dict[str, Derived] = field(default_factory=dict)
    ctes: dict[str, Derived] = field(default_factory=dict)

    def cte(self, name: str) -> Derived | None:
        """The CTE of this name that is in sight."""
        if name in self.ctes:
            return self.ctes[name]
        return self.outer.cte(name) if self.outer else None

    def column(self, ref: Any) -> Term | None:
        """The column that is meant, None if it belongs to no relation or that cannot be told."""
        names: list[str] = [part.sval for part in ref.fields if isa(part, ast.String)]
        if not names or len(names) < len(ref.fields):  # whole rows: t.*
            return None
        return self._bare(names[0]) if len(names) == 1 else self._qualified(names[-2], names[-1])

    def _qualified(self, alias: str, name: str) -> Term | None:
        for source in self.sources:
            if source.alias == alias:
                return column(source, name)
        if alias in self.derived:
            return self.derived[alias].term(name)
        return self.outer._qualified(alias, name) if self.outer else None  # noqa: SLF001  (its own class)

    def _bare(self, name: str) -> Term | None:
        sure = [source for source in self.sources if name in self.columns_of(source)]
        unknown = [source for source in self.sources if not self.columns_of(source)]
        below = [term for each in self.derived.values() if (term := each.term(name))]
        if sure or below:
            found = [*(column(source, name) for source in sure), *below]
            return found[0] if len(found) == 1 else None
        if len(unknown) == 1 and not any(each.outputs == () for each in self.derived.values()):
            return column(unknown[0], name)
        return self.outer._bare(name) if self.outer and not unknown else None  # noqa: SLF001

    def columns_of(self, source: Source) -> Mapping[str, str]:
        """Columns and their types; empty where no catalog knows the relation."""
        return self.catalog.columns(source.table) if self.catalog and source.table else {}

    def sure(self, term: Term) -> bool:
        """True if a catalog says that the relation has this column."""
        return any(term.column in self.columns_of(each) for each in self.sources if each.number == term.source)

    def type_of(self, term: Term) -> str:
        """The type of a plain column, empty if unknown."""
        sources = [each for each in self.sources if each.number == term.source]
        if not sources:
            return self.outer.type_of(term) if self.outer else ""
        return self.columns_of(sources[0]).get(term.column, "")

    def term(self, node: Any) -> Term | None:
        """The node as a column or an expression over columns of one relation; None if it is neither."""
        if isa(node, ast.ColumnRef):
            return self.column(node)
        refs = references(node)
        terms = [self.column(ref) for ref in refs]
        known = [term for term in terms if term]
        if not known or len(known) < len(terms) or len({term.source for term in known}) > 1 or not scalar(node):
            return None
        if self._relabelled(node, known[0]):
            return known[0]
        columns = tuple(dict.fromkeys(name for term in known for name in term.columns))
        return Term(known[0].source, self.text(node), "", columns)

    def _relabelled(self, node: Any, term: Term) -> bool:
        """A varchar column seen as text, as plans print it: the same index serves both."""
        if not isa(node, ast.TypeCast) or not isa(node.arg, ast.ColumnRef):
            return False
        return node.typeName.names[-1].sval == "text" and self.type_of(term).startswith("character varying")

    def text(self, node: Any) -> str:
        """The node as SQL without qualifiers, as an index of the relation takes it."""
        with _unqualified([(ref, self.column(ref)) for ref in references(node)]):
            return deparsed(node)


@contextmanager
def _unqualified(refs: Sequence[tuple[Any, Term | None]]) -> Iterator[None]:
    """While it lasts the references are bare columns of their relations."""
    kept = [ref.fields for ref, _term in refs]
    try:
        for ref, term in refs:
            if term and term.column:
                ref.fields = [ast.String(sval=term.column)]
        yield
    finally:
        for (ref, _term), fields in zip(refs, kept, strict=True):
            ref.fields = fields


def references(node: Any) -> list[Any]:
    """The columns in the node, those of subqueries among them."""
    return [each for each in walk(node) if isa(each, ast.ColumnRef)]


def scalar(node: Any) -> bool:
    """True if the node has one value a row: no subquery, no aggregate, no window function in it."""
    return not any(isa(each, ast.SubLink) or aggregate(each) or _window(each) for each in walk(node))


def aggregate(node: Any) -> bool:
    """True for a call of an aggregate that PostgreSQL brings along."""
    if not isa(node, ast.FuncCall) or node.over is not None:
        return False
    return bool(node.agg_star or node.agg_within_group or node.funcname[-1].sval in AGGREGATES)


def _window(node: Any) -> bool:
    return isa(node, ast.FuncCall) and node.over is not None
