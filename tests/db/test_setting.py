"""A parameter's values, as pgtune prints and reads them, against the server that must take them."""

from collections.abc import Iterator
from random import Random

import psycopg
import pytest

from pgtune import resources, versions
from pgtune.cluster import Cluster
from pgtune.model.setting import Setting

NUMBERS = ("0", "1", "-1", "3", "7.5", "0.3", ".9", "30.1", "1e2", "0x1F", "0100", "2147483647", "1023.999", "+5", "5.")
UNITS = ("", "B", "kB", "MB", "GB", "TB", "us", "ms", "s", "min", "h", "d", "KB", "mb", "M")
WORDS = ("on", "OFF", "of", "o", "t", "TRUE", "y", "no", "n", "1", "0", "2", "yess", "", "always")


@pytest.fixture
def connection(server: Cluster) -> Iterator[psycopg.Connection]:
    opened = psycopg.connect(server.conninfo(), autocommit=True)
    yield opened
    opened.close()


def taken(connection: psycopg.Connection, name: str, text: str) -> str | None:
    """What pg_settings shows after the server was given this text, None if it refused."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("select set_config(%s, %s, true)", (name, text))
            return connection.execute("select setting from pg_settings where name = %s", (name,)).fetchone()[0]
    except psycopg.DatabaseError:
        return None


def settable(version: int, *types: str) -> list[Setting]:
    """Parameters that a superuser's session can set, but those that would end it or that the machine answers for."""
    table = versions.parameters(resources.text("versions", "settings.toml"), version)
    return [
        setting
        for setting in table.values()
        if setting.context in {"user", "superuser"} and setting.type in types
        and not setting.name.endswith("_timeout") and not setting.name.startswith(("tcp_", "max_stack_depth"))
    ]  # fmt: skip


def test_a_text_means_to_pgtune_what_it_means_to_the_server(connection: psycopg.Connection, version: int) -> None:
    """For every text that the server takes, pgtune reads the same value; refusals beyond bounds are the server's."""
    chance, compared = Random(version), 0
    for setting in settable(version, "integer", "real"):
        for text in chance.sample([number + unit for number in NUMBERS for unit in UNITS], 25):
            shown = taken(connection, setting.name, text)
            if shown is not None:
                compared += 1
                assert float(setting.raw(setting.parse(text))) == pytest.approx(float(shown), rel=1e-5), (setting, text)
    assert compared > 100


def test_a_word_means_to_pgtune_what_it_means_to_the_server(connection: psycopg.Connection, version: int) -> None:
    """A bool's words and their beginnings, taken or refused alike."""
    setting = versions.parameters(resources.text("versions", "settings.toml"), version)["enable_seqscan"]
    for word in WORDS:
        shown = taken(connection, setting.name, word)
        if shown is None:
            with pytest.raises(ValueError, match="is not a truth value"):
                setting.parse(word)
        else:
            assert setting.raw(setting.parse(word)) == shown


def test_the_server_takes_what_fit_gives_and_show_prints(connection: psycopg.Connection, version: int) -> None:
    """Any number, fitted and printed, is taken by the server as exactly that value."""
    chance = Random(version)
    checked = {"vacuum_buffer_usage_limit"}  # 0, or from 128kB on: a check of its own beyond its bounds
    for setting in (each for each in settable(version, "integer", "real") if each.name not in checked):
        for exponent in (0, 3, 6, 9, 12, 15):
            value = setting.fit(chance.random() * 10**exponent)
            shown = taken(connection, setting.name, setting.show(value))
            assert shown is not None, (setting.name, setting.show(value))
            assert float(shown) == pytest.approx(float(setting.raw(value)), rel=1e-5), (setting.name, value)
