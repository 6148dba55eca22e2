"""DO blocks: one is run on a twin only if everything that it can do is seen to be DDL.

The server runs a block as a whole, and what it does with rows depends on rows, of which a twin has none. So a block
counts as DDL if it is made of DDL statements, of conditions over the catalogs, and of what handles an error.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from pglast import ast, parser

from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import guarded, isa, tree, walk

LONGEST = 200_000  # characters; who writes more by hand writes a script
CATALOGS = {"pg_catalog", "information_schema"}
# Functions that a condition over the catalogs calls; each only reads them.
READING = frozenset({
    "any_value", "array_agg", "coalesce", "concat", "count", "current_database", "current_schema", "current_schemas",
    "current_setting", "exists", "format_type", "lower", "max", "min", "obj_description", "pg_get_constraintdef",
    "pg_get_expr", "pg_get_indexdef", "pg_table_is_visible", "pg_type_is_visible", "quote_ident", "string_agg",
    "to_regclass", "to_regproc", "to_regprocedure", "to_regtype", "to_regrole", "to_regnamespace", "upper", "version",
    "has_table_privilege", "has_column_privilege", "col_description",
})  # fmt: skip
HARMLESS = {"PLpgSQL_stmt_return", "PLpgSQL_stmt_raise"}

Runs = Callable[[str], bool]
"""Whether a statement is DDL that a twin runs as it stands."""


def unlike_ddl(text: str, runs: Runs) -> str | None:
    """Why the block is not run; None if it is DDL alone."""
    try:
        if len(text) > LONGEST:
            return f"a block of more than {LONGEST} characters"
        language = next((each.arg.sval for each in tree(text).args or () if each.defname == "language"), "plpgsql")
        if language.lower() != "plpgsql":
            return f"a block in {language}"
        return next(_objections(guarded(_parsed, text), runs), None)
    except NotSql as error:
        return f"its body does not parse: {error}"


def _parsed(text: str) -> Any:
    return json.loads(parser.parse_plpgsql_json(text))


def _objections(node: Any, runs: Runs) -> Iterator[str]:
    """What in the body is no DDL."""
    if isinstance(node, list):
        for each in node:
            yield from _objections(each, runs)
    elif isinstance(node, dict):
        for name, held in node.items():
            yield from _of(name, held, runs)


def _of(name: str, held: Any, runs: Runs) -> Iterator[str]:
    if name == "PLpgSQL_stmt_execsql":
        yield from _statement(held["sqlstmt"]["PLpgSQL_expr"]["query"], runs)
    elif name == "PLpgSQL_stmt_dynexecute":
        yield from _dynamic(held, runs)
    elif name == "PLpgSQL_expr":
        yield from _condition(held["query"])
    elif name.startswith("PLpgSQL_stmt_") and name not in {*HARMLESS, "PLpgSQL_stmt_block", "PLpgSQL_stmt_if"}:
        yield f"it holds {name.removeprefix('PLpgSQL_stmt_')}, which is no DDL"
    elif name != "datatype":
        yield from _objections(held, runs)


def _statement(text: str, runs: Runs) -> Iterator[str]:
    if not runs(text):
        yield f"it holds a statement that is no DDL: {' '.join(text.split())[:60]}"


def _dynamic(held: Any, runs: Runs) -> Iterator[str]:
    """EXECUTE of a constant is as good as the statement itself."""
    expression = held["query"]["PLpgSQL_expr"]["query"]
    constant = _constant(expression)
    if constant is None or held.get("params") or held.get("into"):
        yield f"it executes a text that it puts together: {' '.join(expression.split())[:60]}"
    else:
        yield from _statement(constant, runs)


def _constant(expression: str) -> str | None:
    targets: tuple[Any, ...] = tree(f"SELECT {expression}").targetList or ()
    value = getattr(getattr(targets[0].val, "val", None), "sval", None) if len(targets) == 1 else None
    return None if value is None else str(value)


def _condition(expression: str) -> Iterator[str]:
    """An expression may read the catalogs and nothing else."""
    for node in walk(tree(f"SELECT {expression}")):
        if isa(node, ast.RangeVar) and not _catalog(node):
            yield f"it depends on the rows of {node.relname}"
        elif isa(node, ast.FuncCall) and node.funcname[-1].sval not in READING:
            yield f"it calls {node.funcname[-1].sval}()"


def _catalog(relation: Any) -> bool:
    if relation.schemaname is None:
        return str(relation.relname).startswith("pg_")
    return relation.schemaname in CATALOGS
