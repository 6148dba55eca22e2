"""Whether a process lives in a container, and by what one knows."""

import re
from collections.abc import Mapping
from pathlib import Path

from pgtune.host import cgroup, files, mounts

# How container engines name the groups they make: /docker/<id>, docker-<id>.scope, /kubepods.slice/..., /lxc.payload.x
BY_GROUP = (
    ("kubernetes", re.compile(r"kubepods")),
    ("docker", re.compile(r"/docker[/-]")),
    ("podman", re.compile(r"libpod[-_]")),
    ("containerd", re.compile(r"cri-containerd|/containerd[/-]")),
    ("lxc", re.compile(r"/lxc(\.payload)?[./]")),
    ("systemd-nspawn", re.compile(r"/machine\.slice/(?!libvirt|machine-qemu)")),
)
BY_FILE = (("docker", "/.dockerenv"), ("podman", "/run/.containerenv"))


def hint(root: Path, pid: int | None = None, environ: Mapping[str, str] | None = None) -> str | None:
    """The container engine of a process and the evidence, as `docker (/.dockerenv)`; None where nothing tells.

    `environ` is the process's own environment, where the caller knows it.
    """
    return _group(root, pid) or _environment(environ or {}) or _file(root, pid)


def by_group(root: Path, pid: int | None = None) -> str | None:
    """The container that a process's groups name, told apart from others by the group's path."""
    for path in cgroup.paths(root, pid).values():
        if any(pattern.search(path) for _, pattern in BY_GROUP):
            return path
    return None


def _group(root: Path, pid: int | None) -> str | None:
    path = by_group(root, pid)
    names = [name for name, pattern in BY_GROUP if path and pattern.search(path)]
    return f"{names[0]} (cgroup {path})" if names else None


def _environment(environ: Mapping[str, str]) -> str | None:
    return "kubernetes (KUBERNETES_SERVICE_HOST)" if "KUBERNETES_SERVICE_HOST" in environ else None


def _file(root: Path, pid: int | None) -> str | None:
    """The marks that engines leave in a container's root folder.

    They say nothing where the root is a whole disk: a virtual machine made from a container's image has them too.
    """
    base = root if pid is None else root / "proc" / str(pid) / "root"
    top = mounts.holding(mounts.read(root, pid), Path("/"))
    if top is not None and top.root == "/" and top.source.startswith("/dev/"):
        return None
    for name, path in BY_FILE:
        if _exists(files.below(base, path)):
            return f"{name} ({path})"
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # another account's /proc/PID/root
        return False
