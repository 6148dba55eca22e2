"""Managers that no test can raise for real: told by the settings that their servers have."""

import pytest

from pgtune.model.setting import Setting
from pgtune.server.manager import recognise


def having(**values: str) -> dict[str, Setting]:
    return {name: Setting(name, "string", "postmaster", "", value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("values", "kind", "evidence"),
    [
        ({"data_directory": "/home/postgres/pgdata/pgroot/data"}, "zalando", "/home/postgres/pgdata"),
        ({"shared_preload_libraries": "bg_mon, pg_stat_statements"}, "zalando", "bg_mon"),
        ({"unix_socket_directories": "/controller/run"}, "cloudnativepg", "/controller"),
        ({"rds.superuser_variables": "x"}, "rds", "rds.superuser_variables"),
    ],
)
def test_recognised_by_settings(values: dict[str, str], kind: str, evidence: str) -> None:
    """The settings that only such a server has tell who manages it, and the evidence names them."""
    found = recognise(having(**values), (), ())
    assert found
    assert found.kind == kind
    assert evidence in found.evidence


def test_the_more_particular_manager_is_named() -> None:
    """Aurora has RDS's parameters, and Spilo runs Patroni: the answer is Aurora, and Zalando's operator."""
    aurora = recognise(having(**{"rds.extensions": "x"}), (), ("aurora_version",))
    assert aurora
    assert aurora.kind == "aurora"
    spilo = recognise(having(shared_preload_libraries="bg_mon"), ("Patroni heartbeat",), ())
    assert spilo
    assert spilo.kind == "zalando"


@pytest.mark.parametrize(
    "values",
    [
        {"shared_preload_libraries": "pg_stat_statements"}, {"data_directory": "/home/postgres/data"},
        {"archive_command": "cp %p /controller/manager"}, {"rdsx": "1"},
        {"unix_socket_directories": "/tmp/controller/"},
    ],
)  # fmt: skip
def test_a_server_of_ones_own_has_no_manager(values: dict[str, str]) -> None:
    """Likenesses are no evidence."""
    assert recognise(having(**values), ("psql", "patronizing", "Patronus"), ()) is None
