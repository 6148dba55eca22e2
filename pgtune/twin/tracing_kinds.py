"""What is done with a statement of a migration on a twin: run and watched, planned, composed anew, or not touched.

A migration is a stranger's text. What only changes the schema is run as the weak owner; what reads or writes rows is
planned, for there are none; what takes a superuser is composed here from the names that it holds, or left out.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pglast import ast
from pglast.enums import AlterTableType, ObjectType, TransactionStmtKind

from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import deparsed, tree, walk
from pgtune.twin.tracing_blocks import unlike_ddl
from pgtune.twin.tracing_queries import change, copy, made_from_query, select, setting
from pgtune.twin.tracing_treatment import Treatment
from pgtune.twin.tracing_watch import Look

PRIVILEGES = "roles and privileges are not kept on the twin"
MAINTENANCE = "it works on rows, of which the twin has none"


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
        return Treatment("run", _without_tablespace(statement, text), look="drops" if name in READING else "glance")
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
        return Treatment("run", words, look="reads")
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
        drops = any(each.subtype.name in DROPPING for each in commands)
        return Treatment("run", words, look="drops" if drops else "reads")
    for each in detached:
        each.concurrent = False
    return _apart(words, statement.relation, *(each.name for each in detached), plain=deparsed(statement))


ROLE_CURRENT = 2  # ROLESPEC_CURRENT_USER
# What may take relations along: indexes of a column, that of a constraint, those of a column of another type.
DROPPING = {"AT_DropColumn", "AT_DropConstraint", "AT_AlterColumnType", "AT_DropIdentity", "AT_DetachPartition"}


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
    look: Look = "reads" if statement.partbound is not None else "glance"
    return Treatment("run", _without_tablespace(statement, text), look=look)


def _composed(_: Any, text: str) -> Treatment:
    return Treatment("superuser", text)


SPECIAL: Mapping[str, Callable[[Any, str], Treatment]] = {
    "AlterPolicyStmt": _policy,
    "AlterTableStmt": _alter_table,
    "ClusterStmt": _cluster,
    "CopyStmt": copy,
    "CreateExtensionStmt": _composed,
    "CreatePolicyStmt": _policy,
    "CreateRoleStmt": _composed,
    "CreateSchemaStmt": _composed,
    "CreateStmt": _table,
    "CreateTableAsStmt": made_from_query,
    "DeleteStmt": change,
    "DoStmt": _do,
    "DropStmt": _drop,
    "IndexStmt": _index,
    "InsertStmt": change,
    "MergeStmt": change,
    "RefreshMatViewStmt": _refresh,
    "ReindexStmt": _reindex,
    "RenameStmt": _rename,
    "SelectStmt": select,
    "TransactionStmt": _control,
    "TruncateStmt": _truncate,
    "UpdateStmt": change,
    "VacuumStmt": _vacuum,
    "VariableSetStmt": setting,
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
