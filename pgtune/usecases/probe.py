"""`pgtune probe`: what a server's machine, or this one, lets it use."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pgtune import host
from pgtune.host import disk, speed
from pgtune.model.errors import BadInput, MustNotRunHere, NotAllowed
from pgtune.model.hardware import Hardware
from pgtune.usecases import machine

SCHEMA = "pgtune.probe/1"


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found, and for whom: `target` is `this machine` or a server, `evidence` how it was found here."""

    schema: str = field(default=SCHEMA, kw_only=True)
    target: str
    hardware: Hardware
    evidence: str | None = None


def probe(
    conninfo: str = "", data_directory: Path | None = None, *, measure: bool = False, say: Callable[[str], None] = print
) -> Probed:
    """Probe the machine of a server, or this one where no conninfo is given; with `measure`, its disk too.

    Raises:
        BadInput: the data directory is none.
        NotAllowed: it cannot be read, or not be written to for measuring.
        MustNotRunHere: the server is elsewhere and shows nothing of its machine, or the disk is too full to measure.
        CannotConnect, ConnectionLost: as the server answers.
    """
    if data_directory is not None:
        _check(data_directory)
    if conninfo:
        found, folder = _server(conninfo, data_directory)
    else:
        folder = data_directory or Path.cwd()
        here = host.probe(data_directory=folder, wal_directory=_wal(data_directory), environ=os.environ)
        found = Probed("this machine", here)
    return _measured(found, folder, say) if measure else found


def _check(folder: Path) -> None:
    """Refuse a data directory that is missing, a file, or closed to this account."""
    try:
        if not folder.exists():
            raise BadInput(f"--data-directory {folder}: there is no such folder")
        if not folder.is_dir():
            raise BadInput(f"--data-directory {folder}: not a folder")
    except PermissionError:
        raise NotAllowed(f"--data-directory {folder}: this account may not look there") from None
    if not os.access(folder, os.R_OK | os.X_OK):
        raise NotAllowed(f"--data-directory {folder}: this account may not read it")


def _wal(data_directory: Path | None) -> Path | None:
    """The WAL lies beside the data where the folder is not a data directory (yet)."""
    return None if data_directory is not None and (data_directory / "pg_wal").exists() else data_directory


def _server(conninfo: str, data_directory: Path | None) -> tuple[Probed, Path | None]:
    """The hardware of a server's machine and its data directory as it can be opened here."""
    found = machine.of(conninfo, data_directory)
    target = f"PostgreSQL {found.server.version_text} at {found.server.host}:{found.server.port}"
    if found.hardware is None:
        raise MustNotRunHere(
            f"{target} is not known to run on this machine, and {found.why}; run `pgtune probe` there, or give "
            "`pgtune tune` its size: --ram 64GB --cpus 16 --storage ssd"
        )
    if found.located is None:
        return Probed(target, found.hardware), None
    return Probed(target, found.hardware, found.located.evidence), data_directory or found.located.data_directory


def _measured(found: Probed, folder: Path | None, say: Callable[[str], None]) -> Probed:
    """The same with the measured speed of the disk below the folder."""
    if folder is None:
        raise MustNotRunHere(
            "--disk measures a disk of this machine: the server's data directory cannot be reached here"
        )
    say(f"measuring the disk of {folder}: at most 10 s and 256 MB in a file without a name")
    result = speed.measure(folder)
    storage = disk.measured(found.hardware.storage, result)
    return replace(found, hardware=replace(found.hardware, storage=storage))
