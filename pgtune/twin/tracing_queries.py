"""Statements of a migration that read or change rows, or set the session: planned, passed on, or left out."""

from typing import Any

from pglast import ast
from pglast.enums import ObjectType, VariableSetKind

from pgtune.sqltext.parse import deparsed, isa, walk
from pgtune.twin.tracing_treatment import Treatment

# Settings that decide what a statement makes or how it is read; each may be set by every role.
KEPT = frozenset({
    "search_path", "timezone", "datestyle", "intervalstyle", "check_function_bodies", "default_table_access_method",
    "default_toast_compression", "xmloption", "standard_conforming_strings", "quote_all_identifiers",
    "plpgsql.variable_conflict", "default_text_search_config", "extra_float_digits", "bytea_output",
})  # fmt: skip
# Settings that a twin has no use for: its clock stands outside the server, and it has no rows.
UNNEEDED = frozenset({
    "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
    "transaction_timeout", "deadlock_timeout", "client_encoding", "client_min_messages", "row_security",
    "maintenance_work_mem", "work_mem", "max_parallel_maintenance_workers", "max_parallel_workers",
    "max_parallel_workers_per_gather", "synchronous_commit", "application_name", "default_tablespace",
    "temp_tablespaces", "session_replication_role", "log_min_messages", "log_statement", "log_min_duration_statement",
    "vacuum_cost_delay", "vacuum_cost_limit", "transaction_isolation", "default_transaction_isolation",
    "default_transaction_read_only", "transaction_read_only", "constraint_exclusion", "enable_seqscan", "jit",
    "random_page_cost", "seq_page_cost", "effective_cache_size", "effective_io_concurrency", "temp_buffers",
    "TRANSACTION", "SESSION CHARACTERISTICS",
})  # fmt: skip


def setting(statement: Any, text: str) -> Treatment:
    """SET and RESET: what decides how later statements are read is passed on."""
    name = statement.name or ""
    if statement.kind == VariableSetKind.VAR_RESET_ALL:
        return Treatment("ignored", why="it changes the session alone")
    if name.lower() in KEPT or ("." in name and statement.kind != VariableSetKind.VAR_SET_MULTI):
        return Treatment("run", text)
    if name in UNNEEDED or name.lower() in UNNEEDED:
        return Treatment("ignored", why="the twin has its own limits")
    return Treatment("refused", why=f"the setting {name}: not changed on the twin")


def select(statement: Any, text: str) -> Treatment:
    """SELECT set_config('search_path', ...) is what dumps write for SET; SELECT INTO makes a table."""
    if statement.intoClause is not None:
        into, statement.intoClause = statement.intoClause, None
        made = ast.CreateTableAsStmt(query=statement, into=into, objtype=ObjectType.OBJECT_TABLE)
        return made_from_query(made, text)
    name = _sets(statement)
    if name is not None:
        return Treatment("run", text) if name in KEPT else Treatment("ignored", why="the twin has its own limits")
    called = _called(statement)
    if called and called <= SEQUENCES:
        return Treatment("ignored", why="where a sequence stands is of no concern here")
    if called:
        return Treatment("refused", why=f"it calls {min(called)}(), which may do anything: not run on the twin")
    return Treatment("plan", query=text, why="it reads rows: planned, not run")


SEQUENCES = {"setval", "nextval", "currval", "lastval", "pg_get_serial_sequence", "coalesce", "max"}


def _called(statement: Any) -> set[str]:
    """The functions that a SELECT calls which reads no table: it is there for what they do."""
    if statement.fromClause or not statement.targetList:
        return set()
    targets = [node for each in statement.targetList for node in walk(each)]
    return {str(node.funcname[-1].sval) for node in targets if isa(node, ast.FuncCall)}


def _sets(statement: Any) -> str | None:
    """The setting that the statement, which does nothing else, changes."""
    targets: tuple[Any, ...] = statement.targetList or ()
    if len(targets) != 1 or statement.fromClause or statement.whereClause or statement.withClause:
        return None
    call: Any = targets[0].val
    if not isa(call, ast.FuncCall) or call.funcname[-1].sval != "set_config" or len(call.args or ()) != 3:
        return None
    if len(call.funcname) > 1 and call.funcname[0].sval != "pg_catalog":
        return None
    if not all(isa(each, (ast.A_Const, ast.TypeCast)) for each in call.args):  # type: ignore[arg-type]
        return None
    value = getattr(getattr(call.args[0], "val", None), "sval", None)
    return str(value).lower() if value is not None else None


def change(_: Any, text: str) -> Treatment:
    """INSERT, UPDATE, DELETE and MERGE are planned."""
    return Treatment("plan", query=text, why="it changes rows: planned, not run", changes=True)


def copy(statement: Any, _: str) -> Treatment:
    """COPY between the table and the client moves rows; every other one reaches out of the database."""
    if statement.is_program or statement.filename is not None:
        return Treatment("refused", why="files and programs of the server: not run on the twin")
    if statement.query is not None:
        return Treatment("plan", query=deparsed(statement.query), why="it reads rows: planned, not run")
    return Treatment("plan", why="it copies rows: not run")


def made_from_query(statement: Any, _: str) -> Treatment:
    """The table is made without rows, and the query planned."""
    if isa(statement.query, ast.ExecuteStmt):
        return Treatment("refused", why="the query of a prepared statement: not run on the twin")
    query = deparsed(statement.query)
    statement.into.skipData = True
    statement.into.tableSpaceName = None
    return Treatment("plan", deparsed(statement), "its query was planned, not run", query=query, changes=True)
