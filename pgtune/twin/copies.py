"""Definitions of indexes, made anew for a partitioned copy of their table."""

from collections.abc import Sequence

from pglast import ast
from pglast.enums import SortByDir, SortByNulls

from pgtune.model.design import Name
from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import deparsed, isa, tree


def index_copy(definition: str, table: Name, key: Sequence[str]) -> str:
    """The CREATE INDEX statement for another table, which `key` partitions.

    A unique index must hold the whole key: what of it is missing is put behind its own columns, as a migration would.
    Where the key is an expression the copy is not unique.

    Raises:
        NotSql: the definition is no CREATE INDEX.
    """
    statement = tree(definition)
    if not isa(statement, ast.IndexStmt):
        raise NotSql("this is no CREATE INDEX")
    statement.relation.schemaname, statement.relation.relname = table.schema, table.name
    statement.relation.inh = True
    if statement.unique:
        missing = [each for each in key if each not in {item.name for item in statement.indexParams}]
        if any(each.startswith("(") for each in missing):
            statement.unique = False
        else:
            statement.indexParams = (*statement.indexParams, *map(_element, missing))
    return deparsed(statement)


def _element(column: str) -> ast.IndexElem:
    return ast.IndexElem(
        name=column, ordering=SortByDir.SORTBY_DEFAULT, nulls_ordering=SortByNulls.SORTBY_NULLS_DEFAULT
    )
