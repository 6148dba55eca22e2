"""`pgtune schedule run`: the daemon, the lead among several, and what the history says was missed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from pgtune.maintenance.record import scope
from pgtune.model.errors import PgtuneError
from pgtune.schedule import heartbeat
from pgtune.schedule.daemon import Daemon, Hands
from pgtune.schedule.heartbeat import State
from pgtune.schedule.policy import Policy
from pgtune.server.leadership import Leadership
from pgtune.usecases import maintain_run
from pgtune.usecases.schedule import here

Say = Callable[[str], None]


def serve(policies: Sequence[Policy], conninfo: str, run: Callable[[Policy], int], sign: Path | None, say: Say) -> int:
    """Be the daemon until told to stop; `run` does a policy's work, `sign` is the file of its sign of life.

    Raises:
        BadInput: the connection string, the sign of life or this machine's zone cannot be used.
    """
    ready = here(policies)
    with Leadership(conninfo) as leadership:
        hands = Hands(
            run=run,
            last=partial(_last, conninfo, say),
            standing=leadership.standing,
            beat=partial(_beat, sign),
            say=say,
        )
        return Daemon(ready, hands).serve()


def _beat(sign: Path | None, state: State) -> None:
    if sign is not None:
        heartbeat.write(sign, state)


def _last(conninfo: str, say: Say, policy: Policy) -> datetime | None:
    """When the policy last ran to its end, as the history has it, whoever called that run."""
    try:
        return maintain_run.last(conninfo, scope(policy.tasks, policy.databases, policy.schemas, policy.tables))
    except PgtuneError as error:
        say(f"{policy.name}: whether a run was missed cannot be told: {error}")
        return None
