"""Configuration files replaced whole: a reader sees the old content or the new one, never a part.

Owner and mode stay what they were. On a full disk the file is written over in place, as that takes no new block.
"""

import contextlib
import errno
import os
from pathlib import Path

from pgtune.model.errors import NotAllowed

_FULL = {errno.ENOSPC, errno.EDQUOT}


def read(path: Path) -> bytes | None:
    """The content, None if there is no such file.

    Raises:
        NotAllowed: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotAllowed(f"{path} cannot be read: {error.strerror}") from error


def writable(path: Path) -> bool:
    """True if this account may replace the file and keep its owner."""
    folder = path.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    owner = (path if path.exists() else folder).stat().st_uid
    return os.geteuid() in {0, owner}


def replace(path: Path, content: bytes | None, like: Path | None = None) -> None:
    """Give the file this content, or remove it where that is None; on the disk when this returns.

    A file that is made anew gets owner and mode of `like`.

    Raises:
        NotAllowed: the operating system refused; the file is as it was.
    """
    path = path.resolve()
    try:
        if content is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, content, like or path)
        _sync_folder(path.parent)
    except OSError as error:
        raise NotAllowed(f"{path} cannot be written: {error.strerror}") from error


def _write(path: Path, content: bytes, like: Path) -> None:
    model = (path if path.exists() else like).stat()
    # Hidden, so that include_dir never reads it; O_EXCL, so that no link of somebody else is followed.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.pgtune")
    try:
        _create(temporary, content, model)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        if error.errno not in _FULL or not path.exists():
            raise
        _overwrite(path, content)


def _create(path: Path, content: bytes, model: os.stat_result) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if (model.st_uid, model.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, model.st_uid, model.st_gid)
        os.fchmod(descriptor, model.st_mode & 0o7777)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _overwrite(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
