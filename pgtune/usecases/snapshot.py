"""`pgtune snapshot`: a database as the planner sees it, in one file that only its owner may read."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pgtune.model.errors import BadInput, NotAllowed
from pgtune.server.capture import capture
from pgtune.snapshot import Snapshot, dump, load
from pgtune.snapshot.mask import mask
from pgtune.snapshot.snapshot import Missing

SCHEMA = "pgtune.snapshot.summary/1"
LARGEST_FILE = 1 << 28  # bytes that are read of it, half of what it may unpack to: packed it is a tenth


@dataclass(frozen=True, slots=True)
class Taken:
    """What a snapshot holds and what it lacks; `cut` names what held a credential, which is not in it."""

    schema: str = field(default=SCHEMA, kw_only=True)
    file: str
    size_bytes: int
    version: str
    database: str
    taken: str
    masked: bool
    objects: int
    tables: int
    columns_with_statistics: int
    statements: int
    missing: tuple[Missing, ...] = ()
    cut: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """False if something that was asked for had to be left out."""
        return all(each.what.startswith(BESIDE) for each in self.missing)


# What stands beside the tables: advice does without it, or gets it from elsewhere.
BESIDE = ("workload ", "system identifier", "page costs ")


def take(
    conninfo: str = "",
    file: Path = Path("snapshot.pgtune"),
    *,
    tables: Sequence[str] = (),
    schemas: Sequence[str] = (),
    masked: bool = False,
    say: Callable[[str], None] = print,
) -> Taken:
    """Read a database and write its snapshot; a file that is there is replaced at once or not at all.

    Raises:
        BadInput: the conninfo cannot be parsed, no table is named so, or the file's folder is not there.
        NotAllowed: the file cannot be written.
        CannotConnect, ConnectionLost, Refused: as the server answers.
    """
    _check(file)
    say("reading the schema, sizes, statistics and workload")
    found = capture(conninfo, tables=tables, schemas=schemas)
    if masked:
        say(f"masking the values of {len(found.tables)} tables")
        found = mask(found)
    data = dump(found)
    _write(file, data)
    return _summary(file, len(data), found)


def read(file: Path) -> Snapshot:
    """The snapshot of a file.

    Raises:
        BadInput: there is no such file, or it is no snapshot of this version.
        NotAllowed: this account may not read it.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE)  # of /dev/zero too: a device says nothing of its size
    except PermissionError:
        raise NotAllowed(f"{file}: this account may not read it") from None
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from None
    try:
        return load(data)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from None


def _check(file: Path) -> None:
    """Refuse before the server is asked what would fail after it."""
    folder = file.parent
    if not folder.is_dir():
        raise BadInput(f"{file}: there is no folder {folder}")
    if file.exists() and not file.is_file():
        raise BadInput(f"{file} is no file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotAllowed(f"{file}: this account may not write in {folder}")


def _write(file: Path, data: bytes) -> None:
    """Write beside the file, for its owner's eyes only, and put it in its place when it is on the disk."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # mkstemp's mode is 0600
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    except OSError as error:
        raise NotAllowed(f"{file} cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def _summary(file: Path, size: int, found: Snapshot) -> Taken:
    return Taken(
        file=str(file),
        size_bytes=size,
        version=found.version_text,
        database=found.database,
        taken=found.taken,
        masked=found.masked,
        objects=len(found.objects),
        tables=len(found.tables),
        columns_with_statistics=sum(bool(column.stats) for table in found.tables for column in table.columns),
        statements=len(found.workload),
        missing=found.missing,
        cut=found.cut,
    )
