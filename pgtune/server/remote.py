"""The few files of /proc and /sys that describe a server's machine, read through the server where its role may.

They are laid out below a temporary folder, so that the same probe that reads this machine reads that one.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from pgtune import resources
from pgtune.model.server import Server
from pgtune.server.connect import Connection, reading

GLOBAL = (
    "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/sys/kernel/osrelease", "/sys/devices/system/cpu/online",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/overcommit_ratio", "/proc/sys/vm/swappiness",
    "/sys/kernel/mm/transparent_hugepage/enabled",
)  # fmt: skip
OF_PROCESS = ("cgroup", "mountinfo", "status", "stat")
CGROUP_FILES = (
    "memory.max", "memory.high", "memory.limit_in_bytes", "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us",
    "cpuset.cpus", "cpuset.cpus.effective", "cpuset.effective_cpus",
)  # fmt: skip
CONTROLLERS = ("", "memory", "cpu", "cpu,cpuacct", "cpuset", "unified")


@contextmanager
def files(conninfo: str, server: Server) -> Iterator[tuple[Path | None, str]]:
    """A folder that holds the machine's files, or None and why they cannot be read."""
    if not server.role.reads_files:
        yield None, f"{server.role.name} may not read its files, as a superuser may"
        return
    with tempfile.TemporaryDirectory(prefix="pgtune-") as folder:
        try:
            with reading(conninfo) as connection:
                _fetch(connection, Path(folder))
        except psycopg.Error as error:
            yield None, f"its files cannot be read: {' '.join(str(error).split())}"
            return
        root = Path(folder)
        yield (root, "") if (root / "proc/meminfo").exists() else (None, "it does not run on Linux")


def _fetch(connection: Connection, root: Path) -> None:
    pid = connection.info.backend_pid
    process = [f"/proc/{pid}/{name}" for name in OF_PROCESS]
    texts = {path: _read(connection, path) for path in (*GLOBAL, *process)}
    for group in _groups(texts.get(f"/proc/{pid}/cgroup") or ""):
        for controller in CONTROLLERS:
            for name in CGROUP_FILES:
                path = f"/sys/fs/cgroup/{controller}/{group}/{name}".replace("//", "/").replace("//", "/")
                texts[path] = _read(connection, path)
    for path, text in texts.items():
        if text is not None:
            target = root / path.replace(f"/proc/{pid}/", "/proc/self/").lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)


def _groups(cgroup: str) -> list[str]:
    """Every group a process is in and each of its ancestors."""
    found = set()
    for line in cgroup.splitlines():
        path = line.split(":", 2)[-1].strip("/")
        if ".." in path:
            continue
        parts = path.split("/") if path else []
        found |= {"/".join(parts[:depth]) for depth in range(len(parts) + 1)}
    return sorted(found)


def _read(connection: Connection, path: str) -> str | None:
    row = connection.execute(resources.sql("server/host_file"), {"path": path}).fetchone()
    return row["content"] if row else None
