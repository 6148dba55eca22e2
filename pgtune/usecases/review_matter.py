"""What a review looks at: the files, what of them the change touches, and the policy and baseline that hold for it."""

import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pgtune import sources
from pgtune.model.errors import BadInput, NotAllowed
from pgtune.model.finding import Skipped
from pgtune.review import baseline
from pgtune.review import policy as policies
from pgtune.review.policy import FailOn, Policy
from pgtune.sources.decoding import decoded
from pgtune.sources.kinds import SQL, is_beside, is_source
from pgtune.sources.project import Migration, Project, Sql
from pgtune.usecases import files
from pgtune.usecases.changes import Change, changed
from pgtune.usecases.git import repository
from pgtune.usecases.review_trust import Trusted
from pgtune.usecases.spread import spread

RENDERED = "rendered.sql"  # as which the output of --render is reviewed
RENDER_S = 120  # seconds that --render may take
# A dump of the whole schema is what migrations made, and no migration.
DUMP = "structure"
DUMPS = frozenset({"schema.sql", "dump.sql"})


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked.

    `paths` empty: everything; `base` is a revision, None for no change. Of `snapshot`, `conninfo` and `schema` at most
    one is given; `conninfo` None means no server, "" the one of the environment. `workload` are files of SQL or logs,
    empty for what the snapshot recorded. `fail_on` None: as the policy says. `seconds` for the whole.
    """

    paths: tuple[Path, ...] = ()
    base: str | None = None
    snapshot: Path | None = None
    conninfo: str | None = None
    schema: Path | None = None
    workload: tuple[Path, ...] = ()
    baseline: Path | None = None
    policy: Path | None = None
    fail_on: FailOn | None = None
    down: bool = False
    render: str | None = None
    show_values: bool = False
    seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Matter:
    """What is looked at.

    `project` is everything that was read; `migrations` and `queries` are what of it is judged; `history` are the
    migrations that stand before it where no snapshot has the schema. `counts` says whether a finding on lines of a
    file counts; `known` are the baseline's fingerprints.
    """

    root: Path
    project: Project
    migrations: tuple[Migration, ...]
    queries: tuple[Sql, ...]
    policy: Policy
    change: Change | None = None
    history: tuple[Migration, ...] = ()
    known: frozenset[str] = frozenset()
    files: int = 0
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    trusted: Trusted | None = None

    def counts(self, sql: Sql) -> bool:
        """Whether the change adds or alters the statement; without a change everything counts."""
        if self.change is None or sql.path == RENDERED:
            return True
        return touched(self.change, sql)


def touched(change: Change, sql: Sql) -> bool:
    """Whether the change adds or alters the statement, or puts it into a loop."""
    if change.touches(sql.path, sql.line, sql.line + sql.lines - 1):
        return True
    return sql.loop > 0 and change.touches(sql.path, sql.loop, sql.loop)


def gather(request: Request) -> Matter:
    """Read the files, the policy and the baseline.

    With a base, policy and baseline are the base's, so that a branch cannot switch its own review off.

    Raises:
        BadInput: a path, the base, the policy, the baseline or a workload cannot be used.
        NotAllowed: --render could not be run.
    """
    missing = next((path for path in request.workload if not path.is_file()), None)
    if missing is not None:
        raise BadInput(f"{missing}: there is no such file")
    change = changed(Path.cwd(), request.base) if request.base is not None else None
    root = change.root if change else _root(request.paths)
    trusted = Trusted(root, change)
    ruled = _policy(request, trusted)
    read = _of_change(request, change) if change else _of_paths(request, root)
    wanted = {path: content for path, content in read.contents.items() if not ruled.ignores(path)}
    wanted |= {RENDERED: _rendered(request.render, root)} if request.render else {}
    project = sources.read(wanted, known=change.files if change else None, each=spread)
    known = _known(request, trusted)
    unknown = request.snapshot is None and request.schema is None and request.conninfo is None
    if change is None:
        before = _history(project.migrations, judged=True)
    else:
        before = _history(sources.read(change.base_files(_may_migrate)).migrations) if unknown else ()
    dumps = set(_dumps(project.migrations))
    migrations = tuple(each for each in project.migrations if each not in dumps and (request.down or not each.down))
    matter = Matter(
        root, project, migrations, project.queries, ruled, change, before,
        known, sum(map(is_source, wanted)) + bool(request.render), (*read.skipped, *project.skipped),
        tuple(trusted.notes), trusted,
    )  # fmt: skip
    return _only_touched(matter) if change else matter


def _dumps(migrations: Sequence[Migration]) -> Iterator[Migration]:
    """Those of the migrations that are dumps of what the others made."""
    others = any(each.tool not in {DUMP, "plain"} for each in migrations)
    for each in migrations:
        name = each.path.rpartition("/")[2].lower()
        if each.tool == DUMP or (others and each.tool == "plain" and name in DUMPS):
            yield each


def _history(migrations: Sequence[Migration], *, judged: bool = False) -> tuple[Migration, ...]:
    """What makes the schema: a dump if there is one, for old migrations may be gone; else the migrations themselves.

    `judged`: the migrations are what is looked at, so that only a dump without any can stand before them.
    """
    dumps = tuple(_dumps(migrations))
    ups = tuple(each for each in migrations if not each.down and each not in dumps)
    return (() if ups else dumps) if judged else dumps or ups


def _only_touched(matter: Matter) -> Matter:
    """The migrations of which the change touches a statement, and the queries that it touches."""
    return replace(
        matter,
        migrations=tuple(each for each in matter.migrations if any(map(matter.counts, each.statements))),
        queries=tuple(each for each in matter.queries if matter.counts(each)),
    )


def _may_migrate(path: str) -> bool:
    """What can hold a migration: .sql, what stands beside it, and Python's."""
    return is_source(path) and (not path.endswith(".py") or "migrations/" in path or "versions/" in path)


def _root(paths: Sequence[Path]) -> Path:
    """The folder from which paths are told: the top of the repository that holds them, as with --diff."""
    here = Path.cwd()
    named = [Path(os.path.normpath(path.absolute())) for path in paths or (here,)]
    common = Path(os.path.commonpath(named))
    folder = common if common.is_dir() else common.parent
    tops = [top for top in (_top(here), _top(folder)) if top is not None]
    return next(each for each in (*tops, here, folder) if common.is_relative_to(each))


def _top(place: Path) -> Path | None:
    """The top of the repository that the folder is in, if there is one."""
    try:
        return repository(place).top
    except BadInput:
        return None


def _of_change(request: Request, change: Change) -> files.Files:
    """The files that the change touches, under the paths that were named, and what says how they are applied."""
    named = [_below(path, change.root) for path in request.paths]
    contents = {
        path: content
        for path, content in change.files.items()
        if is_beside(path)
        or (_differs(change, path, content) and (not named or any(_under(path, each) for each in named)))
    }
    return files.Files(contents, tuple(each for each in change.skipped if each.path not in change.tree))


def _differs(change: Change, path: str, content: bytes) -> bool:
    """Whether the change touches the file; of one that is no text no lines are known."""
    if path in change.lines:
        return True
    return path.lower().endswith(SQL) and decoded(content) is None and change.base_file(path) != content


def _below(path: Path, root: Path) -> str:
    whole = Path(os.path.normpath(path.absolute()))
    if not whole.is_relative_to(root):
        raise BadInput(f"{path} is not in the repository {root}")
    return whole.relative_to(root).as_posix()


def _under(path: str, start: str) -> bool:
    return start in {".", path} or path.startswith(f"{start}/")


def _of_paths(request: Request, root: Path) -> files.Files:
    """All files at and below the paths; in a repository those that git does not ignore."""
    starts = [Path(os.path.normpath(path.absolute())) for path in request.paths or (Path.cwd(),)]
    for path, start in zip(request.paths, starts, strict=False):
        if not start.exists():
            raise BadInput(f"{path}: there is no such file or folder")
    found = set(files.below(root, starts, is_source))
    try:
        kept = set(repository(root).present())
    except BadInput:
        return files.read(root, sorted(found))
    named = {start.relative_to(root).as_posix() for start in starts if start.is_file()}
    return files.read(root, sorted(each for each in found if each in kept or each in named))


def _policy(request: Request, trusted: Trusted) -> Policy:
    path = request.policy or trusted.root / policies.FILE
    content = trusted.content(path, "the policy")
    if content is None:
        if request.policy and not trusted.notes:
            raise BadInput(f"{path}: there is no such file")
        found = Policy()
    else:
        found = policies.load(_text(content, path), path.name)
    return replace(found, fail_on=request.fail_on) if request.fail_on else found


def _known(request: Request, trusted: Trusted) -> frozenset[str]:
    if request.baseline is None:
        return frozenset()
    before = len(trusted.notes)
    content = trusted.content(request.baseline, "the baseline")
    if content is None and len(trusted.notes) == before:
        raise BadInput(f"{request.baseline}: there is no such file; --write-baseline makes it")
    return baseline.read(_text(content, request.baseline), request.baseline.name) if content else frozenset()


def _text(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8") from None


def _rendered(command: str, root: Path) -> bytes:
    """What the user's own command prints: it runs the project's code, which is why only the user can ask for it.

    Raises:
        BadInput: it fails, or is no command.
        NotAllowed: it does not end in time.
    """
    try:
        words = shlex.split(command)
        done = subprocess.run(
            words, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=RENDER_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotAllowed(f"--render did not end within {RENDER_S} s") from None
    except (OSError, ValueError, IndexError) as error:
        raise BadInput(f"--render: {error}") from None
    if done.returncode:
        raise BadInput(f"--render ended with exit code {done.returncode}")
    return done.stdout
