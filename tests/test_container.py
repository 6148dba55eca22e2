"""The container: what its files promise, and its image built and run without an engine (see tests/container.py).

The root that stands in for the base image is a fresh Debian, made once and kept.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree, which
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgtune.cluster import Cluster
from tests.conftest import OwnServer, execute
from tests.container import DOCKERFILE, NOT_COVERED, PROJECT, Stage, stages

DOCKER = PROJECT / "docker"
SECRET = re.compile(r"(?i)(password|passwd|secret|token|pgpass)\s*[=:]\s*[\"']?[^\s/\"'}$]")


@pytest.fixture(scope="module")
def recipe() -> list[Stage]:
    return stages(DOCKERFILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_the_image_runs_as_nobody_in_particular(recipe: list[Stage]) -> None:
    """USER is a number, so that Kubernetes can see that it is not root, and nothing comes after it that needs root."""
    final = recipe[-1]
    uid, gid = final.user()
    assert min(uid, gid) >= 10_000
    kinds = [instruction for instruction, _ in final.steps]
    assert not {"RUN", "COPY"} & set(kinds[kinds.index("USER") :])


def test_the_image_holds_what_runs_and_not_what_built_it(recipe: list[Stage]) -> None:
    """Two stages: pip and the venv module stay in the first; nothing is downloaded but by apt and pip."""
    build, final = recipe
    assert "pip install" in str(build.steps)
    assert "pip" not in str(final.steps)
    assert "venv" not in str([value for instruction, value in final.steps if instruction == "RUN"])
    for stage in recipe:
        assert ":latest" not in stage.base
        assert ":" in stage.base
        for instruction, value in stage.steps:
            assert instruction != "ADD"
            assert not re.search(r"\b(curl|wget)\b", value)
            assert instruction != "RUN" or "apt-get install" not in value or "rm -rf /var/lib/apt/lists" in value


def test_the_image_can_be_stopped_and_watched(recipe: list[Stage]) -> None:
    """No shell stands between the engine and pgtune, so SIGTERM reaches it; the health check asks the sign of life."""
    final = recipe[-1]
    assert json.loads(final.last("ENTRYPOINT") or "") == ["pgtune"]
    assert json.loads(final.last("CMD") or "") == ["schedule", "run"]
    assert final.last("STOPSIGNAL") == "SIGTERM"
    assert (final.last("HEALTHCHECK") or "").endswith('CMD ["pgtune", "schedule", "health"]')
    assert final.environment()["PGTUNE_HEARTBEAT"].startswith("/tmp/")


def test_what_is_copied_exists_and_nothing_else_reaches_the_engine(recipe: list[Stage]) -> None:
    """What COPY names is in the project and let through by .dockerignore, which lets nothing else through."""
    copied = {name for instruction, value in recipe[0].steps if instruction == "COPY" for name in value.split()[:-1]}
    ignore = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert ignore[0] == "*"
    assert {line[1:] for line in ignore if line.startswith("!")} == copied
    for name in copied:
        assert (PROJECT / name).exists()


@pytest.mark.parametrize(
    "path", sorted(path for path in DOCKER.iterdir() if path.is_file()), ids=lambda path: path.name
)
def test_no_secret_stands_in_the_files(path: Path) -> None:
    """Passwords come from files of the user's own, which git does not know."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.lstrip().startswith("#"):
            assert not SECRET.search(line.replace(":'password'", "")), line  # psql's variable
    assert "/docker/secrets/" in (PROJECT / ".gitignore").read_text(encoding="utf-8").split()


def test_compose_gives_pgtune_no_rights(compose: dict[str, Any]) -> None:
    """Read-only root, no capability, no new privileges, limits, a network that leads nowhere else."""
    service = compose["services"]["pgtune"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "ports", "user", "pid", "network_mode"} & set(service)
    assert {"pids_limit", "mem_limit", "stop_grace_period"} <= set(service)
    assert compose["networks"]["database"]["internal"] is True
    assert not [volume for volume in service["volumes"] if volume.startswith((".", "/"))]
    assert service["command"] == ["schedule", "run"]
    assert (PROJECT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == DOCKERFILE


def test_compose_passes_secrets_as_files(compose: dict[str, Any]) -> None:
    """No environment holds a password, and every secret that is used is declared."""
    used = set()
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            assert name in {"PGPASSFILE", "POSTGRES_PASSWORD_FILE"} or "PASS" not in name
        used |= {each if isinstance(each, str) else each["source"] for each in service["secrets"]}
    assert used == set(compose["secrets"])
    assert all(each["file"].startswith("./secrets/") for each in compose["secrets"].values())


def test_the_containers_role_maintains_and_reads_nothing(own_server: OwnServer) -> None:
    """docker/role.sh on a real server: the role may VACUUM, ANALYZE and REINDEX a table of others, and not read it."""
    server = own_server(18)
    execute(server.conninfo(), "create table secrets (id int primary key)")
    script = (DOCKER / "role.sh").read_text(encoding="utf-8")
    statements = script.split("<<'SQL'\n")[1].removesuffix("SQL\n").replace(":'password'", "'made-up'")
    for statement in filter(str.strip, statements.split(";")):
        execute(server.conninfo(), statement)
    conninfo = make_conninfo(server.conninfo(), user="pgtune", password="made-up", passfile="/dev/null")
    execute(conninfo, "vacuum (analyze) secrets")
    execute(conninfo, "reindex index concurrently secrets_pkey")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(conninfo, "select * from secrets")


@pytest.fixture
def served(own_server: OwnServer) -> Iterator[tuple[Cluster, Path]]:
    """A server, and a folder with a socket of it that any account may enter."""
    server = own_server(18, start=False)
    folder = Path(tempfile.mkdtemp(prefix="pgtune-socket-"))
    server.account.own(folder)
    folder.chmod(0o755)
    server.configure({"unix_socket_directories": f'"{server.socket}", "{folder}"'})
    server.start()
    yield server, folder
    server.stop()
    rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="not tested: only root can build the image without an engine")
@pytest.mark.skipif(which("mmdebstrap") is None, reason="not tested: mmdebstrap makes the image's base")
def test_the_image_builds_runs_leads_and_stops(served: tuple[Cluster, Path]) -> None:
    """Every step of the Dockerfile, carried out; the daemon leads on a real server and ends on SIGTERM with code 0."""
    server, folder = served
    port = conninfo_to_dict(server.conninfo())["port"]
    words = ["--sockets", str(folder), "--port", str(port), "--password"]
    done = subprocess.run(
        [sys.executable, "tests/container.py", *words, str(server.folder / "password")],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(done.stderr)
    assert done.returncode == 0, done.stderr
    assert "health check: leading" in done.stderr
    assert NOT_COVERED in done.stderr
