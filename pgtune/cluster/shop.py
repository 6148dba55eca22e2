"""The sample shop: tables, data, wear and a recorded workload, the same to the row wherever it is made."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pgtune import resources
from pgtune.cluster import account as accounts
from pgtune.cluster.cluster import Cluster
from pgtune.cluster.session import execute
from pgtune.model.errors import Refused

DATABASE = "shop"
# The server keeps PostgreSQL's defaults, for they are what a new server has and what `pgtune tune` is about. This one
# library is added: without it nothing records which statements ran.
MUST_HAVE = {"shared_preload_libraries": "pg_stat_statements"}
# For the load alone: a half-built shop is built anew, and autovacuum would tidy up the wear that is being made.
LOADING = {"autovacuum": "off", "fsync": "off", "max_wal_size": "4GB", "maintenance_work_mem": "256MB"}


@dataclass(frozen=True, slots=True)
class Script:
    """A file of sql/demo: what is told while it runs, and about how many seconds that takes (measured, two cores)."""

    doing: str
    name: str
    seconds: float


LOAD = (
    Script("tables", "schema", 0.1),
    Script("50,000 customers", "customers", 0.5),
    Script("10,000 products with texts to search", "products", 0.6),
    Script("1,000,000 order lines", "order_lines", 2.0),
    Script("400,000 orders", "orders", 3.8),
    Script("300,000 JSON events", "events", 2.0),
    Script("400,000 lines of request log", "request_log", 1.1),
    Script("40,000 carts", "carts", 0.1),
    Script("keys", "keys", 0.8),
    Script("indexes, good and bad", "indexes", 0.6),
    Script("a nightly vacuum", "vacuum", 0.6),
    Script("wear: updates and deletes", "wear", 3.0),
    Script("a vacuum that came too late", "vacuum_carts", 0.1),
)
STATISTICS = Script("statistics", "statistics", 0.7)
RESTART_SECONDS = 1.0
# Enough that every section of the workload is played a few times (the rarest has a weight of 1 in 1400).
ROUNDS, TRANSACTIONS, ROUND_SECONDS = 6, 400, 2.0
SECONDS = sum(each.seconds for each in (*LOAD, STATISTICS)) + RESTART_SECONDS + ROUNDS * ROUND_SECONDS

_SECTION = re.compile(r"^-- name: (\w+) @ (\d+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done now, and the share of the work that was done before it, from 0 to 1."""

    doing: str
    done: float


Tell = Callable[[Progress], None]


def digest() -> str:
    """A fingerprint of everything the shop is made from: another one makes another shop."""
    names = (*(each.name for each in (*LOAD, STATISTICS)), "create_database", "workload")
    texts = [resources.sql(f"demo/{name}") for name in names]
    return hashlib.sha256("\0".join([*texts, str(ROUNDS), str(TRANSACTIONS)]).encode()).hexdigest()[:12]


def workload() -> Mapping[str, tuple[int, str]]:
    """The recorded workload: for each name the weight and the script, as pgbench takes it."""
    parts = _SECTION.split(resources.sql("demo/workload"))[1:]
    return {name: (int(weight), script) for name, weight, script in zip(*[iter(parts)] * 3, strict=True)}


def build(cluster: Cluster, tell: Tell) -> None:
    """Make the shop on an empty cluster that is stopped, and leave the server running on its own settings.

    Raises:
        Refused: the server refused a statement, as on a full disk.
        ServerDidNotStart: with the server's own log line.
    """
    done = 0.0

    def step(doing: str, seconds: float) -> None:
        nonlocal done
        tell(Progress(doing, done / SECONDS))
        done += seconds

    cluster.configure(MUST_HAVE)
    cluster.start(settings=LOADING)
    execute(cluster, resources.sql("demo/create_database"))
    for script in LOAD:
        step(script.doing, script.seconds)
        execute(cluster, resources.sql(f"demo/{script.name}"), DATABASE)
    step("a restart with PostgreSQL's own defaults", RESTART_SECONDS)
    cluster.stop()
    cluster.run("initdb", "--sync-only", "-D", cluster.data)  # loaded without fsync
    cluster.start()
    step(STATISTICS.doing, STATISTICS.seconds)
    execute(cluster, resources.sql(f"demo/{STATISTICS.name}"), DATABASE)
    files = _written(cluster)
    for number in range(1, ROUNDS + 1):
        step(f"the recorded workload, {number} of {ROUNDS}", ROUND_SECONDS)
        _play(cluster, files, seed=number)
    tell(Progress("done", 1.0))


def _written(cluster: Cluster) -> list[str]:
    """Write the workload where the cluster's account may read it: the checkout may lie below /root."""
    folder = accounts.private_folder(cluster.folder / "workload", cluster.account)
    options = []
    for name, (weight, script) in workload().items():
        path = Path(folder, f"{name}.sql")
        cluster.account.write(path, script)
        options += ["-f", f"{path}@{weight}"]
    return options


def _play(cluster: Cluster, files: list[str], seed: int) -> None:
    """One client, for two would draw ids in an order that differs from run to run.

    Raises:
        Refused: a statement failed.
    """
    done = cluster.run(
        "pgbench", "-n", "-M", "extended", "-c", "1", "-t", str(TRANSACTIONS), f"--random-seed={seed}", *files,
        cluster.conninfo(DATABASE), timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise Refused(f"pgbench: {' '.join(done.stderr.split())}")
