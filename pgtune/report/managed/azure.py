"""Azure Database for PostgreSQL, flexible server: one `parameter set` for each setting.

Facts: `az postgres flexible-server parameter set` takes one name and one value in the unit of pg_settings (Azure CLI
reference; shared_buffers is counted in 8kB pages). Parameters are dynamic, static (a restart) or read-only; fsync,
full_page_writes and synchronous_commit are read-only (Azure documentation, server parameters, Write-Ahead Log).
"""

from pgtune.report.conf import comment
from pgtune.report.managed.form import UNITS, Service, command, joined, nothing, word
from pgtune.settings.tuning import Line, Tuning

_READ_ONLY = "read-only on this service"
AZURE = Service(
    "Azure Database for PostgreSQL, flexible server",
    dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), _READ_ONLY),
)
SERVER = '--resource-group "${RESOURCE_GROUP:?}" --server-name "${SERVER:?}"'
RESTART = 'az postgres flexible-server restart --resource-group "${RESOURCE_GROUP:?}" --name "${SERVER:?}"'


def azure(tuning: Tuning) -> str:
    """The commands, and at the end the restart where one is needed, as a comment."""
    lines = AZURE.taken(tuning)
    head = AZURE.head(tuning, "RESOURCE_GROUP and SERVER name yours.", UNITS)
    commands = [_command(line) for line in lines] or [nothing(AZURE)]
    last = f"# Static parameters wait for a restart, which drops every connection:\n# {RESTART}"
    return joined(f"{head}\n{_CHECK}", AZURE.left_out(tuning), *commands, last if any(x.restart for x in lines) else "")


_CHECK = (
    "# What your server does not let you change, this prints:\n#   az postgres flexible-server parameter list "
    '--resource-group "$RESOURCE_GROUP" \\\n#     --server-name "$SERVER" --query \'[?isReadOnly].name\''
)


def _command(line: Line) -> str:
    why = f"{line.why}{' (static: restart)' if line.restart else ''}"
    setting = f"--name {word(line.name)} --value {word(line.raw)}"
    return comment(why) + "\n" + command([f"az postgres flexible-server parameter set {SERVER}", setting])
