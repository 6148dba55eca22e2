"""How much space a rebuild finds: on the server's own disk where that is on this machine, else as the user says."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pgtune.host.postmaster import locate
from pgtune.model.errors import PgtuneError
from pgtune.server import facts
from pgtune.server.connect import reading
from pgtune.server.maintain import tablespaces

Free = Callable[[str | None], int | None]


def free(conninfo: str, given: int | None) -> Free:
    """Bytes free for a tablespace (None: the data directory), asked anew each time; `given` overrules the disk.

    Where they lie is found out when it is first asked for: a night without a rebuild never asks.
    """
    if given is not None:
        return lambda _tablespace: given
    folders = cache(_folders)
    return lambda tablespace: _free(folders(conninfo).get(tablespace))


def _folders(conninfo: str) -> dict[str | None, Path]:
    """Where tablespaces lie, as this machine sees them; empty for a server elsewhere.

    The session stays open while the server's process is looked for: it is the proof.
    """
    try:
        with reading(conninfo) as connection:
            located = locate(facts.read_from(connection))
            if located is None or located.data_directory is None:
                return {}
            spaces = {} if located.in_container else tablespaces.read(connection)
    except PgtuneError:
        return {}
    return {None: located.data_directory, **{name: Path(folder) for name, folder in spaces.items()}}


def _free(folder: Path | None) -> int | None:
    """What a role without the rights of root could still write there; None where that cannot be seen."""
    if folder is None:
        return None
    try:
        status = os.statvfs(folder)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize
