"""On what a review stands: a snapshot of the database, or a schema alone, and the twin that is raised from it once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from pgtune import sources
from pgtune.cluster import find
from pgtune.cluster.binaries import EMBEDDED_MAJOR
from pgtune.indexes.advise import World
from pgtune.model.errors import BadInput, NotAllowed, NotPlannable, ServerDidNotStart, ServerNotFound
from pgtune.model.trace import Script, Trace
from pgtune.plans.spot import Facts
from pgtune.server.capture import capture
from pgtune.snapshot import Snapshot, load
from pgtune.snapshot.blank import blank
from pgtune.sources.project import Migration
from pgtune.twin import Twin, raised
from pgtune.usecases.review_matter import Matter, Request
from pgtune.usecases.snapshot import read
from pgtune.workload.catalog import search_path_of

Tell = Callable[[str], None]

OLDEST = 14  # the oldest version on which pgtune is tested
NO_SIZES = "sizes and statistics are not known, so what depends on them is unverified: --snapshot FILE has them"


@dataclass
class Ground:
    """The database as far as it is known, and its twin, None where no server of our own can be run.

    `sized`: sizes and statistics are production's. `origin` says in words where all of it comes from.
    """

    snapshot: Snapshot
    sized: bool
    origin: str
    twin: Twin | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def facts(self) -> Facts:
        """Production's tables; none where their sizes are not known, for a size of 0 would be a lie."""
        return Facts(
            {table.name: table for table in self.snapshot.tables} if self.sized else {}, self.snapshot.settings
        )

    @property
    def after(self) -> Snapshot:
        """The snapshot with the tables as the twin has them now, after what was migrated on it."""
        return replace(self.snapshot, tables=tuple(self.twin.tables.values())) if self.twin else self.snapshot

    @property
    def world(self) -> World | None:
        """The planner."""
        twin = self.twin
        if twin is None:
            return None
        return World(twin.plan, twin.size_of, lambda indexes: twin.prepare(*indexes), twin.major)

    def migrate(self, migration: Migration) -> Trace | None:
        """Apply a migration to the twin; None if there is no twin or the migration made it fall."""
        if self.twin is None:
            return None
        texts = tuple(each.text for each in migration.statements)
        try:
            return self.twin.migrate(Script(texts, migration.transaction, search_path_of(self.snapshot)))
        except NotPlannable as error:
            self.notes.append(f"{migration.path} could not be traced: {error}")
            return None


def stand(stack: ExitStack, request: Request, matter: Matter, tell: Tell) -> Ground:
    """The ground, its twin raised and the history of its schema applied.

    Raises:
        BadInput: the snapshot or the schema cannot be read.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers that a snapshot is taken of.
    """
    ground = _known(request, matter, tell)
    _raise(stack, ground, tell)
    history = matter.history if request.schema is None else _schema(request.schema, matter)
    if not ground.sized and request.workload:
        ground.notes.append("the known queries of --workload are compared only where sizes are known")
    if not ground.sized and ground.twin is not None:
        _apply(ground, history, tell)
    return ground


def _known(request: Request, matter: Matter, tell: Tell) -> Ground:
    if request.snapshot is not None:
        data = _of_base(request.snapshot, matter)
        return _of(read(request.snapshot) if data is None else load(data))
    if request.conninfo is not None:
        tell("reading the database")
        return _of(capture(request.conninfo, workload=not request.workload))
    origin = f"the schema of {request.schema.name}" if request.schema else "the project's own migrations"
    return Ground(blank(_major()), False, f"an empty twin with {origin}", notes=[NO_SIZES])


def _major() -> int:
    """The newest major version of which there are programs; where there are none, raising a twin says so."""
    for major in range(EMBEDDED_MAJOR, OLDEST - 1, -1):
        try:
            return find(major).major
        except (ServerNotFound, NotAllowed):
            continue
    return EMBEDDED_MAJOR


def _of(snapshot: Snapshot) -> Ground:
    version = snapshot.version_text.split(" ", 1)[0]
    taken = f", as of {snapshot.taken[:16].replace('T', ' ')} UTC" if snapshot.taken else ""
    ground = Ground(snapshot, True, f"a twin of {snapshot.database}, PostgreSQL {version}{taken}")
    if snapshot.masked:
        ground.notes.append("the snapshot is masked: its values are made up, their order and frequency are not")
    return ground


def _raise(stack: ExitStack, ground: Ground, tell: Tell) -> None:
    tell("raising the twin")
    try:
        ground.twin = stack.enter_context(raised(ground.snapshot))
    except (ServerNotFound, ServerDidNotStart, NotAllowed) as error:
        ground.notes.append(f"nothing was planned or traced, only what stands in the texts was looked at: {error}")
        return
    ground.notes += _of_twin(ground.twin)


def _of_twin(twin: Twin) -> Iterator[str]:
    if twin.planner_differs:
        yield twin.planner_differs
    yield from (f"the twin does without {each.kind} {each.name}: {each.why}" for each in twin.left_out)
    yield from twin.doubts


def _of_base(path: Path, matter: Matter) -> bytes | None:
    """What the base has of a file that is committed: a branch does not say how big production's tables are."""
    return matter.trusted.base(path) if matter.trusted else None


def _schema(path: Path, matter: Matter) -> Sequence[Migration]:
    try:
        content = _of_base(path, matter) or path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    project = sources.read({f"{path.stem}.sql": content})
    if not project.migrations:
        raise BadInput(f"{path}: it makes nothing: a schema as pg_dump --schema-only writes it is wanted")
    return project.migrations


def _apply(ground: Ground, history: Sequence[Migration], tell: Tell) -> None:
    """The migrations that stand before those that are reviewed."""
    failed: list[str] = []
    for number, migration in enumerate(history, 1):
        tell(f"applying what is there already, {number} of {len(history)}")
        trace = ground.migrate(migration)
        failed += [
            f"{sql.path}:{sql.line}: {effect.why}"
            for sql, effect in zip(migration.statements, trace.effects if trace else (), strict=False)
            if effect.status == "failed"
        ]
    if failed:
        ground.notes.append(
            f"{len(failed)} statement{'s' if len(failed) > 1 else ''} of the schema could not be applied, the first: "
            f"{failed[0]}"
        )
