"""How fast a disk is: fsync, random reads and throughput, within 10 seconds and 256 MB.

The file has no name (O_TMPFILE, or deleted as soon as it is opened), so that it is gone when its descriptor is: after
success, an error, Ctrl-C and even SIGKILL. It is opened past the page cache (O_DIRECT) where the file system allows;
elsewhere its pages are dropped from the cache before they are read.
"""

import contextlib
import errno
import fcntl
import mmap
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pgtune.model.errors import MustNotRunHere, NotAllowed
from pgtune.model.hardware import DiskSpeed
from pgtune.model.units import GB, KB, MB, human_bytes

BLOCK = MB  # of sequential work
PAGE = 8 * KB  # PostgreSQL's own block
SEQUENTIAL_BYTES = 192 * MB
FSYNCS = 1000  # at most 8 MB: with the above well below 256 MB
READS = 20_000
READERS = 16  # sessions that read at once: PostgreSQL 18's own effective_io_concurrency
SYNC_EVERY = 8 * MB  # past this much unsynced, one sync could outlast the time
WRITE_S, READ_S, RANDOM_S, MANY_S, FSYNC_S = 3.0, 1.5, 1.5, 1.0, 1.5  # 8.5 s, which leaves slack for a slow last one
LEAST_FREE = GB  # a probe must not be what fills a database's disk


@dataclass(frozen=True, slots=True)
class _File:
    descriptor: int
    direct: bool


def measure(folder: Path) -> DiskSpeed:
    """Measure the disk below a folder; nothing is left behind, however this ends.

    Raises:
        NotAllowed: the folder cannot be written to.
        MustNotRunHere: less than 1 GB is free there.
    """
    begun = time.monotonic()
    with _opened(folder) as file, mmap.mmap(-1, 4 * BLOCK) as random_bytes:
        random_bytes.write(os.urandom(len(random_bytes)))  # zeros would be compressed or left out by some disks
        try:
            written, write_speed = _write(file, random_bytes)
            fsyncs = _fsyncs(file, random_bytes, written)
        except OSError as error:
            raise _refusal(folder, error) from error
        _forget(file)
        read_speed = _read(file, written)
        _forget(file)
        os.posix_fadvise(file.descriptor, 0, 0, os.POSIX_FADV_RANDOM)  # no reading ahead
        reads = _random_reads(file.descriptor, written, time.monotonic() + RANDOM_S)
        iops = _many_reads(file.descriptor, written)
    return DiskSpeed(
        fsync_ms=statistics.median(fsyncs) * 1000,
        read_ms=statistics.median(reads) * 1000,
        read_iops=iops,
        write_bytes_per_s=write_speed,
        read_bytes_per_s=read_speed,
        bytes_written=written + len(fsyncs) * PAGE,
        seconds=time.monotonic() - begun,
    )


@contextmanager
def _opened(folder: Path) -> Iterator[_File]:
    """A file without a name in the folder."""
    try:
        free = os.statvfs(folder)
        if free.f_bavail * free.f_frsize < LEAST_FREE:
            size = human_bytes(free.f_bavail * free.f_frsize)
            raise MustNotRunHere(f"--disk needs 1 GB of free space in {folder}, {size} are free; nothing was written")
        descriptor = _nameless(folder)
    except OSError as error:
        raise _refusal(folder, error) from error
    try:
        yield _File(descriptor, _past_the_cache(descriptor))
    finally:
        os.close(descriptor)


def _nameless(folder: Path) -> int:
    with contextlib.suppress(OSError):  # the file system does not know O_TMPFILE: the next way says if it is worse
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    descriptor, path = tempfile.mkstemp(prefix="pgtune-disk-", dir=folder)
    Path(path).unlink()
    return descriptor


def _past_the_cache(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_DIRECT)
        os.preadv(descriptor, [mmap.mmap(-1, PAGE)], 0)
    except OSError:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_DIRECT)
        return False
    return True


def _refusal(folder: Path, error: OSError) -> NotAllowed | MustNotRunHere:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return MustNotRunHere(f"the disk of {folder} filled up while it was measured; the file is gone again")
    return NotAllowed(f"cannot measure the disk in {folder}: {error.strerror}")


def _write(file: _File, random_bytes: mmap.mmap) -> tuple[int, float]:
    """Write and sync one block after the other: bytes and bytes a second."""
    begun, written = time.monotonic(), 0
    with memoryview(random_bytes) as view:
        while written < SEQUENTIAL_BYTES and time.monotonic() - begun < WRITE_S:
            start = written % len(view)
            written += os.pwrite(file.descriptor, view[start : start + BLOCK], written)
            if not file.direct and written % SYNC_EVERY == 0:
                os.fdatasync(file.descriptor)
    os.fdatasync(file.descriptor)
    return written, written / (time.monotonic() - begun)


def _fsyncs(file: _File, random_bytes: mmap.mmap, size: int) -> list[float]:
    """Overwrite one page after the other and sync each, as commits do in a recycled WAL segment."""
    limit = time.monotonic() + FSYNC_S
    seconds: list[float] = []
    with memoryview(random_bytes) as view:
        while len(seconds) < FSYNCS and (not seconds or time.monotonic() < limit):
            begun = time.perf_counter()
            os.pwrite(file.descriptor, view[:PAGE], len(seconds) * PAGE % size)
            os.fdatasync(file.descriptor)
            seconds.append(time.perf_counter() - begun)
    return seconds


def _forget(file: _File) -> None:
    """Drop the file's pages from the cache, for file systems that cannot be read past it."""
    if not file.direct:
        os.posix_fadvise(file.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _read(file: _File, size: int) -> float:
    """Read one block after the other: bytes a second."""
    begun, done = time.monotonic(), 0
    with mmap.mmap(-1, BLOCK) as buffer:
        while done < size and time.monotonic() - begun < READ_S:
            done += os.preadv(file.descriptor, [buffer], done)
    return done / (time.monotonic() - begun)


def _random_reads(descriptor: int, size: int, limit: float) -> list[float]:
    """Read single pages anywhere, one after the other: seconds for each."""
    seconds: list[float] = []
    pages, choice = size // PAGE, random.Random()  # noqa: S311  (places on a disk are no secret)
    with mmap.mmap(-1, PAGE) as buffer:
        while len(seconds) < READS and (not seconds or time.monotonic() < limit):
            place = choice.randrange(pages) * PAGE
            begun = time.perf_counter()
            os.preadv(descriptor, [buffer], place)
            seconds.append(time.perf_counter() - begun)
    return seconds


def _many_reads(descriptor: int, size: int) -> float:
    """Read single pages from several threads at once: reads a second."""
    begun = time.monotonic()

    def reader(_number: int) -> int:
        return len(_random_reads(descriptor, size, begun + MANY_S))

    with ThreadPoolExecutor(READERS) as pool:
        done = sum(pool.map(reader, range(READERS)))
    return done / (time.monotonic() - begun)
