"""Which migration tool a file belongs to, by its path and its comments: its order, its direction, its transactions."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pgtune.sources.part import Order, Part, Shape
from pgtune.sources.sections import sections

_NUMBERED = re.compile(r"(?P<number>\d{1,40}(?:[.-]\d{1,40})*)(?:[_.\s-].*)?")
_WAY = re.compile(r"(?P<name>.+)\.(?P<way>up|down|do|undo|deploy|revert|rollback)\.(?:p?sql|pgsql)", re.IGNORECASE)
_FLYWAY = re.compile(r"(?P<kind>[VUBR])(?P<version>[\d._]{0,99})__.*\.(?:p?sql|pgsql)")
_FOLDER = re.compile(r"migrat|changelog|changeset|versions?$|ddl|schema|upgrade|patch|evolution|delta", re.IGNORECASE)
_TXMODE = re.compile(r"^--[ \t]*atlas:txmode[ \t]+none\b", re.MULTILINE)
_BACK = frozenset({"down", "undo", "revert", "rollback"})
_BACKWARDS = re.compile(r"(?:^|[._-])(?:down|undo|revert|rollback)$", re.IGNORECASE)


class File(NamedTuple):
    """A file to recognise: its path, its text, and every other text that may speak of it, by path."""

    path: str
    text: str
    beside: Mapping[str, str]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """All before it; empty at the top."""
        return self.path.rpartition("/")[0]

    def above(self, name: str) -> str | None:
        """The text of the nearest file of this name in the folder or one above."""
        folder = self.folder
        while True:
            found = self.beside.get(f"{folder}/{name}" if folder else name)
            if found is not None or not folder:
                return found
            folder = folder.rpartition("/")[0]


def recognised(file: File) -> tuple[Part, ...]:
    """The parts of a migration that the file is; none if nothing says that it is one."""
    for convention in _CONVENTIONS:
        if found := convention(file):
            return found
    return ()


def order_of(name: str) -> Order:
    """The number that a name begins with, part by part, then the name: 2 is before 10, 1.9 before 1.10."""
    found = _NUMBERED.fullmatch(name)
    numbers = re.split(r"[.-]", found["number"]) if found else []
    return tuple(int(each) for each in numbers if each), name


def _annotated(file: File) -> tuple[Part, ...]:
    """Comments say which part is which, whatever the file is called."""
    return sections(file.text, file.folder, order_of(file.name))


def _flyway(file: File) -> tuple[Part, ...]:
    found = _FLYWAY.fullmatch(file.name)
    if not found or (found["kind"] == "R") == bool(found["version"].strip("._")):
        return ()
    numbers = tuple(int(each) for each in re.split(r"[._]", found["version"]) if each)
    order: Order = ((1,), file.name) if found["kind"] == "R" else ((0, *numbers), file.name)
    config = file.beside.get(f"{file.path}.conf", "")
    outside = re.search(r"^\s*executeInTransaction\s*=\s*false\b", config, re.MULTILINE | re.IGNORECASE)
    return (Part("flyway", file.text, file.folder, order, "none" if outside else "fit", found["kind"] == "U"),)


def _folders(file: File) -> tuple[Part, ...]:
    """A folder a migration: diesel's and Hasura's up.sql and down.sql, Prisma's migration.sql."""
    name = file.name.lower()
    series, _, own = file.folder.rpartition("/")
    if name not in {"up.sql", "down.sql", "migration.sql"} or not _NUMBERED.fullmatch(own):
        return ()
    if name == "migration.sql":
        return (Part("prisma", file.text, series, order_of(own), "many"),)
    metadata = file.beside.get(f"{file.folder}/metadata.toml", "")
    outside = re.search(r"^\s*run_in_transaction\s*=\s*false\b", metadata, re.MULTILINE)
    return (Part("diesel", file.text, series, order_of(own), "none" if outside else "one", name == "down.sql"),)


def _ways(file: File) -> tuple[Part, ...]:
    """`1_x.up.sql` and `1_x.down.sql`: sqlx in a Rust project, else golang-migrate, which sends the file as it is."""
    found = _WAY.fullmatch(file.name)
    if not found:
        return ()
    down = found["way"].lower() in _BACK
    return (_by_language(file, "golang-migrate", order_of(found["name"]))._replace(down=down),)


def _by_language(file: File, tool: str, order: Order) -> Part:
    if file.above("Cargo.toml") is None and not file.text.startswith("-- no-transaction"):
        return Part(tool, file.text, file.folder, order, "many" if tool == "golang-migrate" else "fit")
    shape: Shape = "none" if file.text.startswith("-- no-transaction") else "one"
    return Part("sqlx", file.text, file.folder, order, shape)


def _sqitch(file: File) -> tuple[Part, ...]:
    """deploy/x.sql and revert/x.sql, in the order of sqitch.plan; each says BEGIN and COMMIT itself."""
    series, _, own = file.folder.rpartition("/")
    plan = file.above("sqitch.plan")
    if plan is None or own not in {"deploy", "revert"}:
        return ()
    names = [line.split()[0] for line in plan.splitlines() if line[:1].isalnum() and line.split()]
    name = file.name.removesuffix(".sql")
    order = ((names.index(name) if name in names else len(names),), name)
    return (Part("sqitch", file.text, series, order, "none", down=own == "revert"),)


def _structure(file: File) -> tuple[Part, ...]:
    """What Rails dumps: the whole schema, before any migration."""
    name = file.name.lower()
    return (Part("structure", file.text, file.folder, shape="none"),) if name.endswith("structure.sql") else ()


def _numbered(file: File) -> tuple[Part, ...]:
    """A number before the name, in a folder for such files."""
    if not _NUMBERED.fullmatch(file.name) or not _FOLDER.search(file.folder):
        return ()
    found = _by_language(file, "numbered", order_of(file.name))
    if _TXMODE.search(file.text):
        found = found._replace(tool="atlas", shape="none")
    return (found._replace(down=bool(_BACKWARDS.search(file.name.rpartition(".")[0]))),)


_CONVENTIONS: tuple[Callable[[File], tuple[Part, ...]], ...] = (
    _annotated, _flyway, _folders, _ways, _sqitch, _structure, _numbered,
)  # fmt: skip
