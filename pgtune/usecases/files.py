"""Files of a folder that nobody vouches for, as bytes: only regular ones, of a reasonable size, inside the folder."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pgtune.model.finding import Skipped

# A dump of 5 MB takes seconds; what is much larger is data.
LARGEST = 16 * 1024 * 1024
_PASSED_OVER = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox"})


@dataclass(frozen=True, slots=True)
class Files:
    """What was read, by path from the root with `/`, and what was not."""

    contents: Mapping[str, bytes] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()


def read(root: Path, paths: Iterable[str]) -> Files:
    """The files at these paths from the root; those that are no more are passed over."""
    contents: dict[str, bytes] = {}
    skipped: list[Skipped] = []
    for path in paths:
        found = _one(root, path)
        if isinstance(found, Skipped):
            skipped.append(found)
        elif found is not None:
            contents[path] = found
    return Files(contents, tuple(skipped))


def below(root: Path, starts: Iterable[Path], wanted: Callable[[str], bool]) -> tuple[str, ...]:
    """The paths from the root of all wanted files at and below these; folders that are links are not entered."""
    found = {each for start in starts for each in _below(root, start)}
    return tuple(sorted(each for each in found if wanted(each)))


def _below(root: Path, start: Path) -> Iterator[str]:
    if not start.is_dir():
        yield start.relative_to(root).as_posix()
    for folder, folders, names in os.walk(start):
        folders[:] = sorted(set(folders) - _PASSED_OVER)
        for name in names:
            yield (Path(folder) / name).relative_to(root).as_posix()


def _one(root: Path, path: str) -> bytes | Skipped | None:
    """A file's content; None if there is nothing to say of it: it is no file, or a link to one that is seen itself."""
    place = root / path
    try:
        if not place.resolve().is_relative_to(root.resolve()):
            return Skipped(path, 0, "a link that leads out of the project is not followed")
        return _regular(place, path)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name that is none, no permission
        return Skipped(path, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}")


def _regular(place: Path, path: str) -> bytes | Skipped | None:
    if place.is_symlink():
        return None
    handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            return None
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        size = f"{max(state.st_size, len(content)) / 1024 / 1024:.0f} MB"
        return Skipped(path, 0, f"{size} are more than the {LARGEST // 1024 // 1024} MB that are reviewed of a file")
    return content
