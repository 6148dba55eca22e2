"""TPC-B-like: short updates at random places. Unlike pgbench's own tables, the filler is random bytes.

pgbench fills its rows with blanks, so that a compressed full-page image all but vanishes; a real table's does not.
"""

from dataclasses import dataclass

from benchmarks.settings.arms import Arm
from benchmarks.settings.rounds import Run
from benchmarks.settings.suites.work import Pgbench, execute, spent
from pgtune.cluster import Cluster

RANDOM_80_BYTES = " || ".join(["uuid_send(gen_random_uuid())"] * 5)
ACCOUNTS = (
    "CREATE TABLE accounts (aid int NOT NULL, bid int, balance bigint NOT NULL, payload bytea) WITH (fillfactor = 85)"
)
WARM_UP = 10  # a tenth of the transactions, not measured
WARMING, SETTLING = 1000, 2000  # random seeds apart from those of the rounds


@dataclass(frozen=True, slots=True)
class Tpcb:
    """`scale` as pgbench's: 100 000 accounts each, here about 16 MB."""

    scale: int
    transactions: int
    clients: int = 8
    name: str = "tpcb"
    profile: str = "oltp"
    connections: int = 100

    def load(self, cluster: Cluster) -> None:
        """Make the four tables.

        A row finds room for its new version in its own page (fillfactor); rows that moved together under one arm would
        be cheaper to update under the next.
        """
        scale = self.scale
        execute(
            cluster,
            "CREATE TABLE branches (bid int PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50)",
            "CREATE TABLE tellers (tid int PRIMARY KEY, bid int, balance bigint NOT NULL) WITH (fillfactor = 50)",
            ACCOUNTS,
            "CREATE TABLE history (tid int, bid int, aid int, delta int, mtime timestamptz, payload bytea)",
            f"INSERT INTO branches SELECT n, 0 FROM generate_series(1, {scale}) n",
            f"INSERT INTO tellers SELECT n, (n - 1) / 10 + 1, 0 FROM generate_series(1, 10 * {scale}) n",
            f"INSERT INTO accounts SELECT n, (n - 1) / 100000 + 1, 0, {RANDOM_80_BYTES} "
            f"FROM generate_series(1, 100000 * {scale}) n",
            "ALTER TABLE accounts ADD PRIMARY KEY (aid)",
            "VACUUM (ANALYZE, FREEZE)",
        )

    def settle(self, cluster: Cluster) -> None:
        """One pass: it leaves the dead rows whose room later passes reuse."""
        self._pgbench.run(cluster, self.transactions, seed=SETTLING)

    @property
    def _pgbench(self) -> Pgbench:
        return Pgbench({"tpcb.sql": 1}, self.clients, {"scale": self.scale})

    def measure(self, cluster: Cluster, arm: Arm, number: int) -> Run:
        """Empty the history, vacuum, warm up, then the transactions."""
        load = self._pgbench
        execute(cluster, "TRUNCATE history", "VACUUM (ANALYZE)")
        load.run(cluster, self.transactions // WARM_UP, seed=WARMING + number)
        tps = 0.0

        def work() -> None:
            nonlocal tps
            tps = load.run(cluster, self.transactions, seed=number)

        used = spent(cluster, work)
        return Run(arm.name, number, per_transaction(used.counts(), used.counted.wal_bytes, tps, self.transactions))


def per_transaction(counts: dict[str, float], wal_bytes: int, tps: float, transactions: int) -> dict[str, float]:
    """The counts of a transaction load: WAL and processor time for each transaction, the rest as they are."""
    cpu = counts["CPU s"] * 1e6 / transactions
    first = {"tps": tps, "WAL bytes/tx": wal_bytes / transactions, "CPU us/tx": cpu}
    return first | {name: value for name, value in counts.items() if name != "CPU s"}
