"""Start a program under the conditions that another process lives in; run as a file of its own, by any Python.

A server that is restarted from a terminal would end up in that terminal's control group, with its limits on locked
memory and open files and its place in the queue of the out-of-memory killer. This program takes over the old
postmaster's conditions, drops to its account and becomes pg_ctl. What the system does not allow is left as it is.
"""

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

LIMITS = {  # the lines of /proc/PID/limits that matter to a server
    "Max stack size": resource.RLIMIT_STACK,
    "Max core file size": resource.RLIMIT_CORE,
    "Max processes": resource.RLIMIT_NPROC,
    "Max open files": resource.RLIMIT_NOFILE,
    "Max locked memory": resource.RLIMIT_MEMLOCK,
    "Max address space": resource.RLIMIT_AS,
}


def conditions(pid: int) -> dict[str, Any]:
    """What `main` takes over from a process: control groups, limits, the killer's score."""
    return {"groups": _other_groups(pid), "limits": _limits(pid), "score": _text(Path(f"/proc/{pid}/oom_score_adj"))}


def _limits(pid: int) -> list[tuple[int, int, int]]:
    found = []
    for line in _text(Path(f"/proc/{pid}/limits")).splitlines():
        name = line[:26].strip()  # the kernel prints the name 25 wide
        if name in LIMITS:
            soft, hard = (
                resource.RLIM_INFINITY if word == "unlimited" else int(word) for word in line[26:].split()[:2]
            )
            found.append((LIMITS[name], soft, hard))
    return found


def _other_groups(pid: int) -> list[str]:
    """The folders of the control groups that the process is in and we are not, whatever the version."""
    ours = set(_text(Path("/proc/self/cgroup")).splitlines())
    mounts = [line.split() for line in _text(Path("/proc/self/mounts")).splitlines()]
    folders = []
    for line in _text(Path(f"/proc/{pid}/cgroup")).splitlines():
        if line in ours:
            continue
        _, names, path = line.split(":", 2)
        for _, mount, kind, options, *_ in mounts:
            unified = not names and kind == "cgroup2"
            if unified or (names and kind == "cgroup" and set(names.split(",")) <= set(options.split(","))):
                folders.append(mount + path)
                break
    return folders


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""


def main(task: dict[str, Any]) -> None:
    """Take the conditions over, change the account and become the program.

    Args:
        task: what `conditions` gave, `command`, and where the account changes `uid`, `gid` and `others` (its groups).
    """
    for folder in task["groups"]:
        with contextlib.suppress(OSError):
            (Path(folder) / "cgroup.procs").write_text(str(os.getpid()))
    for number, soft, hard in task["limits"]:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(number, (soft, hard))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(task["score"])
    if "uid" in task:
        os.setgroups(task["others"])
        os.setgid(task["gid"])
        os.setuid(task["uid"])
    os.execv(task["command"][0], task["command"])  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
