"""What is done with a statement of a migration on a twin: run and watched, planned, composed anew, or not touched.

A migration is a stranger's text. What only changes the schema is run as the weak owner; what reads or writes rows is
planned, for there are none; what takes a superuser is composed here from the names that it holds, or left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pglast import ast
from pglast.enums import AlterTableType, ObjectType, TransactionStmtKind, VariableSetKind

from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import deparsed, isa, tree, walk
from pgtune.twin.tracing_blocks import unlike_ddl
from pgtune.twin.tracing_watch import Look

Way = Literal["run", "alone", "control", "told", "plan", "superuser", "ignored", "refused"]
"""run: in the script's transaction; alone: outside one; control: BEGIN, COMMIT and the like; told: not run, its locks
are known; plan: planned, and `text`, if there is any, makes its table without rows; superuser: composed; ignored: of
no concern to a plan or a lock; refused: it must not be run here."""

PRIVILEGES = "roles and privileges are not kept on the twin"
MAINTENANCE = "it works on rows, of which the twin has none"


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a statement is treated: `text` is what is run, `why` is said of it, `look` says how closely it is watched.

    Of what is not run, or not seen: `mode` is the lock that it takes on `tables`, `rewrites` that it makes new files of
    them, `scans` that it reads all their rows; `plain` is what has the same end inside a transaction. Of what is
    planned: `query` is planned, `changes` says that it changes rows. `empties`: it reads no row of what it makes anew.
    `roles`: it names them; `outright`: it drops the indexes that it names.
    """

    way: Way
    text: str = ""
    why: str = ""
    look: Look = "closely"
    mode: str = ""
    tables: tuple[Any, ...] = ()
    rewrites: bool = False
    scans: bool = False
    plain: str = ""
    query: str = ""
    changes: bool = False
    empties: bool = False
    roles: tuple[str, ...] = ()
    outright: bool = False


def treatment(text: str) -> Treatment:
    """How to treat the statement.

    Raises:
        NotSql: it does not parse, or is not one statement.
    """
    statement = tree(text)
    name = type(statement).__name__
    if name in SPECIAL:
        return SPECIAL[name](statement, text)
    if name in RUN:
        return Treatment("run", _without_tablespace(statement, text), look="closely" if name in READING else "glance")
    if name in IGNORED:
        return Treatment("ignored", why=IGNORED[name])
    return Treatment("refused", why=f"{REFUSED.get(name, 'nothing that changes a schema')}: not run on the twin")


RUN = frozenset({
    "AlterCollationStmt", "AlterDomainStmt", "AlterEnumStmt", "AlterFunctionStmt", "AlterObjectDependsStmt",
    "AlterObjectSchemaStmt", "AlterOpFamilyStmt", "AlterOperatorStmt", "AlterSeqStmt",
    "AlterStatsStmt", "AlterTSConfigurationStmt", "AlterTSDictionaryStmt", "AlterTypeStmt", "CommentStmt",
    "CompositeTypeStmt", "ConstraintsSetStmt", "CreateCastStmt", "CreateConversionStmt", "CreateDomainStmt",
    "CreateEnumStmt", "CreateFunctionStmt", "CreateOpClassStmt", "CreateOpFamilyStmt",
    "CreateRangeStmt", "CreateSeqStmt", "CreateStatsStmt", "CreateTrigStmt", "DefineStmt", "LockStmt",
    "RuleStmt", "ViewStmt",
})  # fmt: skip
READING = frozenset({"AlterDomainStmt", "AlterTypeStmt"})  # they may read the rows of tables that use what they change
IGNORED = {
    "AlterDefaultPrivilegesStmt": PRIVILEGES,
    "AlterOwnerStmt": PRIVILEGES,
    "AlterRoleSetStmt": "settings of roles are not taken over",
    "AlterRoleStmt": PRIVILEGES,
    "CheckPointStmt": MAINTENANCE,
    "DeallocateStmt": "it changes the session alone",
    "DiscardStmt": "it changes the session alone",
    "GrantRoleStmt": PRIVILEGES,
    "GrantStmt": PRIVILEGES,
    "ListenStmt": "it changes the session alone",
    "NotifyStmt": "nobody listens here",
    "PrepareStmt": "it changes the session alone",
    "ReassignOwnedStmt": PRIVILEGES,
    "SecLabelStmt": PRIVILEGES,
    "UnlistenStmt": "it changes the session alone",
    "VariableShowStmt": "it only shows",
}
REFUSED = {
    "AlterDatabaseSetStmt": "a setting of the database",
    "AlterDatabaseStmt": "a change of the database itself",
    "AlterSystemStmt": "a setting of the server",
    "CallStmt": "a procedure, which may do anything",
    "CreateAmStmt": "an access method written in C",
    "CreateEventTrigStmt": "an event trigger, which takes a superuser",
    "CreateFdwStmt": "it reaches other servers",
    "CreateForeignServerStmt": "it reaches other servers",
    "CreateForeignTableStmt": "it reaches other servers",
    "CreatePLangStmt": "a language of its own",
    "CreatePublicationStmt": "replication",
    "CreateSubscriptionStmt": "it reaches other servers",
    "CreateTableSpaceStmt": "a place on the server's disk",
    "CreateUserMappingStmt": "it reaches other servers",
    "CreatedbStmt": "another database",
    "DropOwnedStmt": "what a role owns is not known here",
    "DropdbStmt": "another database",
    "ExecuteStmt": "a prepared statement",
    "ImportForeignSchemaStmt": "it reaches other servers",
    "LoadStmt": "a library written in C",
}


def _control(statement: Any, _: str) -> Treatment:
    if statement.kind in {
        TransactionStmtKind.TRANS_STMT_PREPARE,
        TransactionStmtKind.TRANS_STMT_COMMIT_PREPARED,
        TransactionStmtKind.TRANS_STMT_ROLLBACK_PREPARED,
    }:
        return Treatment("refused", why="a transaction in two phases: not run on the twin")
    return Treatment("control")


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


def _setting(statement: Any, text: str) -> Treatment:
    name = statement.name or ""
    if statement.kind == VariableSetKind.VAR_RESET_ALL:
        return Treatment("ignored", why="it changes the session alone")
    if name.lower() in KEPT or ("." in name and statement.kind != VariableSetKind.VAR_SET_MULTI):
        return Treatment("run", text)
    if name in UNNEEDED or name.lower() in UNNEEDED:
        return Treatment("ignored", why="the twin has its own limits")
    return Treatment("refused", why=f"the setting {name}: not changed on the twin")


def _select(statement: Any, text: str) -> Treatment:
    """SELECT set_config('search_path', ...) is what dumps write for SET; SELECT INTO makes a table."""
    if statement.intoClause is not None:
        into, statement.intoClause = statement.intoClause, None
        made = ast.CreateTableAsStmt(query=statement, into=into, objtype=ObjectType.OBJECT_TABLE)
        return _made_from_query(made, text)
    name = _sets(statement)
    if name is not None:
        return Treatment("run", text) if name in KEPT else Treatment("ignored", why="the twin has its own limits")
    return Treatment("plan", query=text, why="it reads rows: planned, not run")


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


def _change(_: Any, text: str) -> Treatment:
    return Treatment("plan", query=text, why="it changes rows: planned, not run", changes=True)


def _copy(statement: Any, _: str) -> Treatment:
    if statement.is_program or statement.filename is not None:
        return Treatment("refused", why="files and programs of the server: not run on the twin")
    if statement.query is not None:
        return Treatment("plan", query=deparsed(statement.query), why="it reads rows: planned, not run")
    return Treatment("plan", why="it copies rows: not run")


def _made_from_query(statement: Any, _: str) -> Treatment:
    """The table is made without rows, and the query planned."""
    if isa(statement.query, ast.ExecuteStmt):
        return Treatment("refused", why="the query of a prepared statement: not run on the twin")
    query = deparsed(statement.query)
    statement.into.skipData = True
    statement.into.tableSpaceName = None
    return Treatment("plan", deparsed(statement), "its query was planned, not run", query=query, changes=True)


def _refresh(statement: Any, _: str) -> Treatment:
    if statement.concurrent:
        return Treatment("told", why=MAINTENANCE, mode="EXCLUSIVE", tables=(statement.relation,))
    statement.skipData = True
    return Treatment("run", deparsed(statement), "its query was not run", empties=True)


def _vacuum(statement: Any, _: str) -> Treatment:
    full = statement.is_vacuumcmd and any(
        each.defname == "full" and str(getattr(each.arg, "sval", "on")).lower() not in {"off", "false", "0"}
        for each in statement.options or ()
    )
    tables = tuple(each.relation for each in statement.rels or ())
    mode = "ACCESS EXCLUSIVE" if full else CONCURRENT
    return Treatment("told", why=MAINTENANCE, mode=mode, tables=tables, rewrites=full)


CONCURRENT = "SHARE UPDATE EXCLUSIVE"  # of CREATE and DROP INDEX, REINDEX and DETACH PARTITION, each CONCURRENTLY


def _index(statement: Any, text: str) -> Treatment:
    words = _without_tablespace(statement, text)
    if not statement.concurrent:
        return Treatment("run", words)
    statement.concurrent = False
    return _apart(words, statement.relation, scans=True, plain=deparsed(statement))


def _apart(text: str, *tables: Any, scans: bool = False, plain: str = "") -> Treatment:
    return Treatment("alone", text, mode=CONCURRENT, tables=tables, scans=scans, plain=plain)


def _reindex(statement: Any, text: str) -> Treatment:
    if statement.relation is None:
        return Treatment("refused", why="all of a schema or database: not run on the twin")
    concurrently = any(each.defname == "concurrently" for each in statement.params or ())
    return _apart(text, statement.relation, scans=True) if concurrently else Treatment("run", text)


def _drop(statement: Any, text: str) -> Treatment:
    kind = statement.removeType
    if kind == ObjectType.OBJECT_EXTENSION:
        return Treatment("superuser", text)
    if kind in {
        ObjectType.OBJECT_FOREIGN_SERVER, ObjectType.OBJECT_FDW, ObjectType.OBJECT_EVENT_TRIGGER,
        ObjectType.OBJECT_LANGUAGE, ObjectType.OBJECT_PUBLICATION, ObjectType.OBJECT_ACCESS_METHOD,
    }:  # fmt: skip
        return Treatment("ignored", why="the twin has none")
    if not statement.concurrent:
        return Treatment("run", text, outright=kind == ObjectType.OBJECT_INDEX)
    statement.concurrent = False
    return _apart(text, *map(_relation, statement.objects), plain=deparsed(statement))


def _relation(parts: Any) -> Any:
    *schema, name = (each.sval for each in parts)
    return ast.RangeVar(schemaname=schema[-1] if schema else None, relname=name)


def _cluster(statement: Any, text: str) -> Treatment:
    if statement.relation is None:
        return Treatment("refused", why="all tables that were ever clustered: not run on the twin")
    return Treatment("run", text)


def _alter_table(statement: Any, text: str) -> Treatment:
    """A new owner becomes the present one, whose lock is the same; another tablespace is not there."""
    commands, changed = statement.cmds or (), False
    for each in commands:
        if each.subtype == AlterTableType.AT_ChangeOwner:
            each.newowner = ast.RoleSpec(roletype=ROLE_CURRENT)
            changed = True
    if any(each.subtype == AlterTableType.AT_SetTableSpace for each in commands):
        return Treatment("told", why="the twin has no tablespaces", mode="ACCESS EXCLUSIVE",
                         tables=(statement.relation,), rewrites=True)  # fmt: skip
    words = deparsed(statement) if changed else text
    detached = [each.def_ for each in commands
                if each.subtype == AlterTableType.AT_DetachPartition and each.def_.concurrent]  # fmt: skip
    if not detached:
        return Treatment("run", words)
    for each in detached:
        each.concurrent = False
    return _apart(words, statement.relation, *(each.name for each in detached), plain=deparsed(statement))


ROLE_CURRENT = 2  # ROLESPEC_CURRENT_USER


def _do(_: Any, text: str) -> Treatment:
    why = unlike_ddl(text, _as_it_stands)
    return Treatment("run", text, look="all") if why is None else Treatment("refused", why=why)


def _as_it_stands(text: str) -> bool:
    try:
        found = treatment(text)
    except NotSql:
        return False
    return found.way == "run" and found.text == text


def _rename(statement: Any, text: str) -> Treatment:
    """A new name of a schema is one for all that is in it."""
    return Treatment("run", text, look="all" if statement.renameType == ObjectType.OBJECT_SCHEMA else "glance")


def _policy(statement: Any, text: str) -> Treatment:
    roles = tuple(each.rolename for each in statement.roles or () if each.rolename)
    return Treatment("run", text, look="glance", roles=roles)


def _truncate(_: Any, text: str) -> Treatment:
    return Treatment("run", text, empties=True)


def _table(statement: Any, text: str) -> Treatment:
    """Of all new tables a partition alone has rows of others to look at: those of the default partition."""
    look: Look = "closely" if statement.partbound is not None else "glance"
    return Treatment("run", _without_tablespace(statement, text), look=look)


def _composed(_: Any, text: str) -> Treatment:
    return Treatment("superuser", text)


SPECIAL: Mapping[str, Callable[[Any, str], Treatment]] = {
    "AlterPolicyStmt": _policy,
    "AlterTableStmt": _alter_table,
    "ClusterStmt": _cluster,
    "CopyStmt": _copy,
    "CreateExtensionStmt": _composed,
    "CreatePolicyStmt": _policy,
    "CreateRoleStmt": _composed,
    "CreateSchemaStmt": _composed,
    "CreateStmt": _table,
    "CreateTableAsStmt": _made_from_query,
    "DeleteStmt": _change,
    "DoStmt": _do,
    "DropStmt": _drop,
    "IndexStmt": _index,
    "InsertStmt": _change,
    "MergeStmt": _change,
    "RefreshMatViewStmt": _refresh,
    "ReindexStmt": _reindex,
    "RenameStmt": _rename,
    "SelectStmt": _select,
    "TransactionStmt": _control,
    "TruncateStmt": _truncate,
    "UpdateStmt": _change,
    "VacuumStmt": _vacuum,
    "VariableSetStmt": _setting,
}


def _without_tablespace(statement: Any, text: str) -> str:
    """The text as it is, or without the names of tablespaces, which the twin does not have."""
    changed = False
    for node in walk(statement):
        for field in ("tablespacename", "tableSpace", "indexspace"):
            if getattr(node, field, None):
                setattr(node, field, None)
                changed = True
    try:
        return deparsed(statement) if changed else text
    except NotSql:
        return text
