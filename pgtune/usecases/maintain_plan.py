"""`pgtune maintain plan`: one catalog after the other through the core, and the plan out."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pgtune.cluster import account
from pgtune.maintenance import batches, order
from pgtune.maintenance.policy import policy
from pgtune.maintenance.predict import predictor
from pgtune.maintenance.rows import Identity
from pgtune.maintenance.selection import Selection
from pgtune.maintenance.survey import Scope
from pgtune.maintenance.work import Past, Plan
from pgtune.model.errors import BadInput, CannotConnect, MustNotRunHere, NotAllowed, PgtuneError
from pgtune.server.maintain import history, local, target
from pgtune.server.maintain.reading import databases, reader
from pgtune.usecases.guide_file import read_guide
from pgtune.usecases.maintain_database import Draft, add

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked. `databases` None: the one that the conninfo names. `seconds` is the time there is."""

    conninfo: str = ""
    databases: Selection | None = None
    scope: Scope = field(default_factory=Scope)
    guide_file: Path | None = None
    seconds: float | None = None
    workers: int = 1
    past: tuple[Past, ...] = ()


def plan(request: Request, say: Say) -> Plan:
    """Decide what the selected databases need. Nothing is written anywhere.

    Raises:
        BadInput: the guide's file or the conninfo cannot be used, or no database is selected.
        MustNotRunHere: the server is a standby: what it needs, its primary knows.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
    """
    figures = policy(read_guide(request.guide_file))
    draft = Draft()
    names = _selected(request, draft) if request.databases else [None]
    guess = predictor(figures, request.past)
    done: list[Identity] = []
    where = ""
    for number, name in enumerate(names, 1):
        if len(names) > 1:
            say(f"database {number} of {len(names)}: {name}")
        try:
            with reader(request.conninfo, name) as source:
                _require_primary(source.identity)
                where = where or f"{source.connection.info.host}:{source.connection.info.port}"
                add(source, request.scope, figures, guess, draft)
                done.append(source.identity)
        except (CannotConnect, NotAllowed) as error:
            if name is None or len(names) == 1:
                raise
            draft.missing.append(f"database {name}: {error}")
    return _finished(request, draft, done, where)


def remembered(conninfo: str) -> tuple[Past, ...]:
    """What the history of this server knows, in its own cluster or in a local file; nothing where it cannot be read.

    Nothing is made that is not there: a plan leaves no trace.
    """
    try:
        book = history.opened(conninfo)
        if book is not None:
            with closing(book.session):
                return book.past()
        if (account.home() / local.FILE).exists():
            with target.asked(conninfo) as found, local.opened(found.key) as own:
                return own.past()
    except PgtuneError:
        return ()
    return ()


def _selected(request: Request, draft: Draft) -> list[str | None]:
    """The databases that the selection takes and the role may connect to.

    Raises:
        BadInput: there is none.
    """
    known = databases(request.conninfo)
    chosen = [name for name in known if request.databases and request.databases.takes(name)]
    draft.missing += [f"database {name}: this role may not connect to it" for name in chosen if not known[name]]
    if not chosen:
        text = request.databases.text if request.databases else ""
        raise BadInput(f"--databases {text!r} selects none of {', '.join(known)}")
    return [name for name in chosen if known[name]]


def _require_primary(identity: Identity) -> None:
    if identity.in_recovery:
        raise MustNotRunHere("this server is a standby: maintenance runs on its primary, and only there is known")


def _finished(request: Request, draft: Draft, done: Sequence[Identity], where: str) -> Plan:
    """The whole, in order, as far as it fits the time."""
    fit = order.fitted(order.ordered(draft.jobs), request.seconds, request.workers)
    version = done[0].version if done else 0
    return Plan(
        target=where,
        version=version,
        at=done[0].at if done else "",
        databases=tuple(each.database for each in done),
        alarms=tuple(draft.alarms),
        jobs=tuple(batches.once_a_database(fit.jobs, version)),
        deferred=tuple(fit.deferred),
        skipped=tuple(draft.skipped),
        spares=tuple(draft.spares),
        blockers=tuple(dict.fromkeys(draft.blockers)),
        notes=tuple(draft.notes),
        missing=tuple(dict.fromkeys(draft.missing)),
    )
