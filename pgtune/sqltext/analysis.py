"""From a statement's text to its shape: what it asks of which table, and in which order it wants the answer."""

from collections.abc import Iterable, Sequence
from typing import Any

from pglast import ast
from pglast.enums import JoinType, LimitOption, SetOperation, SubLinkType

from pgtune.model.errors import NotSql
from pgtune.sqltext import keys
from pgtune.sqltext.parse import isa, kind, parameters, planable, walk
from pgtune.sqltext.scope import OPAQUE, Derived, Scope, aggregate, column, references
from pgtune.sqltext.shape import Block, Catalog, Join, Shape, Source, Term
from pgtune.sqltext.where import Where


def shape(text: str, catalog: Catalog | None = None) -> Shape:
    """What the statement asks of its tables. Without a catalog only qualified columns of a join are known for sure.

    Raises:
        NotSql: it does not parse, is not one statement, or is one that has no plan.
    """
    statement = planable(text)
    try:
        return _Reader(catalog).read(statement)
    except RecursionError:
        raise NotSql("nested too deeply to be read") from None


class _Reader:
    """Walks a statement, numbers its relations and fills its blocks."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._catalog = catalog
        self._blocks: list[Block] = []
        self._numbers = 0

    def read(self, statement: Any) -> Shape:
        what: Any = kind(statement)
        highest = max(parameters(statement), default=0)
        if what == "select":
            self.select(statement, None)
            return Shape(what, tuple(self._blocks), parameters=highest)
        target = self._written(statement)
        assigned = [item.name for item in self._assigned(statement) if item.name]
        return Shape(what, tuple(self._blocks), target, tuple(dict.fromkeys(assigned)), highest)

    # -- statements that write ---------------------------------------------------------------------------------------

    def _written(self, statement: Any) -> Source:
        scope = Scope(self._catalog)
        place = self._reserve()
        self._with(statement, scope)
        target = self._source(statement.relation, written=True)
        scope.sources.append(target)
        where = Where(scope)
        for each in self._beside(statement):
            self._from(each, scope, where)
        where.add(getattr(statement, "whereClause", None) or getattr(statement, "joinCondition", None))
        self._below(statement, scope, where)
        outputs = self._terms(scope, self._assigned(statement))
        self._blocks[place] = Block(tuple(scope.sources), tuple(where.predicates), tuple(where.joins), outputs=outputs)
        if isa(statement, ast.InsertStmt) and statement.selectStmt and not statement.selectStmt.valuesLists:
            self.select(statement.selectStmt, scope)
        return target

    @staticmethod
    def _beside(statement: Any) -> Sequence[Any]:
        """The relations that UPDATE, DELETE and MERGE read besides their own."""
        if isa(statement, ast.MergeStmt):
            return (statement.sourceRelation,)
        return getattr(statement, "fromClause", None) or getattr(statement, "usingClause", None) or ()

    @staticmethod
    def _assigned(statement: Any) -> Sequence[Any]:
        if isa(statement, ast.InsertStmt):
            return statement.cols or ()
        if isa(statement, ast.MergeStmt):
            return [item for clause in statement.mergeWhenClauses or () for item in clause.targetList or ()]
        return getattr(statement, "targetList", None) or ()

    # -- queries -------------------------------------------------------------------------------------------------------

    def select(self, query: Any, outer: Scope | None, *, semi: bool = False) -> Derived:
        """Read a query block and what is below; what its outputs are to the block around it."""
        scope = Scope(self._catalog, outer)
        place = self._reserve()
        self._with(query, scope)
        if query.op != SetOperation.SETOP_NONE:
            for arm in (query.larg, query.rarg):
                self.select(arm, scope)
            return OPAQUE
        where = Where(scope, semi=semi)
        for each in query.fromClause or ():
            self._from(each, scope, where)
        where.add(query.whereClause)
        self._below(query, scope, where)
        self._blocks[place] = self._queried(query, scope, where)
        return self._outputs(query, scope)

    def _queried(self, query: Any, scope: Scope, where: Where) -> Block:
        targets = query.targetList or ()
        read = [item.val for item in targets]
        distinct = query.distinctClause is not None
        groups = [keys.input_or_output(each, scope, targets) for each in self._grouped(query, targets)]
        sorts = [keys.sorted_by(each, targets) for each in query.sortClause or ()]
        grouped = keys.distinct(query, read) if distinct else groups
        none = query.limitOption == LimitOption.LIMIT_OPTION_DEFAULT
        return Block(
            tuple(scope.sources), tuple(where.predicates), tuple(where.joins),
            group=keys.all_or_nothing(scope.term(each) for each in grouped),
            order=keys.all_or_nothing(keys.sort_key(each, scope, targets) for each in query.sortClause or ()),
            limit=None if none else keys.bound(query.limitCount),
            offset=keys.bound(query.limitOffset),
            outputs=self._terms(scope, [*read, query.havingClause, *groups, *sorts]),
            star=tuple(keys.starred(read, scope)), distinct=distinct,
            aggregated=bool(query.groupClause) or any(aggregate(each) for each in walk([*read, query.havingClause])),
        )  # fmt: skip

    @staticmethod
    def _grouped(query: Any, targets: Sequence[Any]) -> list[Any]:
        return [keys.positioned(each, targets) for each in query.groupClause or ()]

    @staticmethod
    def _terms(scope: Scope, nodes: Iterable[Any]) -> tuple[Term, ...]:
        found = (scope.column(ref) for node in nodes for ref in references(_shallow(node)))
        return tuple(dict.fromkeys(term for term in found if term))

    def _outputs(self, query: Any, scope: Scope) -> Derived:
        """What can be seen through a subquery: nothing where rows are grouped, cut off or computed over windows."""
        targets = query.targetList or ()
        terms = [(item.name or keys.own_name(item.val), scope.term(item.val)) for item in targets]
        outputs = tuple(term for _name, term in terms)
        cut = query.groupClause or query.distinctClause or query.limitCount or query.limitOffset or query.windowClause
        if cut or any(aggregate(each) for each in walk(targets)):
            return Derived({}, None, outputs)
        named = {name: term for name, term in terms if name and term and term.column}
        everything = len(scope.sources) == 1 and any(keys.is_star(item.val) for item in targets)
        return Derived(named, scope.sources[0] if everything else None, outputs)

    def _with(self, statement: Any, scope: Scope) -> None:
        clause = getattr(statement, "withClause", None)
        if clause is None:
            return
        for cte in clause.ctes or ():
            if clause.recursive:
                scope.ctes[cte.ctename] = OPAQUE
            if isa(cte.ctequery, ast.SelectStmt):
                seen = self.select(cte.ctequery, scope)
                scope.ctes[cte.ctename] = OPAQUE if clause.recursive or cte.aliascolnames else seen
            else:
                self._written(cte.ctequery)
                scope.ctes[cte.ctename] = OPAQUE

    def _below(self, statement: Any, scope: Scope, where: Where) -> None:
        """The subqueries in expressions; those of IN become joins, those of EXISTS are asked for existence alone."""
        members = {id(query): term for term, query in where.members}
        for link in _sublinks(statement):
            exists = link.subLinkType == SubLinkType.EXISTS_SUBLINK
            seen = self.select(link.subselect, scope, semi=exists)
            term = members.get(id(link.subselect))
            if term and seen.outputs and seen.outputs[0]:
                where.joins.append(Join(term, "=", seen.outputs[0], semi=True))

    # -- FROM ----------------------------------------------------------------------------------------------------------

    def _from(self, node: Any, scope: Scope, where: Where) -> None:
        if isa(node, ast.RangeVar):
            self._named(node, scope)
        elif isa(node, ast.JoinExpr):
            self._joined(node, scope, where)
        elif isa(node, ast.RangeSubselect):
            seen = self.select(node.subquery, scope)
            if node.alias:
                scope.derived[node.alias.aliasname] = OPAQUE if node.alias.colnames else seen
        elif isa(node, ast.RangeTableSample):
            self._from(node.relation, scope, where)
        elif getattr(node, "alias", None):
            scope.derived[node.alias.aliasname] = OPAQUE

    def _named(self, node: Any, scope: Scope) -> None:
        cte = scope.cte(node.relname) if node.schemaname is None else None
        if cte is None:
            scope.sources.append(self._source(node))
        else:
            scope.derived[node.alias.aliasname if node.alias else node.relname] = cte

    def _joined(self, node: Any, scope: Scope, where: Where) -> None:
        self._from(node.larg, scope, where)
        left = list(scope.sources)
        self._from(node.rarg, scope, where)
        right = scope.sources[len(left) :]
        outer = node.jointype != JoinType.JOIN_INNER
        where.add(node.quals, outer=outer)
        names = [name.sval for name in node.usingClause or ()]
        for name in names:
            mine, theirs = _holder(name, left, scope), _holder(name, right, scope)
            if mine and theirs:
                where.joins.append(Join(column(mine, name), "=", column(theirs, name), outer=outer))

    def _source(self, node: Any, *, written: bool = False) -> Source:
        self._numbers += 1
        schema = node.schemaname or ""
        table = self._catalog.resolve(schema, node.relname) if self._catalog else None
        alias = node.alias.aliasname if node.alias else node.relname
        return Source(self._numbers, schema, node.relname, alias, table, written)

    def _reserve(self) -> int:
        """A place for a block, so that it stands before those below it."""
        self._blocks.append(Block())
        return len(self._blocks) - 1


def _holder(name: str, sources: Sequence[Source], scope: Scope) -> Source | None:
    """The relation that a column of USING belongs to."""
    sure = [each for each in sources if name in scope.columns_of(each)]
    unknown = [each for each in sources if not scope.columns_of(each)]
    found = sure or unknown
    return found[0] if len(found) == 1 else None


def _shallow(node: Any) -> Any:
    """What of the node belongs to its own block: nothing of a subquery."""
    return [each for each in _outside(node) if isa(each, ast.ColumnRef)]


def _outside(node: Any) -> Iterable[Any]:
    """Everything in the node that is in no subquery, the subqueries' links among it."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, (tuple, list)):
            stack.extend(reversed(current))
        elif isa(current, ast.Node):
            yield current
            hidden = {"subselect", "subquery", "ctequery", "withClause"}
            stack.extend(getattr(current, each) for each in reversed(tuple(current)) if each not in hidden)


def _sublinks(statement: Any) -> list[Any]:
    """The subqueries in the statement's own expressions, in their order."""
    own = {"larg", "rarg", "selectStmt", "withClause"} if not isa(statement, ast.MergeStmt) else {"withClause"}
    parts = [getattr(statement, each) for each in tuple(statement) if each not in own]
    return [each for each in _outside(parts) if isa(each, ast.SubLink)]
