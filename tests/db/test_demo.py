"""`pgtune demo`: the same shop every time, kept until it is removed, and never half a one."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgtune.cluster import Binaries, Cluster, shop
from pgtune.cluster import account as accounts
from pgtune.cluster.shop import Progress
from pgtune.model.errors import BadInput, CannotConnect, MustNotRunHere
from pgtune.usecases import demo

BinariesOf = Callable[[int], Binaries]
WITHIN = 60  # seconds on two cores
LIMIT = 4 * WITHIN  # for machines that do other things at the same time

CONTENT = "select sum(hashtextextended(t::text, 0)) from {} t"
TABLES = ("customers", "categories", "products", "orders", "order_lines", "carts", "events", "request_log")


class Told:
    """What a caller was told."""

    def __init__(self) -> None:
        self.scans: dict[str, int] = {}  # of each index, before any test reads the shop
        self.steps: list[Progress] = []
        self.said: list[str] = []

    def tell(self, step: Progress) -> None:
        self.steps.append(step)

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def built(binaries_of: BinariesOf) -> Iterator[tuple[demo.Demo, Told]]:
    """The demonstration, built once for this module in a home of its own."""
    binaries_of(18)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        folder = accounts.enterable_folder(Path(f"/tmp/pgtune-demo-test-{os.getpid()}"))
        patch.setenv("PGTUNE_HOME", str(folder))
        told = Told()
        running = demo.start(told.tell, told.say)
        told.scans = dict(rows(running.conninfo, "select indexrelname, idx_scan from pg_stat_user_indexes"))
        yield running, told
        demo.remove(told.say)
        (folder / "demo.lock").unlink()
        folder.rmdir()


def rows(conninfo: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def execute(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement)


def one(conninfo: str, query: str) -> Any:
    return rows(conninfo, query)[0][0]


def test_it_is_built_in_time_with_progress(built: tuple[demo.Demo, Told]) -> None:
    """Built within the limit, 200 to 400 MB, and the progress told rises from 0 to 1."""
    running, told = built
    assert running.seconds is not None
    assert running.seconds < LIMIT
    assert 200 << 20 < running.bytes < 400 << 20
    shares = [step.done for step in told.steps]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert all(step.doing for step in told.steps)


def test_the_shop_is_skewed_as_shops_are(built: tuple[demo.Demo, Told]) -> None:
    """A few customers and countries have most of the orders, nearly all are delivered, time follows the rows."""
    conninfo = built[0].conninfo
    top = one(conninfo, "select count(*) from orders group by customer_id order by 1 desc limit 1")
    assert top > 4000
    assert (
        one(conninfo, "select count(*) from customers c where not exists (select from orders where customer_id = id)")
        > 500
    )
    assert one(conninfo, "select avg((status = 'delivered')::int) from orders") > 0.9
    assert one(conninfo, "select count(distinct status) from orders") == 6
    assert one(conninfo, "select corr(id, extract(epoch from created_at)) from orders where id <= 400000") > 0.95
    assert (
        one(conninfo, "select max(n) from (select count(*)::float / 50000 as n from customers group by country) as c")
        > 0.4
    )
    # one order in eight was touched again and moved to the end of the table
    for table, column, least in (
        ("orders", "created_at", 0.7),
        ("events", "created_at", 0.9),
        ("request_log", "at", 0.9),
    ):
        query = f"select abs(correlation) from pg_stats where tablename = '{table}' and attname = '{column}'"
        assert one(conninfo, query) > least


def test_the_shop_is_consistent(built: tuple[demo.Demo, Told]) -> None:
    """Nobody ordered before signing up, totals are the sums of their lines, constraints are valid."""
    conninfo = built[0].conninfo
    early = "select count(*) from orders o join customers c on c.id = o.customer_id where o.created_at < c.created_at"
    assert one(conninfo, early) == 0
    wrong = """
        select count(*) from orders o
        where o.id <= 400000 and total <> (select sum(quantity * unit_price) from order_lines where order_id = o.id)
            and o.id % 97 = 0"""
    assert one(conninfo, wrong) == 0
    assert one(conninfo, "select count(*) from pg_constraint where not convalidated") == 0
    assert one(conninfo, "select count(*) from pg_constraint where contype = 'f'") == 5
    assert one(conninfo, "select count(*) from products where search @@ websearch_to_tsquery('english', 'lamp')") > 100
    assert one(conninfo, "select count(*) from events where payload ? 'product'") > 1000


def test_there_is_something_to_advise_on(built: tuple[demo.Demo, Told]) -> None:
    """Foreign keys without an index, an index twice there, unused ones, a bloated one, dead rows."""
    conninfo = built[0].conninfo
    missing = """
        select conrelid::regclass::text from pg_constraint c where contype = 'f' and not exists (
            select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]) order by 1"""
    assert rows(conninfo, missing) == [("order_lines",), ("orders",)]
    twice = """
        select count(*) - count(distinct (indrelid, indkey::text))
        from pg_index join pg_class on pg_class.oid = indrelid where relnamespace = 'public'::regnamespace"""
    assert one(conninfo, twice) == 1
    unused = {name for name, scans in built[1].scans.items() if scans == 0}
    assert {"customers_newsletter_idx", "products_price_idx", "request_log_trace_id_idx"} <= unused
    used = {"products_search_idx", "products_tags_idx", "orders_created_at_idx", "request_log_at_idx", "orders_pkey"}
    assert not used & unused
    bloat = "select pg_relation_size('carts_updated_at_idx') / (select count(*) from carts)"
    assert one(conninfo, bloat) > 500  # bytes an entry; a fresh one takes about 20
    assert one(conninfo, "select n_dead_tup from pg_stat_user_tables where relname = 'orders'") > 10000


def test_the_workload_was_recorded(built: tuple[demo.Demo, Told]) -> None:
    """pg_stat_statements knows every statement of the workload and nothing of the building; sorts spilled."""
    conninfo = built[0].conninfo
    recorded = " ".join(query for (query,) in rows(conninfo, "select query from pg_stat_statements"))
    for name, (weight, script) in shop.workload().items():
        assert weight > 0
        words = re.search(r"from (\w+)|(?:insert into|update) (\w+)", script)
        assert words, name
        assert (words[1] or words[2]) in recorded, name
    assert "generate_series" not in recorded
    assert one(conninfo, "select count(*) from pg_stat_statements where calls > 10") >= 15
    assert one(conninfo, "select temp_bytes from pg_stat_database where datname = 'shop'") > 100 << 20
    assert one(conninfo, "select sum(seq_scan) from pg_stat_user_tables where relname = 'orders'") > 10
    assert one(conninfo, "select count(*) from pg_stat_user_tables where last_analyze is null") == 0


def test_the_server_has_the_defaults(built: tuple[demo.Demo, Told]) -> None:
    """Apart from where it listens and the library that records statements, every setting is what initdb leaves."""
    query = """
        select name, setting from pg_settings
        where sourcefile like '%postgresql.conf' and setting is distinct from boot_val"""
    changed = dict(rows(built[0].conninfo, query))
    ours = {"shared_preload_libraries", "listen_addresses", "unix_socket_directories"}
    initdb = {"DateStyle", "TimeZone", "log_timezone", "default_text_search_config", "dynamic_shared_memory_type"}
    initdb |= {"lc_messages", "lc_monetary", "lc_numeric", "lc_time", "shared_buffers", "max_wal_size", "min_wal_size"}
    assert ours <= set(changed)
    assert set(changed) - ours <= initdb
    assert changed["shared_preload_libraries"] == "pg_stat_statements"
    assert one(built[0].conninfo, "show fsync") == "on"
    for_the_load = "select name from pg_settings where source = 'command line' and name in ('fsync', 'autovacuum')"
    assert rows(built[0].conninfo, for_the_load) == []


def test_it_is_closed_to_others(built: tuple[demo.Demo, Told]) -> None:
    """Its folder is 0700; the connection string names a file with the password, not the password."""
    running = built[0]
    assert running.folder.stat().st_mode & 0o777 == 0o700
    assert "password" not in running.conninfo
    assert (running.folder / "password").read_text().strip() not in running.conninfo


def test_starting_again_keeps_everything(built: tuple[demo.Demo, Told]) -> None:
    """A second start builds nothing; after stop the same shop comes back, with what somebody did to it."""
    running, told = built[0], Told()
    execute(running.conninfo, "create table mine as select 7 as n")
    again = demo.start(told.tell, told.say)
    assert (again.seconds, again.conninfo, told.steps, told.said) == (None, running.conninfo, [], [])
    assert demo.conninfo() == running.conninfo
    assert demo.stop(told.say)
    assert not demo.stop(told.say)
    with pytest.raises(CannotConnect, match="is stopped: pgtune demo starts it"):
        demo.conninfo()
    began = time.monotonic()
    demo.start(told.tell, told.say)
    assert time.monotonic() - began < 30
    assert one(running.conninfo, "select n from mine") == 7
    execute(running.conninfo, "drop table mine")


def test_another_version_is_named(built: tuple[demo.Demo, Told]) -> None:
    """One that another pgtune built is started and named; one of another major version is not started."""
    running, told = built[0], Told()
    marker = running.folder / "demo.json"
    before = marker.read_text()
    account = accounts.current()
    try:
        account.write(marker, json.dumps(json.loads(before) | {"shop": "other", "pgtune": "0.0.9"}))
        demo.start(told.tell, told.say)
        assert "built by pgtune 0.0.9" in told.said[0]
        account.write(marker, json.dumps(json.loads(before) | {"postgresql": 170011}))
        with pytest.raises(MustNotRunHere, match="is a PostgreSQL 17; to build it anew: pgtune demo remove"):
            demo.start(told.tell, told.say)
    finally:
        account.write(marker, before)


def test_two_shops_are_the_same_to_the_row(built: tuple[demo.Demo, Told], home: Path) -> None:
    """A second build gives every table the same content, the workload's writes included."""
    assert home.exists()
    first = {table: one(built[0].conninfo, CONTENT.format(table)) for table in TABLES}
    told = Told()
    second = demo.start(told.tell, told.say)
    try:
        assert {table: one(second.conninfo, CONTENT.format(table)) for table in TABLES} == first
    finally:
        demo.remove(told.say)
    assert not demo.folder().exists()


def command(*words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pgtune", "demo", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL, **options,
    )  # fmt: skip


def until(process: subprocess.Popen[str], words: str) -> None:
    """Read the process's stderr up to a line with these words."""
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"it ended without: {words}")


def test_interrupted_build_leaves_nothing(home: Path, binaries_of: BinariesOf) -> None:
    """Ctrl-C in the middle of the load: exit 130, no server, no folder, and the next command says there is none."""
    binaries_of(18)
    process = command()
    until(process, "order lines")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not (home / "demo").exists()
    with pytest.raises(CannotConnect, match="pgtune demo builds it"):
        demo.conninfo()


def test_killed_build_is_recognised_and_done_anew(home: Path, binaries_of: BinariesOf) -> None:
    """kill -9 leaves half a shop and a running server: it is never taken for the demonstration."""
    process = command()
    until(process, "order lines")
    process.kill()
    process.communicate(timeout=60)
    left = Cluster.at(home / "demo", binaries_of(18))
    assert left.running
    with pytest.raises(CannotConnect, match="pgtune demo builds it"):
        demo.conninfo()
    process = command()
    until(process, "was never finished: building it anew")
    until(process, "order lines")
    assert not left.log_since(0).count("was not properly shut down")  # a new one, not the old one recovered
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert not (home / "demo").exists()


def test_of_two_at_once_the_second_waits(home: Path, binaries_of: BinariesOf) -> None:
    """Two commands at once do not build twice in one place."""
    binaries_of(18)
    first = command()
    until(first, "customers")
    second = command("remove")
    until(second, "another pgtune demo is at work")
    assert second.poll() is None
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert second.wait(timeout=60) == 0
    assert not (home / "demo").exists()
    second.communicate()


def test_a_disk_without_room_is_told_before_anything_is_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little room: one line with both figures, and nothing is left."""
    monkeypatch.setattr(demo, "NEEDED", 1 << 60)
    told = Told()
    with pytest.raises(BadInput, match=r"needs .* has .* left: set PGTUNE_HOME"):
        demo.start(told.tell, told.say)
    assert not (home / "demo").exists()


def test_nothing_to_stop_or_remove_is_no_error(home: Path) -> None:
    """stop and remove without a demonstration do nothing and make nothing."""
    for word in ("stop", "remove"):
        process = command(word)
        output, talk = process.communicate(timeout=60)
        assert process.returncode == 0
        assert not output
        assert talk.count("\n") == 1
    assert not list(home.glob("demo*"))


def test_dsn_without_a_demonstration_is_one_line(home: Path) -> None:
    """`pgtune demo dsn` prints nothing to stdout, one line to stderr, and exits with 3."""
    assert home.exists()
    process = command("dsn")
    output, talk = process.communicate(timeout=60)
    assert (process.returncode, output) == (3, "")
    assert talk == "pgtune: there is no demonstration server yet: pgtune demo builds it\n"


def test_the_digest_covers_every_file() -> None:
    """Each script that makes the shop counts for its fingerprint, so that a change of any is noticed."""
    files = {path.stem for path in (Path(__file__).parents[2] / "sql" / "demo").glob("*.sql")}
    used = {script.name for script in (*shop.LOAD, shop.STATISTICS)} | {"create_database", "workload", "size"}
    assert files == used
    assert re.fullmatch("[0-9a-f]{12}", shop.digest())
