"""What of a snapshot is made at all: one statement that makes an object of its kind, and extensions that compute.

Anybody can write a snapshot. Its statements run as a role without privileges, yet one that drops, inserts or changes
the session would make of the twin something else than the database, and an extension that reaches files or other
servers would lend that to the functions of whoever wrote the file.
"""

import json
from typing import Any

from pglast import parser

from pgtune.model.errors import NotSql
from pgtune.snapshot.snapshot import Object
from pgtune.sqltext.parse import guarded

# The parser's names of statements, by the kind of the object that they make or complete.
STATEMENTS = {
    "collation": {"DefineStmt"},
    "type": {"CompositeTypeStmt", "CreateDomainStmt", "CreateEnumStmt", "CreateRangeStmt", "AlterDomainStmt"},
    "sequence": {"CreateSeqStmt", "AlterSeqStmt"},
    "function": {"CreateFunctionStmt", "DefineStmt"},
    "operator": {
        "CreateCastStmt", "DefineStmt", "CreateOpClassStmt", "CreateOpFamilyStmt", "AlterOpFamilyStmt",
        "AlterOperatorStmt",
    },
    "search": {"AlterTSConfigurationStmt", "AlterTSDictionaryStmt", "DefineStmt"},
    "table": {"AlterTableStmt", "CreateStmt"},
    "view": {"AlterTableStmt", "CreateTableAsStmt", "ViewStmt"},
    "default": {"AlterTableStmt"},
    "constraint": {"AlterDomainStmt", "AlterTableStmt"},
    "index": {"AlterTableStmt", "IndexStmt"},
    "statistics": {"AlterStatsStmt", "CreateStatsStmt"},
    "rule": {"AlterTableStmt", "RuleStmt"},
    "trigger": {"AlterTableStmt", "CreateTrigStmt"},
    "policy": {"AlterTableStmt", "CreatePolicyStmt"},
}  # fmt: skip

# They bring types, operators, index methods, and functions that compute from their arguments or tell of the server what
# a weak role may know. Not among them: what opens files or connections, other languages, and what nobody looked at.
EXTENSIONS = frozenset({
    "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "dict_xsyn", "earthdistance",
    "fuzzystrmatch", "h3", "hll", "hstore", "hypopg", "insert_username", "intagg", "intarray", "ip4r", "isn", "ltree",
    "moddatetime", "pageinspect", "pg_bigm", "pg_buffercache", "pg_freespacemap", "pg_stat_statements", "pg_trgm",
    "pg_visibility", "pgcrypto", "pgrowlocks", "pgstattuple", "plpgsql", "postgis", "prefix", "refint", "rum", "seg",
    "semver", "tablefunc", "tcn", "tdigest", "tsm_system_rows", "tsm_system_time", "unaccent", "unit", "uuid-ossp",
    "vector",
})  # fmt: skip


def refused(thing: Object) -> str | None:
    """Why an object's statement is not run; None if it is one of those that make such an object."""
    try:
        statements = json.loads(guarded(parser.parse_sql_json, thing.sql)).get("stmts", [])
    except NotSql as error:
        return str(error)
    if len(statements) != 1:
        return f"one statement is wanted, this is {len(statements) or 'none'}"
    ((kind, held),) = statements[0]["stmt"].items()
    if kind not in STATEMENTS.get(thing.kind, ()) or (kind == "CreateTableAsStmt" and not _empty(held)):
        return f"this is no statement that makes a {thing.kind}"
    return None


def _empty(held: dict[str, Any]) -> bool:
    """True for a materialised view WITH NO DATA, whose query does not run."""
    return held.get("objtype") == "OBJECT_MATVIEW" and bool(held.get("into", {}).get("skipData"))
