"""The files of a project to its SQL."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pgtune.model.finding import Skipped
from pgtune.sources.conventions import File, recognised
from pgtune.sources.decoding import decoded
from pgtune.sources.kinds import SQL, ending, is_beside
from pgtune.sources.part import Order, Part, in_transaction
from pgtune.sources.project import Comment, Migration, Project, Sql
from pgtune.sources.statements import statements

_DDL = re.compile(r"(?:create|alter|drop|comment|grant|revoke|truncate|reindex|refresh|cluster|do)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Found:
    """What has been read so far."""

    migrations: list[tuple[tuple[bool, str, Order], Migration]] = field(default_factory=list)
    queries: list[Sql] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def project(self) -> Project:
        ordered = sorted(self.migrations, key=lambda each: (each[0], each[1].path))
        return Project(
            tuple(each for _, each in ordered), tuple(self.queries), tuple(self.comments), tuple(self.skipped)
        )


def read(files: Mapping[str, bytes]) -> Project:
    """All SQL of the files, by path with `/` between folders; migrations in the order in which they are applied.

    Files that hold no SQL by their name are passed over. Nothing is raised, whatever the files hold.
    """
    found = _Found()
    beside = dict(_beside(files))
    for path in sorted(files):
        if ending(path) in SQL:
            _sql_file(path, files[path], beside, found)
    return found.project()


def _beside(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """The texts that speak of other files."""
    for path, content in files.items():
        if is_beside(path) and (text := decoded(content)):
            yield path, text.text


def _sql_file(path: str, content: bytes, beside: Mapping[str, str], found: _Found) -> None:
    text = decoded(content)
    if text is None:
        found.skipped.append(Skipped(path, 0, "no text, though its name says SQL"))
        return
    if text.doubt:
        found.skipped.append(Skipped(path, 0, text.doubt))
    parts = recognised(File(path, text.text, beside))
    for part in parts:
        _migration(path, part, found)
    if not parts:
        _plain(path, text.text, found)


def _migration(path: str, part: Part, found: _Found) -> None:
    read_ = statements(part.text, path, "migration", native=True)
    found.skipped.extend(read_.skipped)
    whole = in_transaction(part.shape, (each.text for each in read_.statements))
    key = (part.tool != "structure", part.series, part.order)
    found.migrations.append((key, Migration(path, part.tool, read_.statements, whole, part.down)))


def _plain(path: str, text: str, found: _Found) -> None:
    """A file of no tool: DDL in it makes a script to apply of it, else it asks."""
    read_ = statements(text, path)
    if any(_DDL.match(each.text) for each in read_.statements):
        _migration(path, Part("plain", text, path.rpartition("/")[0], ((), path), "none"), found)
        return
    found.queries.extend(read_.statements)
    found.skipped.extend(read_.skipped)
