"""The files of a twin's relations: stretched to production's page counts without taking disk, cut, given a height.

They lie in a folder of the account that runs the server, in which that account could plant a link. So each is opened
below the opened folder, never through a link, and only if it is that account's own plain file.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pgtune.cluster.account import Account
from pgtune.model.errors import NotAllowed
from pgtune.twin import btree, heap
from pgtune.twin.btree import PAGE

CHUNK = 1 << 20  # bytes that are copied at a time
SEGMENT = 131072  # pages in a file (1 GiB), as PostgreSQL is built unless somebody chose otherwise


@dataclass
class Files:
    """The files of one database; a relation's path is relative to the data directory (`base/16384/16390`)."""

    data: Path
    account: Account

    def stretch(self, path: str, pages: int) -> None:
        """Make a relation this many pages long: more files are made as PostgreSQL would, none of them takes space."""
        whole, rest = divmod(pages, SEGMENT)
        for number in range(whole):
            self._resize(self._segment(path, number), SEGMENT)
        if rest or not whole:
            self._resize(self._segment(path, whole), rest)

    def cut(self, path: str) -> None:
        """Leave a table its first page, on which no row of production stands; further files stay for `stretch`."""
        with self._open(path, os.O_RDWR | os.O_CREAT) as file:
            os.ftruncate(file, min(os.fstat(file).st_size, PAGE))

    def give_ends(self, path: str) -> None:
        """Let indexes have keys: the first page of a table that nobody has read yet, as `heap` describes it."""
        with self._open(path, os.O_RDWR) as file:
            os.pwrite(file, heap.FIRST_PAGE, 0)
        with self._open(f"{path}_vm", os.O_RDWR | os.O_CREAT) as file:
            os.pwrite(file, heap.VISIBLE, 0)
            os.ftruncate(file, PAGE)

    def read(self, path: str) -> bytes:
        """The first file of a relation."""
        with self._open(path, os.O_RDONLY) as file:
            return os.pread(file, os.fstat(file).st_size, 0)

    def set_height(self, path: str, height: int, pages: int, leaf: Sequence[bytes] = ()) -> None:
        """Give a B-tree that nobody has read yet a height, and pages on which a search ends at these tuples.

        One of a single page is empty, has no root and stays so.
        """
        if pages < 2:
            return
        fits = btree.room_for(height, pages)
        with self._open(path, os.O_RDWR) as file:
            first = os.pread(file, PAGE, 0)
            os.pwrite(file, btree.metapage(first, fits), 0)
            os.pwrite(file, btree.chain(fits, leaf), PAGE)

    def copy(self, folder: str, to: str) -> None:
        """Copy the files of a folder to a new one, with their holes.

        Raises:
            NotAllowed: one of them is no plain file of the account, or the new folder is there.
        """
        try:
            names = sorted(each.name for each in (self.data / folder).iterdir())
            (self.data / to).mkdir(0o700)
            if self.account.switch:
                os.chown(self.data / to, self.account.uid, self.account.gid, follow_symlinks=False)
        except OSError as error:
            raise NotAllowed(f"{folder} of the twin cannot be copied: {error.strerror}") from error
        for name in names:
            with (
                self._open(f"{folder}/{name}", os.O_RDONLY) as old,
                self._open(f"{to}/{name}", os.O_RDWR | os.O_CREAT) as new,
            ):
                _copied(old, new)

    @staticmethod
    def _segment(path: str, number: int) -> str:
        return f"{path}.{number}" if number else path

    def _resize(self, path: str, pages: int) -> None:
        with self._open(path, os.O_RDWR | os.O_CREAT) as file:
            os.ftruncate(file, pages * PAGE)

    @contextmanager
    def _open(self, path: str, flags: int) -> Iterator[int]:
        """Open a file below the data directory, step by step and through no link.

        Raises:
            NotAllowed: something else than a plain file of the account stands there.
        """
        *folders, name = path.split("/")
        opened = [os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)]
        try:
            for folder in folders:
                opened.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened[-1]))
            opened.append(self._file(name, flags, opened[-1]))
            yield opened[-1]
        except OSError as error:
            raise NotAllowed(f"{path} of the twin cannot be changed: {error.strerror}") from error
        finally:
            for each in reversed(opened):
                os.close(each)

    def _file(self, name: str, flags: int, folder: int) -> int:
        try:
            file = os.open(name, flags & ~os.O_CREAT | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError:
            file = os.open(name, flags | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
            if self.account.switch:
                os.fchown(file, self.account.uid, self.account.gid)
        status = os.fstat(file)
        if status.st_uid != self.account.uid or not stat.S_ISREG(status.st_mode):
            os.close(file)
            raise PermissionError(errno.EPERM, "it is no file of the server's")
        return file


def _copied(old: int, new: int) -> None:
    """Copy what is written of a file; its holes stay holes."""
    size, place = os.fstat(old).st_size, 0
    os.ftruncate(new, size)
    while place < size:
        try:
            place = os.lseek(old, place, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        end = os.lseek(old, place, os.SEEK_HOLE)
        while place < end:
            place += os.pwrite(new, os.pread(old, min(end - place, CHUNK), place), place)
