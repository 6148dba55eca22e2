"""The files of a project to its SQL."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pgtune.model.finding import Skipped
from pgtune.sources import codefile, sqlfile
from pgtune.sources.conventions import File
from pgtune.sources.decoding import decoded
from pgtune.sources.kinds import CODE, SQL, ending, is_beside, is_test
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


def read(files: Mapping[str, bytes], *, tests: bool = False) -> Project:
    """All SQL of the files, by path with `/` between folders; migrations in the order in which they are applied.

    `tests`: the code of tests is read too; what it asks never meets production's data. Files that hold no SQL by their
    name are passed over. Nothing is raised, whatever the files hold.
    """
    found = _Found()
    beside = dict(_texts(files, (path for path in files if is_beside(path))))
    for path in sorted(files):
        if ending(path) in SQL:
            found.add(_sql_file(path, files[path], beside))
        elif ending(path) in CODE and (tests or not is_test(path)):
            found.add(codefile.read(path, files[path]))
    return found.project()


def _texts(files: Mapping[str, bytes], paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        if text := decoded(files[path]):
            yield path, text.text


def _sql_file(path: str, content: bytes, beside: Mapping[str, str]) -> Read:
    text = decoded(content)
    if text is None:
        return Read(skipped=(Skipped(path, 0, "no text, though its name says SQL"),))
    found = sqlfile.read(File(path, text.text, beside))
    doubts = (Skipped(path, 0, text.doubt),) if text.doubt else ()
    return Read(found.migrations, found.queries, found.comments, (*doubts, *found.skipped))
