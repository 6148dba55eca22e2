"""How a statement of a migration is treated on a twin."""

from dataclasses import dataclass
from typing import Any, Literal

from pgtune.twin.tracing_watch import Look

Way = Literal["run", "alone", "control", "told", "plan", "superuser", "ignored", "refused"]
"""run: in the script's transaction; alone: outside one; control: BEGIN, COMMIT and the like; told: not run, its locks
are known; plan: planned, and `text`, if there is any, makes its table without rows; superuser: composed; ignored: of
no concern to a plan or a lock; refused: it must not be run here."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a statement is treated: `text` is what is run, `why` is said of it, `look` says how closely it is watched.

    Of what is not run, or not seen: `mode` is the lock that it takes on `tables`, `rewrites` that it makes new files of
    them, `scans` that it reads all their rows; `plain` is what has the same end inside a transaction. Of what is
    planned: `query` is planned, `changes` says that it changes rows. `empties`: it reads no row of what it makes anew.
    `roles`: it names them; `outright`: it drops the indexes that it names.
    """

    way: Way
    text: str = ""
    why: str = ""
    look: Look = "drops"
    mode: str = ""
    tables: tuple[Any, ...] = ()
    rewrites: bool = False
    scans: bool = False
    plain: str = ""
    query: str = ""
    changes: bool = False
    empties: bool = False
    roles: tuple[str, ...] = ()
    outright: bool = False
