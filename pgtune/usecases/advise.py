"""`pgtune advise`: a database's snapshot and its workload, planned on a twin, become one answer."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pgtune import guide, resources
from pgtune.indexes.advice import IndexAdvice, Limits, Progress
from pgtune.indexes.advise import advise as advise_indexes
from pgtune.model.design import Design, Index
from pgtune.model.errors import BadInput, NotSql
from pgtune.partitions.advice import Limits as PartitionLimits
from pgtune.partitions.advice import PartitionAdvice
from pgtune.partitions.propose import Proposer
from pgtune.report.advice.answer import Answer, LeftOut
from pgtune.server.capture import capture
from pgtune.snapshot import Snapshot
from pgtune.sqltext.analysis import shape
from pgtune.twin import Twin, raised, two_at_once
from pgtune.usecases.snapshot import read
from pgtune.workload import Entry, Gathering, Workload, files, logs, statistics
from pgtune.workload.catalog import Tables

Say = Callable[[str], None]
Tell = Callable[[Progress], None]

SECONDS = 60.0  # the default of --time-limit: an answer while somebody waits at a terminal


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked. `snapshot` is a file; `workload` are files of SQL or logs, empty for what was recorded.

    `budget` and `partition_from` in bytes; `seconds` for the search.
    """

    conninfo: str = ""
    snapshot: Path | None = None
    workload: tuple[Path, ...] = ()
    budget: int | None = None
    max_indexes: int | None = None
    seconds: float = SECONDS
    partition_from: int | None = None


@dataclass(frozen=True, slots=True)
class Advised:
    """The answer and what it was made from. `max_indexes` it has to keep to, as to the answer's budget."""

    answer: Answer
    snapshot: Snapshot
    workload: Workload
    design: Design = field(default_factory=Design)
    max_indexes: int | None = None


def advise(request: Request, say: Say, tell: Tell) -> Advised:
    """Say which indexes and partitions to create, and which indexes to drop.

    Raises:
        BadInput: a file cannot be used.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
        ServerNotFound, ServerDidNotStart: there is no twin.
    """
    tell(Progress("reading the database"))
    snapshot = read_snapshot(request.conninfo, request.snapshot, workload=not request.workload)
    workload = read_workload(snapshot, request.workload)
    tell(Progress("raising its twin"))
    with raised(snapshot) as twin:
        for note in _of_twin(twin):
            say(note)
        found = _indexes(_limits(request), twin, workload, tell)
        design = Design(frozenset(each.index for each in found.recommendations))
        tell(Progress("looking at partitions"))
        parts = _partitions(request, twin, workload, design)
        notes = (*_of_snapshot(snapshot), *_of_workload(workload, request), *_of_twin(twin))
    answer = Answer(
        _target(snapshot, request), snapshot.version_text.split(" ", 1)[0], _source(snapshot, request), found, parts,
        request.budget, tuple(LeftOut(each.text, each.origin, each.why) for each in workload.left_out), notes,
    )  # fmt: skip
    return Advised(answer, snapshot, workload, design, request.max_indexes)


def read_snapshot(conninfo: str, path: Path | None, *, workload: bool = True) -> Snapshot:
    """The snapshot of a file, or one that is taken now, with or without the workload that the server recorded.

    Raises:
        BadInput: the file cannot be read or is no snapshot.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
    """
    return capture(conninfo, workload=workload) if path is None else read(path)


def read_workload(snapshot: Snapshot, paths: Iterable[Path]) -> Workload:
    """The workload of the files, or of what the server recorded where there are none.

    Raises:
        BadInput: a file cannot be read, or is neither SQL nor a log.
    """
    gathering = Gathering(snapshot)
    named = tuple(paths)
    for path in named:
        gathering.add(_entries(path))
    return gathering.workload() if named else gathering.add(statistics.entries(snapshot)).workload()


def _entries(path: Path) -> Iterator[Entry]:
    """A file of SQL if it is called so, else a server's log."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    try:
        if path.suffix.lower() == ".sql":
            yield from files.entries(text, path.name)
        else:
            yield from logs.entries(text.splitlines(), path.name)
    except NotSql as error:
        raise BadInput(f"{path}: {error}") from error


def without(advised: Advised, twin: Twin, barred: frozenset[Index]) -> Sequence[Index]:
    """The indexes that would be advised if these, and what begins as they do, could not be had, in their order."""
    limits = _limits(Request(budget=advised.answer.budget_bytes, max_indexes=advised.max_indexes))
    found = _indexes(replace(limits, barred=barred), twin, advised.workload, lambda _progress: None)
    return [each.index for each in found.recommendations]


def narrowed(advised: Advised, twin: Twin, only: frozenset[Index], sizes: Mapping[Index, int]) -> Advised:
    """The same advice with no other new indexes than these; its distance to what all candidates would bring stays.

    `sizes` in bytes are those that were measured.
    """
    limits = replace(_limits(Request(budget=advised.answer.budget_bytes)), only=only)
    found = _indexes(limits, twin, advised.workload, lambda _progress: None, sizes)
    found = replace(found, bound=advised.answer.indexes.bound, candidates=advised.answer.indexes.candidates)
    design = Design(frozenset(each.index for each in found.recommendations))
    return replace(advised, answer=replace(advised.answer, indexes=found), design=design)


def _limits(request: Request) -> Limits:
    """What the search keeps to, its time from now on."""
    until = time.monotonic() + request.seconds
    return Limits(request.budget, request.max_indexes, over=lambda: time.monotonic() > until)


def _indexes(
    limits: Limits, twin: Twin, workload: Workload, tell: Tell, sizes: Mapping[Index, int] | None = None
) -> IndexAdvice:
    known = sizes or {}

    def size_of(index: Index) -> int:
        return known[index] if index in known else twin.size_of(index)

    with two_at_once(twin) as side:
        return advise_indexes(
            twin.snapshot, workload, side.plan, size_of, limits, tell,
            prepare=side.prepare, planner_major=twin.major, each=side.each,
        )  # fmt: skip


def _partitions(request: Request, twin: Twin, workload: Workload, design: Design) -> PartitionAdvice:
    until = time.monotonic() + request.seconds
    least = {} if request.partition_from is None else {
        "least_bytes": request.partition_from, "least_part": request.partition_from // 40
    }  # fmt: skip
    limits = PartitionLimits(over=lambda: time.monotonic() > until, **least)
    tables = Tables.of(twin.snapshot)
    figures = guide.load(resources.text("guide", "guide.toml"))
    proposer = Proposer(
        twin.snapshot, twin.plan, lambda each: shape(each.text, tables.under(each.search_path)), figures, limits, design
    )
    return proposer.advise(workload.statements)


def _target(snapshot: Snapshot, request: Request) -> str:
    taken = f", as of {snapshot.taken[:16].replace('T', ' ')} UTC" if request.snapshot else ""
    return f"{snapshot.database}{taken}"


def _source(snapshot: Snapshot, request: Request) -> str:
    if request.workload:
        return ", ".join(path.name for path in request.workload)
    since = f" since {snapshot.statements_reset[:16].replace('T', ' ')}" if snapshot.statements_reset else ""
    return f"pg_stat_statements{since}"


def _of_snapshot(snapshot: Snapshot) -> Iterator[str]:
    """What could not be read, with the grant that would bring it."""
    for each in snapshot.missing:
        yield f"{each.what}: {each.why}" + (f"; {each.grant} would bring it" if each.grant else "")
    if snapshot.masked:
        yield "the snapshot is masked: its values are made up, their order and frequency are not"


def _of_workload(workload: Workload, request: Request) -> Iterator[str]:
    if workload.statements:
        return
    if request.workload:
        yield "the files hold no statement of this database: only what needs no workload could be looked at"
    else:
        yield (
            "no statement was recorded: pgtune tune --statistics turns pg_stat_statements on, --workload FILE reads "
            "SQL or a log; without either only what needs no workload could be looked at"
        )


def _of_twin(twin: Twin) -> Iterator[str]:
    """What differs from production."""
    if twin.planner_differs:
        yield twin.planner_differs
    yield from (f"the twin does without {each.kind} {each.name}: {each.why}" for each in twin.left_out)
    yield from twin.doubts
