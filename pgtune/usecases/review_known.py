"""The queries that a change is held against: those that production is known to be asked, else those of the code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgtune import sources
from pgtune.sources.project import Sql
from pgtune.usecases.advise import read_workload
from pgtune.usecases.review_ground import Ground
from pgtune.usecases.review_matter import Matter, Request
from pgtune.workload.entry import Entry
from pgtune.workload.gather import Gathering
from pgtune.workload.statement import Statement

PLANNED = 500  # queries that are planned before and after, the heaviest first
READ = 5_000  # queries of the code that are read, by file and line
BYTES = 32 * 1024 * 1024  # of files of code that are read, the first by name


@dataclass(frozen=True, slots=True)
class Known:
    """The queries, at most PLANNED; `of_code`: production's are not known, so the project's own stand for them."""

    statements: tuple[Statement, ...]
    of_code: bool = False


def known(request: Request, matter: Matter, ground: Ground) -> Known:
    """Those of --workload or of the snapshot; where there are none, those of all files, with a note that says so.

    Raises:
        BadInput: a file of --workload cannot be read.
    """
    recorded = read_workload(ground.snapshot, request.workload).statements if ground.sized else ()
    if recorded or (ground.sized and request.workload):
        return Known(recorded[:PLANNED])
    gathering = Gathering(ground.after)
    for number, sql in enumerate(_of_code(matter)):
        if number >= READ:
            break
        gathering.add([Entry(sql.text, f"{sql.path}:{sql.line}", native=sql.native)])
    found = sorted(gathering.workload().statements, key=lambda each: each.origin)
    if found:
        ground.notes.append(f"what production is asked is not known: {_many(len(found))} for it")
    return Known(tuple(found[:PLANNED]), of_code=True)


def _many(count: int) -> str:
    if count == 1:
        return "1 query of the project's own files stands"
    part = f"{PLANNED} of the " if count > PLANNED else ""
    return f"{part}{count} queries of the project's own files stand"


def _of_code(matter: Matter) -> Iterator[Sql]:
    """The queries of all files as the change leaves them; without a change those of the files that are reviewed."""
    change = matter.change
    queries = matter.project.queries if change is None else sources.read(_first(change.files, matter)).queries
    return (each for each in queries if not each.dynamic)


def _first(files: Mapping[str, bytes], matter: Matter) -> dict[str, bytes]:
    found, size = {}, 0
    for path in sorted(files):
        size += len(files[path])
        if size > BYTES:
            break
        if not matter.policy.ignores(path):
            found[path] = files[path]
    return found
