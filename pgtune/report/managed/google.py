"""Google Cloud SQL: one command with every flag.

Facts: `gcloud sql instances patch --database-flags` overwrites all flags that were set before; flags that are not in
the list go back to their default; some flags restart the instance at once (Cloud SQL for PostgreSQL, Configure database
flags). Values are bare numbers in the setting's own unit. A value with a comma needs another separator (`gcloud topic
escaping`).
"""

from pgtune.report.conf import comment
from pgtune.report.managed.form import UNITS, Service, command, joined, nothing, word
from pgtune.settings.tuning import Line, Tuning

_SERVICE = "the service sets it itself"
CLOUDSQL = Service(
    "Google Cloud SQL",
    {
        "shared_preload_libraries": "the service loads pg_stat_statements itself: CREATE EXTENSION is enough",
        **dict.fromkeys(("huge_pages", "full_page_writes", "fsync"), _SERVICE),
    },
)
REPLACES = (
    "WARNING: this replaces ALL flags of the instance. A flag that is set now and is missing below goes back to its "
    "default: add those that the first command prints."
)
RESTARTS = "Setting a flag may restart the instance at once."
_LIST = "gcloud sql instances describe \"${INSTANCE:?}\" --format='value(settings.databaseFlags)'"
SEPARATORS = ",;:|~@%"


def cloudsql(tuning: Tuning) -> str:
    """The command, with its warning."""
    lines = CLOUDSQL.taken(tuning)
    offered = f"gcloud sql flags list --database-version=POSTGRES_{tuning.version // 10000}"
    known = f"# The flags that the service offers for this version, this prints:\n#   {offered}"
    head = CLOUDSQL.head(tuning, REPLACES, RESTARTS, UNITS)
    if not lines:
        return joined(head, CLOUDSQL.left_out(tuning), nothing(CLOUDSQL))
    reasons = "\n".join(comment(f"{line.name}: {line.why}") for line in lines)
    patch = command(['gcloud sql instances patch "${INSTANCE:?names your instance}"', _flags(lines)])
    return joined(f"{head}\n{known}", CLOUDSQL.left_out(tuning), _LIST, f"{reasons}\n{patch}")


def _flags(lines: list[Line]) -> str:
    pairs = [f"{line.name}={line.raw}" for line in lines]
    separator = next(mark for mark in SEPARATORS if not any(mark in pair for pair in pairs))
    prefix = "" if separator == "," else f"^{separator}^"
    return "--database-flags=" + word(prefix + separator.join(pairs))
