"""What the tests of apply, restart, rollback and undo share: a tuning of chosen values, and a server to write to."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgtune.cluster import Cluster
from pgtune.host import postmaster
from pgtune.model.errors import PgtuneError
from pgtune.model.hardware import Figure, Hardware, Storage
from pgtune.model.setting import Setting
from pgtune.model.step import Run
from pgtune.server import facts, ledger
from pgtune.settings.tuning import Budget, Line, Tuning
from pgtune.usecases.apply import Applied, How, apply
from pgtune.usecases.undo import Undone, undo

MACHINE = Hardware(Figure(1 << 30, "test"), Figure(2.0, "test"), Storage(Figure("ssd", "test")))

RELOADABLE = {"work_mem": "32MB", "random_page_cost": "1.1", "checkpoint_timeout": "15min", "jit": "off"}
RESTARTING = {"shared_buffers": "48MB", "max_worker_processes": "12"}


def line(setting: Setting, value: str, blocked: str | None = None) -> Line:
    """A line of the tuning that proposes `value`."""
    bare = raw(setting, value)
    return Line(setting.name, setting.show(), value, "a test", "a test", setting.restart, setting.source, "test", bare,
                setting.unit, blocked)  # fmt: skip


def raw(setting: Setting, value: str) -> str:
    """The value in the view's unit, as the server itself reckons it."""
    units = {"8kB": 8192, "kB": 1024, "MB": 1 << 20, "ms": 1, "s": 1000, "min": 60000}
    scale = {"kB": 1024, "MB": 1 << 20, "GB": 1 << 30, "ms": 1, "s": 1000, "min": 60000}
    for suffix, factor in scale.items():
        if setting.unit and value.endswith(suffix) and value.removesuffix(suffix).isdigit():
            return str(int(value.removesuffix(suffix)) * factor // units[setting.unit])
    return value


def tuning(settings: Mapping[str, Setting], values: Mapping[str, str], **blocked: str) -> Tuning:
    """A tuning with these values."""
    known = {name: settings.get(name) or Setting(name, "string", "user", None, "") for name in values}
    lines = tuple(line(known[name], value, blocked.get(name)) for name, value in values.items())
    return Tuning("test", 180000, "mixed", MACHINE, Budget((), 0, 0, 0, fits=True), lines)


def nobody(_text: str) -> None:
    """Whom to tell where the test does not listen."""


@dataclass
class Tuned:
    """A cluster with what a test does to it."""

    cluster: Cluster
    said: list[str] = field(default_factory=list)

    @property
    def auto_conf(self) -> Path:
        """The file that ALTER SYSTEM writes."""
        return self.cluster.data / "postgresql.auto.conf"

    @property
    def bytes(self) -> bytes:
        """Its content."""
        return self.auto_conf.read_bytes()

    def digest(self) -> str:
        """Every file of the configuration as one digest, with owner and mode."""
        found = hashlib.sha256()
        for path in sorted(self.cluster.data.rglob("*.conf")):
            status = path.stat()
            found.update(f"{path}{status.st_uid}{status.st_gid}{status.st_mode}".encode() + path.read_bytes())
        return found.hexdigest()

    def run(self, statement: str, **options: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, in a session of its own."""
        with psycopg.connect(self.cluster.conninfo(), autocommit=True, **options) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def shows(self, name: str) -> str:
        """The value in force, read in a new session."""
        return str(self.run(f"show {name}")[0][0])

    def how(self, *, local: bool = True, **options: Any) -> How:
        """How to apply; `local` = False as if the server were on another machine."""
        server = facts.read(self.cluster.conninfo())
        return How(located=postmaster.locate(server) if local else None, **options)

    def how_stopped(self) -> How:
        """How to undo on a server that is down."""
        return How(restart=True)

    def apply(self, values: Mapping[str, str], how: How | None = None, *, conninfo: str | None = None,
              say: Callable[[str], None] | None = None, **blocked: str) -> Applied:  # fmt: skip
        """Apply these values."""
        server = facts.read(conninfo or self.cluster.conninfo())
        asked = tuning(server.settings, values, **blocked)
        return apply(asked, server, conninfo or self.cluster.conninfo(), how or self.how(), say or self.said.append)

    def undo(self, number: int | None = None, how: How | None = None, **options: Any) -> Undone:
        """Undo a run, the last one if none is named."""
        conninfo = options.pop("conninfo", self.cluster.conninfo())
        return undo(number, conninfo, how or self.how(), self.said.append)

    def last(self) -> Run:
        """The ledger's last run."""
        with ledger.opened() as book:
            return book.runs()[0]


def error_of(work: Callable[[], object], kind: type[PgtuneError], code: int) -> str:
    """The one line of the error that `work` must end in, of this class and exit code."""
    with pytest.raises(PgtuneError) as caught:
        work()
    assert caught.type is kind, f"{caught.type.__name__}: {caught.value}"
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)
