"""The fragment of postgresql.conf on a real server."""

import psycopg
import pytest

from pgtune.report.conf import conf, quoted
from tests.unit.report.sample import HOSTILE, LINES, TUNING

AWKWARD = ["it's", "back\\slash", "tab\tnew\nline", "a, b", "''", "\\'", "%m [%p] ", "# no comment", "x" * 300]


def test_boots_as_it_is(own_server) -> None:
    """Appended to a new cluster's postgresql.conf it starts 18, and every value is in force as proposed."""
    cluster = own_server(18, start=False)
    with (cluster.data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n" + conf(TUNING))
    cluster.start()
    with psycopg.connect(cluster.conninfo()) as connection:
        errors = connection.execute("select name, error from pg_file_settings where error is not null").fetchall()
        assert errors == []
        for line in LINES:
            value = connection.execute("select current_setting(%s)", [line.name]).fetchone()
            expected = line.current if line.blocked else line.proposed
            assert value == (expected,), line.name


@pytest.mark.parametrize("value", AWKWARD)
def test_the_server_reads_a_quoted_value_back(own_server, value: str) -> None:
    """What `quoted` writes, the server's own parser reads as the value that was meant."""
    cluster = own_server(18, start=False)
    with (cluster.data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\nlog_line_prefix = {quoted(value)}\n")
    shown = cluster.show("log_line_prefix")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.removesuffix("\n") == value


def test_hostile_text_sets_nothing_else(own_server) -> None:
    """A reason that holds a line break and a setting does not set it."""
    cluster = own_server(18, start=False)
    with (cluster.data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n" + conf(HOSTILE))
    shown = cluster.show("listen_addresses")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip() == ""
    assert cluster.show("log_line_prefix").stdout.removesuffix("\n") == HOSTILE.lines[0].proposed
