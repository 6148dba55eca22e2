"""A file that shows that the daemon lives: written anew at every beat, read by a container's health check."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pgtune.model.errors import BadInput, PgtuneError

BEAT = 10  # seconds between two looks at the lock; a lost lead is noticed within them
STALE = 6 * BEAT  # seconds: a beat asks the server, which on a bad day takes its connect_timeout of 10 s and more


@dataclass(frozen=True, slots=True)
class State:
    """What the daemon is at, for its sign of life: the reason why it does not lead, and the policy under way."""

    standing: str
    running: str | None = None


def write(path: Path, state: State) -> None:
    """Put the state there in one piece, so that no reader meets half of it.

    Raises:
        BadInput: the file cannot be written.
    """
    form = {"at": datetime.now(UTC).isoformat(), "standing": state.standing, "running": state.running}
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(json.dumps(form), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise BadInput(f"the sign of life {path} cannot be written: {error.strerror}") from None


def read(path: Path, now: datetime) -> State:
    """What the daemon was at, if it lives.

    Raises:
        PgtuneError: there is no sign of life, or the last one is too old.
    """
    try:
        form = json.loads(path.read_text(encoding="utf-8"))
        age = (now - datetime.fromisoformat(form["at"])).total_seconds()
        state = State(str(form["standing"]), form["running"])
    except (OSError, ValueError, KeyError, TypeError):
        raise PgtuneError(f"no sign of life in {path}") from None
    if age > STALE:
        raise PgtuneError(f"the last sign of life in {path} is {age:.0f} s old")
    return state
