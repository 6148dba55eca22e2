"""A shop behind a web application: mostly key lookups, some small ranges and sorts, some writes, a dashboard."""

from dataclasses import dataclass

from benchmarks.settings.arms import Arm
from benchmarks.settings.rounds import Run
from benchmarks.settings.suites.tpcb import SETTLING, WARM_UP, WARMING, per_transaction
from benchmarks.settings.suites.work import Pgbench, execute, spent
from pgtune.cluster import Cluster

WEIGHTS = {
    "web_key.sql": 350,
    "web_email.sql": 150,
    "web_orders.sql": 180,
    "web_range.sql": 80,
    "web_latest.sql": 100,
    "web_update.sql": 90,
    "web_order.sql": 48,
    "web_day.sql": 2,
}
RANDOM = "uuid_send(gen_random_uuid())"
SECONDS = 31_536_000  # the orders spread over the year 2026


@dataclass(frozen=True, slots=True)
class Web:
    """`size` counts thousands of users; with six orders each, two lines an order, a thousand take about 2.2 MB."""

    size: int
    transactions: int
    clients: int = 8
    name: str = "web"
    profile: str = "web"
    connections: int = 200

    @property
    def variables(self) -> dict[str, int]:
        """Numbers of rows."""
        return {"users": 1000 * self.size, "orders": 6000 * self.size, "products": 20 * self.size}

    def load(self, cluster: Cluster) -> None:
        """Make the four tables, their indexes and statistics."""
        rows = self.variables
        users, orders, products = rows["users"], rows["orders"], rows["products"]
        execute(cluster, *TABLES)
        execute(
            cluster,
            f"INSERT INTO users (id, email, name, payload) SELECT n, 'user' || n || '@example.org', md5(n::text), "
            f"{RANDOM} || {RANDOM} || {RANDOM} || {RANDOM} FROM generate_series(1, {users}) n",
            "INSERT INTO products (id, category, name, price) SELECT n, 'category ' || n % 40, md5((-n)::text), "
            f"n % 9000 / 100.0 + 1 FROM generate_series(1, {products}) n",
            "INSERT INTO orders (user_id, created_at, status, total, payload) "
            f"SELECT (n * 7919::bigint) % {users} + 1, "
            f"timestamptz '2026-01-01 00:00:00+00' + interval '1 second' * (n * {SECONDS}::float8 / {orders}), "
            f"CASE WHEN n % 20 = 0 THEN 'open' ELSE 'done' END, n % 500, {RANDOM} || {RANDOM} "
            f"FROM generate_series(1, {orders}) n",
            "INSERT INTO order_lines (order_id, product_id, quantity, price) SELECT (n - 1) / 2 + 1, "
            f"(n * 104729::bigint) % {products} + 1, n % 5 + 1, n % 90 + 1 FROM generate_series(1, 2 * {orders}) n",
            *KEYS,
            "VACUUM (ANALYZE, FREEZE)",
        )

    def settle(self, cluster: Cluster) -> None:
        """One pass, as in tpcb."""
        self._pgbench.run(cluster, self.transactions, seed=SETTLING)

    @property
    def _pgbench(self) -> Pgbench:
        return Pgbench(WEIGHTS, self.clients, self.variables)

    def measure(self, cluster: Cluster, arm: Arm, number: int) -> Run:
        """Remove what the last arm added, vacuum, warm up, then the transactions."""
        load, orders = self._pgbench, self.variables["orders"]
        execute(
            cluster,
            f"DELETE FROM order_lines WHERE order_id > {orders}",
            f"DELETE FROM orders WHERE id > {orders}",
            "UPDATE users SET payload = substring(payload FROM 1 FOR 64) WHERE length(payload) > 64",
            "VACUUM (ANALYZE)",
        )
        load.run(cluster, self.transactions // WARM_UP, seed=WARMING + number)
        tps = 0.0

        def work() -> None:
            nonlocal tps
            tps = load.run(cluster, self.transactions, seed=number)

        used = spent(cluster, work)
        return Run(arm.name, number, per_transaction(used.counts(), used.counted.wal_bytes, tps, self.transactions))


USERS = """
CREATE TABLE users (id int NOT NULL, email text NOT NULL, name text, last_seen timestamptz, payload bytea)
WITH (fillfactor = 80)"""
ORDERS = """
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, user_id int NOT NULL, created_at timestamptz,
                     status text, total numeric, payload bytea)"""
TABLES = (
    USERS,
    ORDERS,
    "CREATE TABLE products (id int NOT NULL, category text, name text, price numeric, sold bigint DEFAULT 0)",
    "CREATE TABLE order_lines (order_id bigint NOT NULL, product_id int NOT NULL, quantity int, price numeric)",
)
KEYS = (
    "ALTER TABLE users ADD PRIMARY KEY (id)",
    "CREATE UNIQUE INDEX ON users (email)",
    "ALTER TABLE products ADD PRIMARY KEY (id)",
    "ALTER TABLE orders ADD PRIMARY KEY (id)",
    "CREATE INDEX ON orders (user_id, id)",
    "CREATE INDEX ON orders (created_at)",
    "CREATE INDEX ON orders (status, created_at)",
    "CREATE INDEX ON order_lines (order_id)",
)
