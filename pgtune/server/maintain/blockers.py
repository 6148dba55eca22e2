"""Who stands in the way of a job: asked before it begins, and named when it gave up."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow

from pgtune.maintenance.masking import masked
from pgtune.maintenance.work import Blocker, Hold, Job, Outcome, Result
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.session import Session

FIRST_LOOK, LOOK = 0.002, 0.05  # seconds between looks at those who are waited for: the least, and the most
OLD_SNAPSHOT = "its snapshot would be waited for"
LOCKS = "its lock would be waited for"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a job cannot begin now, and who stands there."""

    outcome: Outcome
    why: str
    who: tuple[Blocker, ...]

    def ended(self, job: Job) -> Ended:
        """The end of a job that was not begun for it; another attempt may find nobody there."""
        return Ended(Result(job, self.outcome, self.why, blocked_by=self.who), again=True)


def of_build(session: Session, oids: Sequence[int], patience: float, ours: Sequence[int] = ()) -> Obstacle | None:
    """Who would hold up a concurrent build on these relations (table and index) longer than the patience.

    The build would wait for everybody who is there now, after it has made an index that cannot be dropped before they
    have gone. So they are waited for here, where giving up leaves nothing behind; who comes later does not matter.
    `ours` are processes of this run, whose snapshots last no longer than a look. Whoever has been there for longer
    than the patience already will most likely stay, and is not waited for.
    """
    limit = time.monotonic() + patience
    first: set[str] | None = None
    pause = FIRST_LOOK
    while True:
        found = session.rows("maintain/hindrances", oids=list(oids), ours=list(ours))
        for row in found:
            if row["excludes"]:
                return Obstacle(Outcome.LOCKED, _excluded(row), (_blocker(row, LOCKS),))
        first = {row["token"] for row in found} if first is None else first
        still = [row for row in found if row["token"] in first]
        late = [row for row in still if _older(row, patience)]
        if late or (still and time.monotonic() > limit):
            who = tuple(_blocker(row, LOCKS if row["locks"] else OLD_SNAPSHOT) for row in late or still)
            return Obstacle(Outcome.BLOCKED, sentence(who), who)
        if not still:
            return None
        time.sleep(pause)
        pause = min(2 * pause, LOOK)


def of_table(session: Session, oid: int) -> Obstacle | None:
    """Who holds a lock that VACUUM and ANALYZE would wait for; autovacuum does their work, and is left to it."""
    for row in session.rows("maintain/hindrances", oids=[oid], ours=[]):
        if row["excludes"]:
            at_it = row["autovacuum"] and row["hold"] != Hold.AUTOVACUUM
            return Obstacle(Outcome.DEFERRED if at_it else Outcome.LOCKED, _excluded(row), (_blocker(row, LOCKS),))
    return None


def of_horizon(session: Session, ours: Sequence[int] = ()) -> tuple[Blocker, ...]:
    """Who keeps dead rows from being removed, the oldest first, beside our own processes."""
    own = {str(pid) for pid in ours}
    rows = session.rows("maintain/horizons")
    return tuple(_blocker(row, "dead rows stay while it is there") for row in rows if row["name"] not in own)


def named(session: Session, pids: Sequence[int], effect: str) -> tuple[Blocker, ...]:
    """These processes as blockers."""
    return tuple(_blocker(row, effect) for row in session.rows("maintain/sessions_named", pids=list(pids)))


def sentence(who: Sequence[Blocker]) -> str:
    """The first of them for a person, as far as the role may see."""
    if not who:
        return ""
    first = who[0]
    words = [f"{first.hold} {first.name}"]
    words += [f"of {first.user}"] if first.user else []
    words += [f"({first.application})"] if first.application else []
    words += [f"for {first.age:.0f} s"] if first.age is not None else []
    more = f" and {len(who) - 1} more" if len(who) > 1 else ""
    return f"{' '.join(words)}{more}: {first.effect}"


def _excluded(row: DictRow) -> str:
    if row["hold"] == Hold.AUTOVACUUM:
        return f"autovacuum (process {row['name']}) works on it against wraparound and is never cancelled"
    if row["autovacuum"]:
        return f"autovacuum (process {row['name']}) works on it"
    return sentence((_blocker(row, LOCKS),))


def _older(row: DictRow, patience: float) -> bool:
    return row["age"] is not None and row["age"] > patience


def _blocker(row: DictRow, effect: str) -> Blocker:
    return Blocker(
        hold=Hold(row["hold"]),
        name=row["name"],
        effect=effect,
        user=row["role"],
        application=row["application"] or None,
        age=row["age"],
        xids=row["xids"],
        query=masked(row["query"] or None),
    )
