"""Amazon RDS and Aurora: commands that change a parameter group.

Facts: a request holds at most 20 parameters; `immediate` is for dynamic parameters only, `pending-reboot` for static
ones (Amazon RDS API reference, ModifyDBParameterGroup and ModifyDBClusterParameterGroup). Values are bare numbers in
the unit that the service shows beside the name, as (8kB) for shared_buffers, and switches are 0 and 1 (Aurora user
guide, Aurora PostgreSQL parameters). huge_pages is not to be changed there.
"""

from pgtune.report.conf import comment
from pgtune.report.managed.form import UNITS, Service, command, joined, nothing, word
from pgtune.settings.tuning import Line, Tuning

MOST = 20  # parameters in a request, see above

# Settings whose `on` and `off` are two of several values: they keep their words. wal_compression is one from 15 on.
CHOICES = {"huge_pages", "compute_query_id", "recovery_prefetch", "synchronous_commit", "constraint_exclusion"}
COMPRESSION_CHOICES_SINCE = 150000

RDS = Service("Amazon RDS", {"huge_pages": "the service sets it by the instance class"})

_STORAGE = "Aurora's storage applies the WAL itself: it has no such checkpoints to spread"
_BUFFERS = "Aurora keeps no page cache below shared_buffers and sizes it to most of the memory: keep its default"

AURORA = Service(
    "Amazon Aurora",
    {
        **dict.fromkeys(
            ("checkpoint_timeout", "checkpoint_completion_target", "max_wal_size", "min_wal_size"), _STORAGE
        ),
        **dict.fromkeys(("wal_buffers", "wal_compression", "full_page_writes", "log_checkpoints"), _STORAGE),
        **dict.fromkeys(("shared_buffers", "effective_cache_size"), _BUFFERS),
        "huge_pages": "the service sets it by the instance class",
    },
    # The settings pgtune knows that stand in the guide's table of cluster-level parameters.
    frozenset(
        {
            "autovacuum", "autovacuum_max_workers", "autovacuum_vacuum_scale_factor", "autovacuum_work_mem",
            "default_statistics_target", "effective_io_concurrency", "hash_mem_multiplier",
            "log_autovacuum_min_duration", "log_lock_waits", "log_temp_files", "maintenance_work_mem",
            "max_connections", "max_locks_per_transaction", "max_parallel_maintenance_workers",
            "max_parallel_workers", "max_parallel_workers_per_gather", "max_prepared_transactions",
            "max_slot_wal_keep_size", "max_wal_senders", "max_worker_processes", "random_page_cost",
            "shared_preload_libraries", "track_io_timing", "work_mem",
        }
    ),
    "not among the parameters that Aurora's documentation lists",
    orders_replicas=True,  # one cluster group is the readers' too
)  # fmt: skip

GROUP = "PARAMETER_GROUP names a parameter group of your own; the default groups cannot be changed."
BOOT = "Settings marked pending-reboot take effect when you reboot the instance."
WINS = "Where the parameter group of an instance sets one of these itself, that wins over the cluster's."


def rds(tuning: Tuning) -> str:
    """`aws rds modify-db-parameter-group` commands."""
    check = 'aws rds describe-db-parameters --db-parameter-group-name "$PARAMETER_GROUP" \\\n'
    check += "#     --query 'Parameters[?IsModifiable==`false`].ParameterName'"
    head = RDS.head(tuning, GROUP, UNITS, BOOT)
    return _form(RDS, tuning, f"{head}\n{_check(check)}", "modify-db-parameter-group --db-parameter-group-name")


def aurora(tuning: Tuning) -> str:
    """`aws rds modify-db-cluster-parameter-group` commands, for what Aurora lets one set."""
    check = 'aws rds describe-db-cluster-parameters --db-cluster-parameter-group-name "$PARAMETER_GROUP" \\\n'
    check += "#     --query 'Parameters[?IsModifiable==`false`].ParameterName'"
    head = AURORA.head(tuning, GROUP.replace("parameter group", "DB cluster parameter group"), UNITS, BOOT, WINS)
    action = "modify-db-cluster-parameter-group --db-cluster-parameter-group-name"
    return _form(AURORA, tuning, f"{head}\n{_check(check)}", action)


def _check(text: str) -> str:
    return f"# What your group does not let you change, this prints:\n#   {text}"


def _form(service: Service, tuning: Tuning, head: str, action: str) -> str:
    lines = service.taken(tuning)
    chunks = [lines[at : at + MOST] for at in range(0, len(lines), MOST)]
    commands = [_command(chunk, tuning.version, action) for chunk in chunks]
    return joined(head, service.left_out(tuning), *(commands or [nothing(service)]))


def _command(lines: list[Line], version: int, action: str) -> str:
    group = '"${PARAMETER_GROUP:?names your parameter group}"'
    reasons = [comment(f"{line.name}: {line.why}") for line in lines]
    run = command([f"aws rds {action} {group}", "--parameters", *(_parameter(line, version) for line in lines)])
    return "\n".join([*reasons, run])


def _parameter(line: Line, version: int) -> str:
    method = "pending-reboot" if line.restart else "immediate"
    value = _shorthand(_value(line, version))
    return word(f"ParameterName={line.name},ParameterValue={value},ApplyMethod={method}")


def _value(line: Line, version: int) -> str:
    """The bare value; a switch as 0 or 1."""
    choice = line.name in CHOICES or (line.name == "wal_compression" and version >= COMPRESSION_CHOICES_SINCE)
    return line.raw if choice else {"on": "1", "off": "0"}.get(line.raw, line.raw)


def _shorthand(value: str) -> str:
    """The value in the command line's shorthand syntax, in which a comma ends a value that is not quoted."""
    if value and all(letter.isalnum() or letter in "._-" for letter in value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
