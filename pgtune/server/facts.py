"""Everything that `pgtune tune` asks a live server, in a dozen statements, for whatever role is connected."""

import os
import socket
import struct

from psycopg.rows import DictRow

from pgtune import resources
from pgtune.model.server import Manager, Role, Server
from pgtune.server import activity, parameters
from pgtune.server.asking import Asking, one_line
from pgtune.server.connect import Connection, reading, translated
from pgtune.server.manager import recognise
from pgtune.server.parameters import Configuration


def read(conninfo: str = "") -> Server:
    """Connect, read and disconnect.

    Raises:
        BadInput: the conninfo cannot be parsed.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
    """
    with reading(conninfo) as connection:
        return read_from(connection)


def read_from(connection: Connection) -> Server:
    """Read the facts over an open session. What the role may not see is None and named in `Server.missing`.

    Raises:
        ConnectionLost: the session ended before everything was read.
        NotAllowed, Refused: the server does not even say who it is.
    """
    with translated():
        identity = connection.execute(resources.sql("server/identity")).fetchall()[0]
        asking = Asking(connection, identity["version"] // 10000, one_line(identity["role_quoted"]))
        found = parameters.read(
            asking, reads_settings=identity["reads_settings"], reads_files=identity["reads_file_settings"]
        )
        return _server(asking, identity, found)


def _server(asking: Asking, identity: DictRow, found: Configuration) -> Server:
    info = asking.connection.info
    control = _control(asking, allowed=identity["reads_control"])
    extensions = asking.row("extensions", "extensions")
    return Server(
        version=identity["version"],
        version_text=identity["version_text"],
        system_identifier=control.get("system_identifier"),
        role=_role(identity, found),
        in_recovery=identity["in_recovery"],
        backend_pid=identity["backend_pid"],
        backend_start=identity["backend_start"],
        postmaster_start=identity["postmaster_start"],
        peer_pid=peer_pid(asking.connection),
        host=info.host,
        port=info.port,
        database=identity["database"],
        data_directory=found.text("data_directory"),
        settings=found.settings,
        activity=activity.read(asking, identity, control.get("age_seconds")),
        overrides=found.overrides,
        file_entries=found.entries,
        extensions=tuple(extensions.get("installed", ())),
        libraries=found.libraries,
        available=tuple(extensions.get("available", ())),
        jit_available=_jit(identity, found),
        standbys=activity.standbys(asking),
        manager=_manager(asking, found),
        missing=tuple(asking.missing),
    )


def _role(identity: DictRow, found: Configuration) -> Role:
    return Role(
        name=identity["role"],
        superuser=identity["superuser"],
        monitor=identity["monitor"],
        reads_files=identity["reads_files"],
        may_alter=found.may_alter,
    )


def _control(asking: Asking, *, allowed: bool) -> DictRow:
    if not allowed:
        asking.lacks("system identifier and age", "GRANT EXECUTE ON FUNCTION pg_control_system()")
        return {}
    return asking.row("control", "system identifier and age")


def _manager(asking: Asking, found: Configuration) -> Manager | None:
    traces = asking.row("traces", "traces of an operator or a managed service")
    return recognise(found.settings, traces.get("applications", ()), traces.get("marks", ()))


def _jit(identity: DictRow, found: Configuration) -> bool | None:
    """Whether the server can compile expressions: pg_jit_available() also says no where jit is merely off."""
    return True if identity["jit_available"] else None if found.text("jit") == "off" else False


def peer_pid(connection: Connection) -> int | None:
    """The process that listens on the Unix socket this session came through, as the kernel knows it (unix(7)).

    That is the postmaster, or a pooler in front of it. None over TCP, on other systems than Linux, and where the
    process is in a namespace that this one cannot see into.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None or not connection.info.host.startswith("/"):
        return None
    with socket.socket(fileno=os.dup(connection.fileno())) as copy:
        pid, _uid, _gid = struct.unpack("3i", copy.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return pid or None
