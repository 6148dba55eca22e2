"""Patroni: YAML for the dynamic configuration, which every member follows.

Facts (Patroni documentation, Important rules): max_connections, max_locks_per_transaction, max_worker_processes,
max_prepared_transactions, wal_level, track_commit_timestamp, max_wal_senders, max_replication_slots, wal_keep_size and
wal_log_hints take effect from the dynamic configuration alone; listen_addresses, port, cluster_name and hot_standby are
Patroni's. To raise the values that size shared memory, the standbys are restarted before the primary, with `patronictl
restart` and not by restarting the daemon.
"""

from pgtune.report.conf import comment
from pgtune.report.managed.form import Service, joined, nothing, parameters
from pgtune.settings.tuning import Tuning

CONTROLLED = dict.fromkeys(
    ("listen_addresses", "port", "cluster_name", "hot_standby"), "Patroni sets it from its own configuration"
)
PATRONI = Service("Patroni", CONTROLLED, orders_replicas=True)

DYNAMIC_ONLY = {
    "max_connections", "max_locks_per_transaction", "max_worker_processes", "max_prepared_transactions", "wal_level",
    "track_commit_timestamp", "max_wal_senders", "max_replication_slots", "wal_keep_size", "wal_log_hints",
}  # fmt: skip

HOW = (
    "Save it as pgtune.yaml, then `patronictl edit-config --apply pgtune.yaml CLUSTER` shows the change and asks. In "
    "bootstrap.dcs of patroni.yml the same text has an effect only before the cluster's first start."
)


def patroni(tuning: Tuning) -> str:
    """`postgresql.parameters` of the dynamic configuration."""
    lines = PATRONI.taken(tuning)
    head = PATRONI.head(tuning, HOW)
    if not lines:
        return joined(head, PATRONI.left_out(tuning), nothing(PATRONI))
    only = sorted(line.name for line in lines if line.name in DYNAMIC_ONLY)
    notes = [comment(f"Here and nowhere else: in patroni.yml Patroni ignores {', '.join(only)}.")] if only else []
    if any(line.restart for line in lines):
        notes.append(comment(_RESTART))
    rows = ["postgresql:", "  parameters:", *parameters(lines, 4)]
    return joined("\n".join([head, *notes]), PATRONI.left_out(tuning), "\n".join(rows))


_RESTART = (
    "Some need a restart: `patronictl restart CLUSTER --role replica --pending`, and after that `patronictl restart "
    "CLUSTER --role primary --pending`. Do not restart the patroni daemon for it: that may cause a failover."
)
