"""What a live server says of itself. A fact that could not be read is None and is named in `Server.missing`."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgtune.model.setting import Setting


@dataclass(frozen=True, slots=True)
class Activity:
    """What the statistics views show since `stats_seconds` ago: bytes, seconds and counts."""

    stats_seconds: float | None = None
    age_seconds: float | None = None
    data_bytes: int | None = None
    wal_bytes: int | None = None
    wal_size: int | None = None
    wal_buffers_full: int | None = None
    wal_seconds: float | None = None
    checkpoints_timed: int | None = None
    checkpoints_requested: int | None = None
    checkpoint_seconds: float | None = None
    temp_files: int | None = None
    temp_bytes: int | None = None
    sessions: int | None = None
    sessions_active: int | None = None
    walsenders: int | None = None
    slots: int | None = None
    slots_physical: int | None = None
    prepared_transactions: int | None = None
    background_workers: int | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A value set by ALTER ROLE or ALTER DATABASE: it wins over every file for those sessions."""

    setting: str
    value: str
    database: str | None
    role: str | None

    @property
    def shown(self) -> str:
        """The statement that set it, without the setting's name."""
        where = [f"ROLE {self.role}"] if self.role else []
        where += [f"DATABASE {self.database}"] if self.database else []
        return f"ALTER {' IN '.join(where) or 'ROLE ALL'} SET {self.value}"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A line of a configuration file, as pg_file_settings shows it."""

    file: str
    line: int
    seqno: int
    name: str | None
    value: str | None
    applied: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class Role:
    """What the connected role may do."""

    name: str
    superuser: bool
    monitor: bool
    reads_files: bool
    may_alter: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Manager:
    """Who runs this server in the user's stead: patroni, cloudnativepg, zalando, rds, aurora, azure or cloudsql."""

    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Server:
    """A live server: identity, rights, settings and what it has been doing. `version` is server_version_num."""

    version: int
    version_text: str
    system_identifier: str | None
    role: Role
    in_recovery: bool
    backend_pid: int
    backend_start: float
    postmaster_start: float
    peer_pid: int | None
    host: str
    port: int
    database: str
    data_directory: str | None
    settings: Mapping[str, Setting]
    activity: Activity
    overrides: tuple[Override, ...] = ()
    file_entries: tuple[FileEntry, ...] | None = None
    extensions: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    available: tuple[str, ...] = ()
    jit_available: bool | None = None
    standbys: tuple[str, ...] = ()
    manager: Manager | None = None
    primary_settings: Mapping[str, int] | None = None
    missing: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """The major version, 18 for 180006."""
        return self.version // 10000
