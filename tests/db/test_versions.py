"""The table of parameters against the real servers."""

import importlib.util
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from psycopg.rows import dict_row

from pgtune import resources, versions
from pgtune.cluster import Cluster

TEXT = resources.text("versions", "settings.toml")


@pytest.fixture(scope="module")
def capture() -> ModuleType:
    spec = importlib.util.spec_from_file_location("capture_versions", Path(__file__).parents[1] / "capture_versions.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_says_what_the_server_says(server: Cluster, version: int, capture: ModuleType) -> None:
    """Every wanted parameter of a real server is in the table with its type, context, unit, bounds and boot value."""
    table = versions.parameters(TEXT, version)
    rows = capture.rows_of(server.conninfo())
    assert {row["name"] for row in rows} == set(table)
    for row in rows:
        known = table[row["name"]]
        said = (row["vartype"], row["context"], row["unit"], row["min_val"], row["max_val"], row["boot_val"] or "")
        assert (known.type, known.context, known.unit, known.low, known.high, known.boot) == said, row["name"]


def test_choices_are_those_of_every_build(server: Cluster, version: int, capture: ModuleType) -> None:
    """A choice in the table is offered by the server; the server offers beyond them only what its build added."""
    table = versions.parameters(TEXT, version)
    for row in capture.rows_of(server.conninfo()):
        offered, known = set(row["enumvals"] or ()), set(table[row["name"]].choices)
        assert known <= offered, row["name"]
        assert offered - known <= capture.BUILD_CHOICES, row["name"]


def test_values_are_those_after_initdb(server: Cluster, version: int, capture: ModuleType) -> None:
    """What a server runs with that nobody configured is what the table says it runs with."""
    harness = {"fsync", "data_checksums", "autovacuum_naptime"}  # the shared server's own
    table = versions.parameters(TEXT, version)
    with psycopg.connect(server.conninfo(), row_factory=dict_row) as connection:
        rows = connection.execute("select name, setting, vartype from pg_settings").fetchall()
    live = {row["name"]: row["setting"] for row in rows if row["vartype"] != "string"}
    for name in table.keys() & live.keys() - harness - capture.BOOT_STANDS:
        assert table[name].value == live[name], name


def test_postgres_takes_every_choice_of_the_table(server: Cluster, version: int) -> None:
    """A session can be given every enum value of the table that a session may set at all."""
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        for setting in versions.parameters(TEXT, version).values():
            if setting.context in {"user", "superuser"}:
                for choice in setting.choices:
                    connection.execute("select set_config(%s, %s, false)", (setting.name, choice))
