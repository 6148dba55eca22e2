"""Files that decide how a review is made: with a base they are the base's, so that a branch cannot decide it."""

import hashlib
import os
from pathlib import Path

from pgtune.model.errors import BadInput, NotAllowed
from pgtune.usecases.changes import Change

LFS = b"version https://git-lfs.github.com/spec/"  # how a pointer to a large file begins


class Trusted:
    """Files that decide how a review is made: with a base they are read from it, never from the branch."""

    def __init__(self, root: Path, change: Change | None) -> None:
        self.root = root
        self.change = change
        self.notes: list[str] = []

    def content(self, path: Path, what: str) -> bytes | None:
        """The file's content; None if it is not there, or comes with the change itself, which is then noted.

        Raises:
            NotAllowed: this account may not read it.
        """
        name = self._name(path)
        if self.change is not None and name is not None:
            if name in self.change.tree:
                return self.change.base_file(name)
            if self.change.git.holds("ls-files", "--error-unmatch", "--", name):
                self.notes.append(f"{what} {name} comes with the change itself: it counts once that is merged")
                return None
        return _content(path.absolute())

    def base(self, path: Path) -> bytes | None:
        """The base's content of a large file; None if it has none, so that the file itself is to be read.

        Raises:
            BadInput: the base has it in git's large file storage, and the file is not the one that is named there.
        """
        name = self._name(path)
        if self.change is None or name is None:
            return None
        content = self.change.base_file(name)
        if content is None or not content.startswith(LFS):
            return content
        digest = hashlib.sha256(_content(path.absolute()) or b"").hexdigest()
        if f"oid sha256:{digest}" not in content.decode(errors="replace").splitlines():
            raise BadInput(f"{path} is not the file of the base: git lfs pull, or give the base's own")
        return None

    def _name(self, path: Path) -> str | None:
        """The path from the project's root, None outside it."""
        place = Path(os.path.normpath(path.absolute()))
        return place.relative_to(self.root).as_posix() if place.is_relative_to(self.root) else None


def _content(place: Path) -> bytes | None:
    try:
        return place.read_bytes() if place.is_file() else None
    except OSError as error:
        raise NotAllowed(f"{place}: {error.strerror}") from None
