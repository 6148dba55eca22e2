"""What a column or a constraint that a statement adds is made of."""

from collections.abc import Iterator, Sequence

from pgtune.review.step import Command
from pgtune.sqltext.raw import Node, inner, strings, walk

SERIALS = {"smallserial", "serial", "bigserial", "serial2", "serial4", "serial8"}
# Functions that are stable or immutable in pg_proc of 14 to 18 and are used as defaults: evaluated once, not a row.
# clock_timestamp, random, nextval, gen_random_uuid, uuidv7, timeofday are volatile.
STABLE = {
    "now", "current_timestamp", "transaction_timestamp", "statement_timestamp", "current_setting", "current_user",
    "session_user", "current_schema", "current_database", "to_timestamp", "to_date", "timezone", "date_trunc", "concat",
    "lower", "upper", "coalesce", "array", "jsonb_build_object", "json_build_object", "jsonb_build_array", "to_jsonb",
    "make_date", "make_interval", "age", "md5", "replace", "length", "array_fill", "format", "pg_current_xact_id",
}  # fmt: skip
VOLATILE = {
    "random", "nextval", "clock_timestamp", "timeofday", "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v1",
    "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes", "gen_salt", "txid_current", "setseed", "currval",
}  # fmt: skip


def constraints(command: Command) -> Sequence[Node]:
    """The constraints that a command adds, those of a new column among them."""
    if command.kind == "Constraint" and command.subtype != "AT_AddIdentity":
        return (command.definition,)
    return column_constraints(command.definition) if command.subtype == "AT_AddColumn" else ()


def column_constraints(column: Node) -> Sequence[Node]:
    """The constraints of a ColumnDef, its default and its identity among them."""
    return [each["Constraint"] for each in column.get("constraints", ()) if "Constraint" in each]


def table_constraints(node: Node) -> Iterator[Node]:
    """All constraints of a CREATE TABLE, those of its columns among them."""
    for each in node.get("tableElts", ()):
        kind, fields = inner(each)
        if kind == "Constraint":
            yield fields
        elif kind == "ColumnDef":
            yield from column_constraints(fields)


def bare(command: Command) -> bool:
    """True for a new column without a default: a foreign key on it is not looked up (transformAlterTableStmt)."""
    given = {each.get("contype") for each in constraints(command)}
    return command.subtype == "AT_AddColumn" and "CONSTR_DEFAULT" not in given


def rewrites_for(command: Command) -> str:
    """Why adding this column rewrites the table, "" if it does not."""
    if command.subtype != "AT_AddColumn":
        return ""
    if serial(command.definition):
        return "serial has a value of its own for each row"
    for each in column_constraints(command.definition):
        if each.get("contype") == "CONSTR_IDENTITY":
            return "an identity column has a value of its own for each row"
        if each.get("contype") == "CONSTR_GENERATED" and each.get("generated_kind") != "v":
            return "a stored generated column is computed for each row"
        if each.get("contype") == "CONSTR_DEFAULT" and (called := volatile(each.get("raw_expr", {}))):
            return f"{called}() is volatile, so the default is computed for each row"
    return ""


def serial(column: Node) -> bool:
    """True if the column's type is one of the serials."""
    return SERIALS.issuperset(strings(column.get("typeName", {}).get("names")) or ("",))


def volatile(expression: Node) -> str:
    """The function that makes a default differ from row to row, "" if there is none that is known to."""
    for kind, node in walk({"": expression} if isinstance(expression, dict) else expression):
        if kind == "FuncCall":
            name = strings(node.get("funcname"))[-1:]
            if name and name[0] in VOLATILE:
                return name[0]
    return ""


def unknown_call(expression: Node) -> str:
    """A function in a default of which nobody knows whether it is volatile."""
    for kind, node in walk({"": expression}):
        if kind == "FuncCall":
            name = strings(node.get("funcname"))[-1:]
            if name and name[0] not in STABLE | VOLATILE:
                return name[0]
    return ""
