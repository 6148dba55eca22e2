"""Small files of /proc and /sys below a root that tests, and files fetched from another machine, can stand for."""

from pathlib import Path

LONGEST_LINK_CHAIN = 40  # as the kernel's own (path_resolution(7))


def text(path: Path) -> str | None:
    """The file's text without blanks around it; None where it is missing or may not be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def integer(path: Path) -> int | None:
    """The file's first word as a number; None where it is missing, unreadable or no number."""
    return as_integer(text(path))


def as_integer(written: str | None) -> int | None:
    """The first word as a number, or None."""
    try:
        return int((written or "").split()[0])
    except (IndexError, ValueError):
        return None


def fields(path: Path) -> dict[str, str]:
    """The `Name: value` lines of a file, as of /proc/meminfo and /proc/PID/status; empty where it is missing."""
    lines = (line.partition(":") for line in (text(path) or "").splitlines())
    return {name.strip(): value.strip() for name, mark, value in lines if mark}


def kilobytes(written: str | None) -> int | None:
    """Bytes from `123 kB`, as /proc writes sizes; None where there is no number."""
    number = as_integer(written)
    return None if number is None else number * 1024


def shown(root: Path, path: Path) -> str:
    """The path as it is called on the machine itself, without the root that stands for it."""
    return "/" + str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def below(root: Path, path: Path | str) -> Path:
    """An absolute path of the machine as a path below the root that stands for it."""
    return root / str(path).lstrip("/")


def resolve(root: Path, path: Path | str) -> Path:
    """An absolute path with its symbolic links followed as if `root` were `/`, as a process with that root would.

    `Path.resolve` would leave the root: /proc/PID/root is itself a link that reads `/`. What is missing or may not be
    entered is left as it is written.
    """
    waiting = [part for part in Path(path).parts if part != "/"][::-1]
    done: list[str] = []
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            del done[-1:]
            continue
        target = _link(root.joinpath(*done, part)) if links < LONGEST_LINK_CHAIN else None
        if target is None:
            done.append(part)
            continue
        links += 1
        if target.is_absolute():
            done = []
        waiting += [step for step in target.parts if step != "/"][::-1]
    return Path("/", *done)


def _link(path: Path) -> Path | None:
    try:
        return path.readlink()
    except OSError:  # no link, missing, or not to be entered
        return None
