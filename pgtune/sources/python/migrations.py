"""A project's migrations in Python: recognised, put in the order of what they follow, read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgtune.model.errors import NotSql
from pgtune.model.finding import Skipped
from pgtune.sources.comments import comments
from pgtune.sources.project import Comment, Migration
from pgtune.sources.python.alembic import direction, revision
from pgtune.sources.python.django import History, Steps, steps
from pgtune.sources.python.syntax import Source

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Read:
    """A migration, where it stands among the others, what of the file could not be told, and its comments."""

    migration: Migration
    rank: int
    skipped: tuple[Skipped, ...] = ()
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """A module that is a migration; `made` is None for one of Alembic."""

    path: str
    source: Source
    key: Key
    after: tuple[Key, ...]
    made: Steps | None = None


def may_be(text: str) -> bool:
    """Whether a module can be a migration, by its words."""
    return "down_revision" in text or "migrations.Migration" in text


def read(texts: Mapping[str, str]) -> tuple[Read, ...]:
    """The migrations among modules, by path, in the order in which they are applied."""
    files = [each for path, text in sorted(texts.items()) if (each := _file(path, text))]
    ranks = _ranks({each.key: each.after for each in files})
    history = History()
    ordered = sorted(files, key=lambda each: (ranks[each.key], each.path))
    return tuple(made for each in ordered for made in _read(each, ranks[each.key], history))


def _file(path: str, text: str) -> _File | None:
    try:
        source = Source(text)
    except NotSql:
        return None
    folders = path.split("/")
    if found := revision(source):
        series = "/".join(folders[:-1])
        return _File(path, source, (series, found.name), tuple((series, each) for each in found.after))
    if (made := steps(source)) and len(folders) > 2 and folders[-2] == "migrations":
        return _File(path, source, (folders[-3], folders[-1].removesuffix(".py")), made.after, made)
    return None


def _read(file: _File, rank: int, history: History) -> Iterator[Read]:
    if file.made is not None:
        found = history.read(file.source, file.path, file.key[0], file.made)
        said = tuple(comments(file.source.comments(), file.path, found.statements))
        yield Read(Migration(file.path, "django", found.statements, file.made.atomic), rank, found.skipped, said)
        return
    for function in ("upgrade", "downgrade"):
        if (part := direction(file.source, file.path, function)) is not None:
            down = function == "downgrade"
            said = () if down else tuple(comments(file.source.comments(), file.path, part.statements))
            yield Read(Migration(file.path, "alembic", part.statements, down=down), rank, part.skipped, said)


def _ranks(after: Mapping[Key, tuple[Key, ...]]) -> dict[Key, int]:
    """How many migrations stand before each in its longest line; those in a circle stand first."""
    ranks = dict.fromkeys(after, 0)
    waits = {key: len({each for each in parents if each in after}) for key, parents in after.items()}
    followed: dict[Key, set[Key]] = {}
    for key, parents in after.items():
        for each in parents:
            followed.setdefault(each, set()).add(key)
    ready = [key for key, number in waits.items() if not number]
    for key in ready:
        for each in sorted(followed.get(key, ())):
            ranks[each] = max(ranks[each], ranks[key] + 1)
            waits[each] -= 1
            if not waits[each]:
                ready.append(each)
    return ranks
