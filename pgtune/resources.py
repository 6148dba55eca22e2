"""The texts that travel with the package: SQL, schedules, the house guide, the version tables.

`sql/` and `schedules/` stand at the top of the project. In an installed wheel they lie inside the package; from a
checkout or an editable install, beside it.
"""

from functools import cache
from pathlib import Path
from typing import LiteralString

PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


@cache
def sql(name: str, major: int = 99) -> LiteralString:
    """The statement `<topic>/<name>`, in the newest variant `<name>@NN.sql` that a server of this major can run.

    The text is vouched for as LiteralString: it comes from a file of the package, never from input.
    """
    topic, _, stem = name.partition("/")
    variants = {}
    for path in (_folder("sql") / topic).glob("*.sql"):
        base, _, version = path.stem.partition("@")
        if base == stem:
            variants[int(version or 0)] = path
    usable = [version for version in variants if version <= major]
    if not usable:
        raise LookupError(f"no SQL {name} for PostgreSQL {major}")
    return variants[max(usable)].read_text(encoding="utf-8")


@cache
def topic(name: str) -> tuple[str, ...]:
    """Every statement of a topic, in all variants."""
    return tuple(path.read_text(encoding="utf-8") for path in sorted((_folder("sql") / name).glob("*.sql")))


def schedule(name: str) -> str:
    """The text of a schedule file, as `default.toml`."""
    return (_folder("schedules") / name).read_text(encoding="utf-8")


def text(room: str, name: str) -> str:
    """The text of a data file inside a room of the package, as ("guide", "guide.toml")."""
    return (PACKAGE / room / name).read_text(encoding="utf-8")
