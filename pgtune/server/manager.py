"""Who runs a server in the user's stead, told by marks that such a manager leaves in the server itself."""

from collections.abc import Collection, Mapping

from pgtune.model.server import Manager
from pgtune.model.setting import Setting

Settings = Mapping[str, Setting]

# Patroni's documentation, "Patroni configuration": these it passes to postgres on the command line, all of them.
PATRONI_OPTIONS = ("cluster_name", "max_connections", "max_locks_per_transaction", "max_worker_processes", "wal_level")
SPILO_DATA = "/home/postgres/pgdata"
AURORA_FUNCTION = "aurora_version"
CLOUD_PREFIXES = {"rds": "rds.", "azure": "azure.", "cloudsql": "cloudsql."}


def recognise(settings: Settings, applications: Collection[str], marks: Collection[str]) -> Manager | None:
    """The manager, the most particular first; None for a server that its owner runs.

    Args:
        settings: the parameters that the role sees.
        applications: application_name of the sessions.
        marks: names of further parameters and functions that only a manager's server has.
    """
    return (
        _cloud({*settings, *marks})
        or _cloudnativepg(settings, applications)
        or _zalando(settings)
        or _patroni(settings, applications)
    )


def _cloud(names: Collection[str]) -> Manager | None:
    """A cloud's own parameters; Aurora has RDS's, too, and a function of its own."""
    if AURORA_FUNCTION in names:
        return Manager("aurora", f"it has a function {AURORA_FUNCTION}")
    for kind, prefix in CLOUD_PREFIXES.items():
        own = sorted(name for name in names if name.startswith(prefix))
        if own:
            return Manager(kind, f"it has the parameter {own[0]}")
    return None


def _cloudnativepg(settings: Settings, applications: Collection[str]) -> Manager | None:
    """Its operator fixes these two parameters; its metrics exporter's session is seen by every role."""
    if _value(settings, "archive_command").startswith("/controller/manager "):
        return Manager("cloudnativepg", "archive_command calls /controller/manager")
    if _value(settings, "unix_socket_directories").startswith("/controller/"):
        return Manager("cloudnativepg", "unix_socket_directories is below /controller")
    if "cnpg_metrics_exporter" in applications:
        return Manager("cloudnativepg", "the session cnpg_metrics_exporter is connected")
    return None


def _zalando(settings: Settings) -> Manager | None:
    """Spilo, the image of Zalando's operator, keeps its data in one place and loads its own monitor."""
    if _value(settings, "data_directory").startswith(SPILO_DATA):
        return Manager("zalando", f"data_directory is below {SPILO_DATA}, as the Spilo image has it")
    libraries = [word.strip() for word in _value(settings, "shared_preload_libraries").split(",")]
    if "bg_mon" in libraries:
        return Manager("zalando", "shared_preload_libraries has bg_mon, as the Spilo image does")
    return None


def _patroni(settings: Settings, applications: Collection[str]) -> Manager | None:
    """Its sessions name themselves, and it hands the parameters that a cluster must agree on to the command line."""
    sessions = sorted(name for name in applications if name == "Patroni" or name.startswith("Patroni "))
    if sessions:
        return Manager("patroni", f"the session {sessions[0]!r} is connected")
    if all(name in settings and settings[name].source == "command line" for name in PATRONI_OPTIONS):
        return Manager("patroni", f"{', '.join(PATRONI_OPTIONS)} come from the command line")
    return None


def _value(settings: Settings, name: str) -> str:
    return settings[name].value if name in settings else ""
