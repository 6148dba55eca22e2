"""Operators on Kubernetes: YAML to merge into a cluster's manifest.

CloudNativePG (PostgreSQL configuration): `spec.postgresql.parameters` holds strings; a webhook refuses the fixed
parameters; libraries stand in `spec.postgresql.shared_preload_libraries`; a change that needs a restart makes the
operator roll through the instances. Zalando's operator (cluster manifest reference): `spec.postgresql.parameters` holds
strings, which reach every member through Patroni.
"""

from pgtune.report.conf import comment
from pgtune.report.managed.form import Service, joined, nothing, parameters, scalar
from pgtune.report.managed.patroni import CONTROLLED
from pgtune.settings.tuning import Line, Tuning

_OPERATOR = "fixed: the operator controls it and refuses a manifest that sets it"
LIBRARIES = "shared_preload_libraries"
FIXED = (
    "allow_alter_system", "allow_system_table_mods", "archive_cleanup_command", "archive_command", "archive_mode",
    "archive_timeout", "cluster_name", "data_sync_retry", "full_page_writes", "hot_standby", "huge_pages",
    "jit_provider", "listen_addresses", "log_destination", "log_directory", "log_file_mode", "log_filename",
    "log_rotation_age", "log_rotation_size", "log_truncate_on_rotation", "logging_collector", "port",
    "restart_after_crash", "ssl", "synchronous_standby_names", "unix_socket_directories", "wal_level", "wal_log_hints",
)  # fmt: skip

CLOUDNATIVEPG = Service("CloudNativePG", dict.fromkeys(FIXED, _OPERATOR), orders_replicas=True)
ZALANDO = Service("Zalando Postgres Operator", dict(CONTROLLED), orders_replicas=True)


def cloudnativepg(tuning: Tuning) -> str:
    """`spec.postgresql` of a Cluster."""
    lines = CLOUDNATIVEPG.taken(tuning)
    head = CLOUDNATIVEPG.head(
        tuning, "Merge it into the Cluster's manifest; the operator reloads, or restarts the instances one by one."
    )
    if not lines:
        return joined(head, CLOUDNATIVEPG.left_out(tuning), nothing(CLOUDNATIVEPG))
    rows = ["spec:", "  postgresql:", *_libraries(lines)]
    others = [line for line in lines if line.name != LIBRARIES]
    rows += ["    parameters:", *parameters(others, 6)] if others else []
    return joined(head, CLOUDNATIVEPG.left_out(tuning), "\n".join(rows))


def _libraries(lines: list[Line]) -> list[str]:
    rows = []
    for line in lines:
        if line.name == LIBRARIES:
            rows += [comment(line.why, "    # ", "    #   "), f"    {LIBRARIES}:"]
            rows += [f"      - {scalar(each.strip())}" for each in line.proposed.split(",")]
    return rows


def zalando(tuning: Tuning) -> str:
    """`spec.postgresql.parameters` of a postgresql resource."""
    lines = ZALANDO.taken(tuning)
    head = ZALANDO.head(
        tuning, "Merge it into the manifest of the postgresql resource; the operator hands it to Patroni."
    )
    if not lines:
        return joined(head, ZALANDO.left_out(tuning), nothing(ZALANDO))
    rows = ["spec:", "  postgresql:", "    parameters:", *parameters(lines, 6)]
    return joined(head, ZALANDO.left_out(tuning), "\n".join(rows))
