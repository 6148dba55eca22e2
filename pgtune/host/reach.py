"""How a server that runs here is reached from here: its folders, its programs, its container, its service."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from pgtune.host import cgroup, container, files
from pgtune.host.process import Process, family


def data_directories(named: str | None, postmaster: Process) -> Iterator[Path]:
    """Where the data directory may be opened from here, the surest first.

    The postmaster works in it (/proc/PID/cwd, for its owner and root only), the server names it to those who may ask
    (`named`), and the command line often does.
    """
    command = postmaster.command
    spelt = [after for word, after in pairwise(command) if word == "-D"]
    for path in (postmaster.link("cwd"), named, *spelt):
        if path and path.startswith("/") and path != "/":
            yield _reachable(postmaster, path)


def _reachable(process: Process, path: str) -> Path:
    """A path that the process uses, as it can be opened from here."""
    apart = len(process.inner_pids) > 1 or _other_root(process)
    return files.below(process.folder / "root" if apart else process.root, path)


def _other_root(process: Process) -> bool:
    """True if the process is known to have another root folder than we have."""
    try:
        theirs, ours = (process.folder / "root").stat(), process.root.stat()
    except OSError:  # another account's process
        return False
    return (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino)


def in_other_container(postmaster: Process) -> bool:
    """True if the server lives in a container and we do not, or in another one."""
    if len(postmaster.inner_pids) > 1 or _other_root(postmaster):
        return True
    theirs = container.by_group(postmaster.root, postmaster.pid)
    return theirs is not None and theirs != container.by_group(postmaster.root)


def binaries(postmaster: Process) -> Path | None:
    """The folder of the server's programs: of the running file, or as the command line spells it."""
    program = postmaster.link("exe") or postmaster.command[0]
    if not program.startswith("/"):
        return None
    folder = _reachable(postmaster, program).parent
    return folder if is_folder(folder) else None


def is_folder(path: Path) -> bool:
    """True if it is one and this account may know."""
    try:
        return path.is_dir()
    except OSError:
        return False


def unit(postmaster: Process, processes: tuple[Process, ...]) -> str | None:
    """The system's service whose processes are this server's and nobody else's: restarting it restarts just that."""
    own = cgroup.paths(postmaster.root, postmaster.pid)
    path = own.get("name=systemd") or own.get(cgroup.V2, "")
    service = path.rpartition("/")[2]
    if not service.endswith(".service") or "/user@" in path:
        return None
    members = {each.pid for each in processes if path in cgroup.paths(each.root, each.pid).values()}
    return service if members <= {each.pid for each in family(postmaster.pid, processes)} else None
