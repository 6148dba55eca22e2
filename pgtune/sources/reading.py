"""The files of a project to its SQL."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from pgtune.model.each import Each
from pgtune.model.finding import Skipped
from pgtune.sources import sqlfile
from pgtune.sources.conventions import File
from pgtune.sources.decoding import decoded
from pgtune.sources.kinds import CODE, PYTHON, SQL, ending, is_beside, is_test
from pgtune.sources.part import Order
from pgtune.sources.project import Comment, Migration, Project, Sql
from pgtune.sources.sqlfile import Read


@dataclass(slots=True)
class _Found:
    """What has been read so far."""

    migrations: list[tuple[tuple[bool, str, Order], Migration]] = field(default_factory=list)
    queries: list[Sql] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, read_: Read) -> None:
        self.migrations += read_.migrations
        self.queries += read_.queries
        self.comments += read_.comments
        self.skipped += read_.skipped

    def project(self) -> Project:
        ordered = sorted(self.migrations, key=lambda each: (each[0], each[1].path))
        return Project(
            tuple(each for _, each in ordered), tuple(self.queries), tuple(self.comments), tuple(self.skipped)
        )


def read(
    files: Mapping[str, bytes], *, known: Mapping[str, bytes] | None = None, tests: bool = False, each: Each = map
) -> Project:
    """All SQL of files by their paths, with `/` between folders; migrations in the order in which they are applied.

    `known` are files that are not asked about, but on which these may rest: the configuration of a tool, the migrations
    before. `tests`: the code of tests is read too; what it asks never meets production's data. Files that hold no SQL
    by their name are passed over. `each` asks for one file at a time. Nothing is raised, whatever the files hold.
    """
    found = _Found()
    every = {**(known or {}), **files}
    beside = dict(_texts(every, (path for path in every if is_beside(path))))
    made = _python_migrations(every, set(files), found, tests=tests)
    for one in each(partial(_file, files, beside, tests=tests), sorted(set(files) - made)):
        found.add(one)
    return found.project()


def _python_migrations(files: Mapping[str, bytes], asked: set[str], found: _Found, *, tests: bool) -> set[str]:
    """Take in those of the migrations written in Python that are asked about; the paths of all."""
    paths = [path for path in sorted(files) if ending(path) in PYTHON and (tests or not is_test(path))]
    if not paths:
        return set()
    from pgtune.sources.codefile import LARGEST  # noqa: PLC0415  (as above)
    from pgtune.sources.python import migrations  # noqa: PLC0415

    texts = {path: text for path, text in _texts(files, paths) if migrations.may_be(text) and len(text) <= LARGEST}
    made = migrations.read(texts)
    for each in (one for one in made if one.migration.path in asked):
        folder = "" if each.migration.tool == "django" else each.migration.path.rpartition("/")[0]
        found.migrations.append(((True, folder, ((each.rank,), each.migration.path)), each.migration))
        found.skipped.extend(each.skipped)
        found.comments.extend(each.comments)
    return {each.migration.path for each in made}


def _texts(files: Mapping[str, bytes], paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        if text := decoded(files[path]):
            yield path, text.text


def _file(files: Mapping[str, bytes], beside: Mapping[str, str], path: str, *, tests: bool) -> Read:
    if ending(path) in SQL:
        return _sql_file(path, files[path], beside)
    if ending(path) not in CODE or (is_test(path) and not tests):
        return Read()
    from pgtune.sources import codefile  # noqa: PLC0415  (what reads code takes as long to load as a lint)

    return codefile.read(path, files[path])


def _sql_file(path: str, content: bytes, beside: Mapping[str, str]) -> Read:
    text = decoded(content)
    if text is None:
        return Read(skipped=(Skipped(path, 0, "no text, though its name says SQL"),))
    found = sqlfile.read(File(path, text.text, beside))
    doubts = (Skipped(path, 0, text.doubt),) if text.doubt else ()
    return Read(found.migrations, found.queries, found.comments, (*doubts, *found.skipped))
