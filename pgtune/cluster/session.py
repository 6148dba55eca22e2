"""Sessions on our own clusters: whole scripts, and the rows of a question."""

from typing import Any, LiteralString

import psycopg

from pgtune.cluster.cluster import Cluster
from pgtune.model.errors import ConnectionLost, Refused


def execute(cluster: Cluster, script: LiteralString, dbname: str = "postgres") -> list[tuple[Any, ...]]:
    """Run a statement, or a script as one transaction, as the superuser; the rows of the last statement.

    Raises:
        Refused: the server refused it, as on a full disk; the message is its own.
        ConnectionLost: the server is not there, or went away.
    """
    try:
        with psycopg.connect(cluster.conninfo(dbname), autocommit=True) as connection:
            cursor = connection.execute(script)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
            raise ConnectionLost(reason) from error
        raise Refused(reason) from error
