"""Where tablespaces lie on the server's machine."""

from pgtune import resources
from pgtune.server.connect import Connection, rows


def read(connection: Connection) -> dict[str, str]:
    """The folder of each tablespace by its name; those inside the data directory have none of their own."""
    return {row["name"]: row["folder"] for row in rows(connection, resources.sql("maintain/tablespaces"))}
