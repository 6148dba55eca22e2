"""What a server runs on. Every figure names where it was read, for the report says so."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

STORAGE_KINDS = ("hdd", "ssd", "nvme", "san", "gp3")


@dataclass(frozen=True, slots=True)
class Figure(Generic[T]):
    """A value and where it comes from, as `/sys/fs/cgroup/.../memory.max` or `--ram`."""

    value: T
    source: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another memory user on the same machine or in the same cgroup: `bytes` is what it holds or may hold."""

    name: str
    pid: int
    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class DiskSpeed:
    """What `pgtune probe --disk` measured: latencies in milliseconds, throughput in bytes a second."""

    fsync_ms: float
    read_ms: float
    read_iops: float
    write_bytes_per_s: float
    read_bytes_per_s: float
    bytes_written: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Storage:
    """The disk of the data directory. `kind` is one of STORAGE_KINDS, or `unknown`; sizes in bytes."""

    kind: Figure[str]
    device: str | None = None
    filesystem: str | None = None
    rotational_flag: bool | None = None
    data_free: Figure[int] | None = None
    wal_free: Figure[int] | None = None
    wal_apart: bool = False
    speed: DiskSpeed | None = None


@dataclass(frozen=True, slots=True)
class Kernel:
    """Kernel settings that PostgreSQL depends on; sizes in bytes, None where the file is missing."""

    release: str
    huge_pages: int | None = None
    huge_pages_free: int | None = None
    huge_page_size: int | None = None
    overcommit_memory: int | None = None
    overcommit_ratio: int | None = None
    swappiness: int | None = None
    transparent_huge_pages: str | None = None
    shm_size: int | None = None
    io_scheduler: str | None = None
    io_uring: bool | None = None


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the server may use: `memory` in bytes, `cpus` with fractions (a quota of 1.5 is 1.5).

    `memory` is after `neighbours` were subtracted; `machine_memory` is the host's.
    """

    memory: Figure[int]
    cpus: Figure[float]
    storage: Storage
    machine_memory: Figure[int] | None = None
    swap: int | None = None
    neighbours: tuple[Neighbour, ...] = ()
    kernel: Kernel | None = None
    cloud: str | None = None
    container: str | None = None
    notes: tuple[str, ...] = field(default=())
