"""What pg_stat_statements recorded of this database."""

import re
from dataclasses import dataclass

from psycopg.rows import DictRow

from pgtune import resources
from pgtune.server.capture.session import Session
from pgtune.snapshot.snapshot import Recorded

HIDDEN = "<insufficient privilege>"  # what pg_stat_statements shows in place of another role's text
OLDEST = (1, 9)  # the version that comes with 14: `toplevel` and the time of the last reset

# Utility statements hold their constants as they were typed, passwords among them; nothing in them is planned.
PLANNABLE = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(select|insert|update|delete|merge|with|values|table)\b", re.IGNORECASE | re.DOTALL
)

OWN = ("capture", "server", "run")  # the topics of sql/ that are run on a user's server
CONSTANTS = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$\d+|%\(\w+\)s|\b\d+\b|\bnull\b|\btrue\b|\s+", re.DOTALL)
SKELETON = 40  # letters: no two statements that anybody writes begin alike for so long by chance


@dataclass(frozen=True, slots=True)
class Recordings:
    """Statements, heaviest first, and since when they were counted (ISO 8601)."""

    statements: tuple[Recorded, ...] = ()
    since: str | None = None


def read(session: Session, extension: DictRow | None, *, sees_all: bool) -> Recordings:
    """The statements that the role may see; what it may not is noted as missing."""
    what = "workload of pg_stat_statements"
    if extension is None:
        session.lacks(what, "the extension is not installed in this database")
        return Recordings()
    if _version(extension) < OLDEST:
        why = f"the extension is of version {extension['version']}: run ALTER EXTENSION pg_stat_statements UPDATE"
        session.lacks(what, why)
        return Recordings()
    rows: list[DictRow] = []
    since = None
    with session.optional(what, "GRANT pg_read_all_stats"):
        rows = session.within("statements", extension["schema"])
        since = session.within("statements_reset", extension["schema"])[0]["reset"]
    hidden = sum(row["text"] == HIDDEN for row in rows)
    if hidden and not sees_all:
        session.lacks(what, f"the texts of {hidden} statements of other roles are hidden", "GRANT pg_read_all_stats")
    own = frozenset(_skeleton(text) for topic in OWN for text in resources.topic(topic))
    wanted = (row for row in rows if row["text"] and PLANNABLE.match(row["text"]))
    return Recordings(tuple(_recorded(row) for row in wanted if _skeleton(row["text"]) not in own), since)


def _skeleton(text: str) -> str:
    """The beginning of a statement without what pg_stat_statements takes out of it: remarks, constants, parameters."""
    return CONSTANTS.sub("", text)[:SKELETON]


def _version(extension: DictRow) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", extension["version"])[:2])


def _recorded(row: DictRow) -> Recorded:
    return Recorded(**row)
