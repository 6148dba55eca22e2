"""Sessions on a user's server: one conninfo handed to libpq as it is, and every driver error as one of ours."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row

from pgtune.model.errors import BadInput, CannotConnect, ConnectionLost, NotAllowed, Refused

Connection = psycopg.Connection[DictRow]

APPLICATION = "pgtune"
# libpq's own words repeat the text that it cannot read, and a password may be in it.
UNREADABLE = "the connection string is neither a URI nor words as host=db1 dbname=app"
READING = "-c lock_timeout=2s -c statement_timeout=60s"
# Not among the options: to libpq's target_session_attrs=read-write the session would then be no primary's.
READ_ONLY: LiteralString = "set default_transaction_read_only = on"
# A database's owner may set a search_path in which a view of theirs named pg_settings comes first; ours wins over it.
CATALOG = "-c search_path=pg_catalog"


def _open(conninfo: str, options: str) -> Connection:
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise BadInput(UNREADABLE) from None
    words = {"application_name": APPLICATION, "connect_timeout": "10", "client_encoding": "UTF8"} | given
    own = given.get("options") or os.environ.get("PGOPTIONS", "")  # ours would hide libpq's variable
    words["options"] = f"{own} {CATALOG} {options}".strip()
    try:
        return psycopg.connect(make_conninfo("", **words), autocommit=True, row_factory=dict_row)
    except psycopg.OperationalError as error:
        raise CannotConnect(" ".join(str(error).split())) from None


@contextmanager
def reading(conninfo: str = "") -> Iterator[Connection]:
    """A read-only session with lock and statement timeouts; empty conninfo means what libpq's environment says.

    Raises:
        BadInput: the conninfo cannot be parsed.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
    """
    with translated(), _open(conninfo, READING) as connection:
        connection.execute(READ_ONLY)
        yield connection


@contextmanager
def writing(conninfo: str = "") -> Iterator[Connection]:
    """A session that may write, without timeouts of its own; only `server/run` opens one."""
    with translated(), _open(conninfo, "-c lock_timeout=0 -c statement_timeout=0") as connection:
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into pgtune's, one line each, the cause kept.

    Raises:
        NotAllowed, ConnectionLost, Refused: in place of the driver's own.
    """
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotAllowed(_line(error)) from error
    except (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown, psycopg.errors.CannotConnectNow) as error:
        raise ConnectionLost(f"the server went away: {_line(error)}") from error
    except psycopg.OperationalError as error:
        if error.sqlstate and not error.sqlstate.startswith("08"):  # as 53100, disk full: the session lives on
            raise Refused(_line(error)) from error
        raise ConnectionLost(f"the connection was lost: {_line(error)}") from error
    except psycopg.DatabaseError as error:
        raise Refused(_line(error)) from error
    except UnicodeDecodeError as error:
        raise Refused(f"the server sent text that is not UTF-8: {error.reason}") from error


def holds_password(conninfo: str) -> bool:
    """True if a password stands in it, which must then not be written into anybody's file.

    Raises:
        BadInput: the conninfo cannot be parsed.
    """
    try:
        return bool({"password", "sslpassword"} & {key for key, value in conninfo_to_dict(conninfo).items() if value})
    except psycopg.ProgrammingError:
        raise BadInput(UNREADABLE) from None


def rows(connection: Connection, query: LiteralString, **values: object) -> list[DictRow]:
    """All rows of a query, values bound by name."""
    return connection.execute(query, values or None).fetchall()


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
