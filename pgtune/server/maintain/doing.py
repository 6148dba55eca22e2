"""The jobs that a worker took, from beginning to end: looked at, locked, recorded, done, looked at again."""

import time
from collections.abc import Sequence

from pgtune.maintenance.work import Job, Kind, Outcome, Result
from pgtune.model.errors import ConnectionLost
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.hand import Hand
from pgtune.server.maintain.rebuilding import Rebuilder
from pgtune.server.maintain.steps import Gate
from pgtune.server.maintain.sweeping import Sweeper

OF_TABLES = frozenset({Kind.VACUUM, Kind.ANALYZE})


def do(hand: Hand, jobs: Sequence[Job], gate: Gate) -> list[Ended]:
    """Do these jobs, all of tables or all of indexes, one after the other, or say why not.

    Raises:
        MustNotRunHere: this server has become a standby, or another one has taken its place.
        ConnectionLost: it cannot be reached again.
        PgtuneError: the history cannot be written.
    """
    began = time.monotonic()
    try:
        if jobs[0].kind in OF_TABLES:
            return Sweeper(hand).sweep(jobs, gate)
        return Rebuilder(hand).rebuild(jobs, gate)
    except ConnectionLost as error:  # while they were looked at: nothing has begun, or it may be done once more
        hand.return_to_work()
        lost = [Ended(Result(job, Outcome.FAILED, str(error)), again=True) for job in jobs]
        return [each.timed(began, time.monotonic()) for each in lost]
