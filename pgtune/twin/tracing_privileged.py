"""What of a migration takes a superuser: schemas, roles and extensions, composed from the names that it holds."""

import contextlib
from dataclasses import dataclass
from typing import Any

import psycopg
from pglast import ast
from psycopg import sql
from psycopg.rows import dict_row

from pgtune import resources
from pgtune.model.errors import NotSql
from pgtune.model.trace import Effect, Status
from pgtune.sqltext.parse import isa
from pgtune.twin.allowed import EXTENSIONS
from pgtune.twin.house import OWNER, PLANNER
from pgtune.twin.tracing_effects import EXISTS

ROLE = sql.SQL("CREATE ROLE {0} NOLOGIN; GRANT {0} TO {1}")
SCHEMA = sql.SQL("CREATE SCHEMA {0} AUTHORIZATION {1}; GRANT USAGE ON SCHEMA {0} TO {2}")
ASTRAY = "its script runs as superuser, and functions that were made before could lead it astray: not run on the twin"
DROP_CASCADE = 1  # DropBehavior


@dataclass
class Privileged:
    """The superuser's session, which runs nothing but what is composed here."""

    superuser: psycopg.Connection

    def made(self, statement: Any) -> Effect:
        """Make what the statement makes."""
        try:
            self.superuser.execute(self._composed(statement))
        except NotSql as error:
            return Effect("unverified", str(error))
        except psycopg.Error as error:
            if self.superuser.broken:
                raise
            status: Status = "present" if error.sqlstate in EXISTS else "failed"
            return Effect(status, " ".join(str(error.diag.message_primary or error).split()))
        return Effect("applied")

    def role(self, name: str) -> None:
        """Make a role that a policy names, if it is not there: who may log in does not travel."""
        with contextlib.suppress(psycopg.DatabaseError):
            self.superuser.execute(ROLE.format(sql.Identifier(name), sql.Identifier(PLANNER)))

    def _composed(self, statement: Any) -> sql.Composed:
        if isa(statement, ast.CreateSchemaStmt):
            return _schema(statement)
        if isa(statement, ast.CreateRoleStmt):
            return ROLE.format(sql.Identifier(statement.role), sql.Identifier(PLANNER))
        if isa(statement, ast.CreateExtensionStmt):
            return self._extension(statement)
        return _dropped(statement)

    def _extension(self, statement: Any) -> sql.Composed:
        name = statement.extname
        schema = next((each.arg.sval for each in statement.options or () if each.defname == "schema"), "public")
        if name not in EXTENSIONS or schema.startswith("pg_"):
            raise NotSql(f"{name} is none of the extensions that are made on the twin")
        with self.superuser.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(resources.sql("twin/extension"), {"name": name}).fetchone()
        names = {"name": sql.Identifier(name), "schema": sql.Identifier(schema)}
        if row is None or not row["strangers"]:
            return sql.SQL("CREATE EXTENSION {name} SCHEMA {schema}").format(**names)
        if row["needs"] or not row["relocatable"]:
            raise NotSql(ASTRAY)
        return sql.SQL(resources.sql("twin/make_extension")).format(**names)


def _schema(statement: Any) -> sql.Composed:
    name = statement.schemaname or (statement.authrole.rolename if statement.authrole else None)
    if statement.schemaElts or not name:
        raise NotSql("a schema and its objects in one statement: not run on the twin")
    return SCHEMA.format(sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(PLANNER))


def _dropped(statement: Any) -> sql.Composed:
    listed = sql.SQL(", ").join(sql.Identifier(each.sval) for each in statement.objects)
    cascade = sql.SQL(" CASCADE" if statement.behavior == DROP_CASCADE else "")
    return sql.SQL("DROP EXTENSION IF EXISTS {}").format(listed) + cascade
