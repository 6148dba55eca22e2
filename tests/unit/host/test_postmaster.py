"""A server is on this machine if the kernel says so; in doubt it is not."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pgtune.host.postmaster import locate, postmasters
from pgtune.host.process import every
from pgtune.model.server import Activity, Role, Server
from pgtune.model.setting import Setting

BOOTED = 1_700_000_000  # as the machine of conftest.py
DATA = "/var/lib/postgresql/18/main"


def server(**more):
    facts = Server(
        version=180006, version_text="18.6", system_identifier=None, role=Role("app", False, False, False),
        in_recovery=False, backend_pid=205, backend_start=BOOTED + 5000.4, postmaster_start=BOOTED + 1000.9,
        peer_pid=None, host="127.0.0.1", port=15432, database="app", data_directory=None,
        settings={"port": Setting("port", "integer", "postmaster", "5432", "5432")}, activity=Activity(),
    )  # fmt: skip
    return replace(facts, **more)


@pytest.fixture
def running(machine):
    """A server outside of any container: postmaster 200, its checkpointer 201, our session 205."""
    machine.process(200, "postgres", started=1000, command="/usr/lib/postgresql/18/bin/postgres\0-D\0" + DATA)
    machine.process(201, "postgres", parent=200, started=1001)
    machine.process(205, "postgres", parent=200, started=5000)
    return machine


def containered(machine, pid=900, inner=7):
    """The same in a container, where the postmaster is number 1 and our session 205."""
    machine.process(pid, "postgres", started=1000, inner=f"{pid} 1", command=f"postgres\0-D\0{DATA}")
    machine.process(pid + 1, "postgres", parent=pid, started=1001, inner=f"{pid + 1} {inner}")
    machine.process(pid + 2, "postgres", parent=pid, started=5000, inner=f"{pid + 2} 205")


def pidfile(machine, pid=200, port=5432, started=1000, folder=DATA):
    machine.write(
        f"{folder}/postmaster.pid", f"{pid}\n{DATA}\n{BOOTED + started}\n{port}\n/tmp\nlocalhost\n  1 2\nready"
    )


def control(machine, identifier, folder=DATA):
    path = machine.write(f"{folder}/global/pg_control", "")
    path.write_bytes(identifier.to_bytes(8, sys.byteorder) + b"rest")


def test_found_by_its_session(running):
    """Without any rights: the session's number, its start, its parent's start."""
    found = locate(server(), running.root)
    assert (found.pid, found.uid, found.in_container, found.unit) == (200, 70, False, None)
    assert "205" in found.evidence


def test_found_in_a_container_from_outside(machine):
    """The session's number inside the container's PID namespace leads to the postmaster's number out here."""
    containered(machine)
    (machine.root / "proc/900/root" / DATA.lstrip("/")).mkdir(parents=True)
    found = locate(server(), machine.root)
    assert (found.pid, found.in_container) == (900, True)
    assert found.data_directory == machine.root / "proc/900/root" / DATA.lstrip("/")


def test_the_right_one_of_two_alike_containers(machine):
    """Two containers with the same numbers inside: the start of the postmaster decides."""
    containered(machine)
    containered(machine, 800)
    machine.process(800, "postgres", started=700, inner="800 1")
    assert locate(server(), machine.root).pid == 900


@pytest.mark.parametrize(
    "change",
    [
        {"backend_pid": 206},
        {"backend_start": BOOTED + 4990.0},
        {"backend_start": BOOTED + 5010.0},
        {"postmaster_start": BOOTED + 900.0},
        {"postmaster_start": BOOTED + 1100.0},
    ],
)
def test_a_server_elsewhere(running, change):
    """A number or a start that does not fit: another machine's server."""
    assert locate(server(**change), running.root) is None


def test_a_process_that_is_no_postgres(machine):
    """Number and time alone are not enough."""
    machine.process(200, "nginx", started=1000)
    machine.process(205, "nginx", parent=200, started=5000)
    assert locate(server(), machine.root) is None


def test_nothing_visible(machine):
    """hidepid, or no postgres at all."""
    assert locate(server(), machine.root) is None


def test_found_by_its_files_when_the_session_is_gone(running):
    """postmaster.pid alone is alike on machines that started together; with the system identifier it is a proof."""
    gone = server(backend_pid=4711, data_directory=DATA, system_identifier="73")
    assert locate(gone, running.root) is None
    pidfile(running)
    assert locate(gone, running.root) is None
    control(running, 73)
    assert locate(replace(gone, system_identifier=None), running.root) is None
    found = locate(gone, running.root)
    assert found.pid == 200
    assert "postmaster.pid" in found.evidence
    assert found.data_directory == running.root / DATA.lstrip("/")


def test_the_same_in_a_container(machine):
    """There postmaster.pid says number 1."""
    containered(machine)
    pidfile(machine, pid=1, folder=f"/proc/900/root{DATA}")
    control(machine, 73, folder=f"/proc/900/root{DATA}")
    assert locate(server(backend_pid=4711, system_identifier="73"), machine.root).pid == 900


def copied(machine, pid, started, session=None):
    """A copy of the cluster on the same machine: the same port, the same system identifier."""
    folder = f"/copies/{pid}"
    machine.process(pid, "postgres", started=started, command=f"postgres\0-D\0{folder}")
    machine.process(pid + 1, "postgres", parent=pid, started=started + 1)
    machine.link(f"/proc/{pid}/cwd", folder)
    machine.write(f"{folder}/postmaster.pid", f"{pid}\n{folder}\n{BOOTED + started}\n5432\n/tmp\n*\n")
    control(machine, 73, folder)
    if session:
        machine.process(pid + 2, "postgres", parent=pid, started=5000, inner=str(session))


def test_copies_of_a_cluster(machine):
    """Files that a copy has too prove nothing between two of them; the session, or the data directory, does."""
    copied(machine, 500, 1000)
    copied(machine, 600, 1001, session=205)
    assert locate(server(backend_pid=4711, system_identifier="73"), machine.root) is None
    assert locate(server(system_identifier="73"), machine.root).pid == 600
    named = server(backend_pid=4711, system_identifier="73", data_directory="/copies/500")
    assert locate(named, machine.root).pid == 500


def test_a_clock_that_was_set_after_the_start(running):
    """A step of the clock moves the kernel's boot time; postmaster.pid and the server still agree."""
    running.write("/proc/stat", f"btime {BOOTED + 7200}")
    assert locate(server(), running.root) is None
    pidfile(running)
    assert locate(server(backend_start=BOOTED + 7200 + 5000.4), running.root).pid == 200


@pytest.mark.parametrize("change", [{"pid": 199}, {"port": 5433}, {"started": 400}])
def test_a_postmaster_pid_that_contradicts(running, change):
    """A readable file that says otherwise refutes even a session that fits."""
    pidfile(running, **change)
    assert locate(server(), running.root) is None


def test_a_system_identifier_that_contradicts(running):
    """pg_control names the database system; another one's server is elsewhere."""
    control(running, 7_300_000_000_000_000_001)
    assert locate(server(system_identifier="7300000000000000001"), running.root).pid == 200
    assert locate(server(system_identifier=None), running.root).pid == 200
    assert locate(server(system_identifier="7300000000000000002"), running.root) is None


def test_the_peer_of_the_socket(running):
    """A socket that belongs to the postmaster proves it; one of another postgres refutes; a pooler's says nothing."""
    gone = server(backend_pid=4711)
    assert locate(replace(gone, peer_pid=200), running.root).pid == 200
    running.process(300, "postgres", started=500)
    running.process(301, "postgres", parent=300, started=501)
    assert locate(server(peer_pid=300), running.root) is None
    running.process(400, "pgbouncer", started=1000)
    assert locate(server(peer_pid=400), running.root).pid == 200


def unit(machine, path):
    for pid in (200, 201, 205):
        machine.write(f"/proc/{pid}/cgroup", f"0::{path}")


def test_the_systemd_unit(running):
    """The service whose processes are the server's."""
    unit(running, "/system.slice/system-postgresql.slice/postgresql@18-main.service")
    assert locate(server(), running.root).unit == "postgresql@18-main.service"


def test_a_unit_with_other_processes_is_not_the_servers(running):
    """A server that cron started lives in cron.service: restarting that would not restart the server."""
    unit(running, "/system.slice/cron.service")
    running.process(150, "cron", cgroup="0::/system.slice/cron.service")
    assert locate(server(), running.root).unit is None


@pytest.mark.parametrize(
    "path", ["/system.slice/docker-1.scope", "/user.slice/u/user@1.service/app.slice/x.service", "/"]
)
def test_no_unit(running, path):
    """Scopes, the user's own services and plain groups are none that the system could restart."""
    unit(running, path)
    assert locate(server(), running.root).unit is None


def test_a_container_in_our_pid_namespace(running):
    """With the host's PID namespace the group still tells that the server is in a container and we are not."""
    unit(running, "/system.slice/docker-0123.scope")
    assert locate(server(), running.root).in_container


def test_another_root_folder(running):
    """A server with another root is reached through /proc/PID/root."""
    running.write(f"/proc/200/root{DATA}/PG_VERSION", "18")
    found = locate(server(), running.root)
    assert found.in_container
    assert found.data_directory == running.root / "proc/200/root" / DATA.lstrip("/")


def test_the_programs(running):
    """The folder of the running file, also after an upgrade replaced it."""
    (running.root / "usr/lib/postgresql/18/bin").mkdir(parents=True)
    assert locate(server(), running.root).binaries == running.root / "usr/lib/postgresql/18/bin"
    (running.root / "opt/pg/bin").mkdir(parents=True)
    running.link("/proc/200/exe", "/opt/pg/bin/postgres (deleted)")
    assert locate(server(), running.root).binaries == running.root / "opt/pg/bin"


def test_every_postmaster(running):
    """Parents that are no one's child; a lone `postgres -C` is none."""
    running.process(300, "postgres", started=1)
    containered(running)
    assert {each.pid for each in postmasters(every(running.root))} == {200, 900}


def test_names_with_brackets_and_blanks(running):
    """A process may call itself anything without confusing its neighbours."""
    running.process(666, "x) S 200 (y", parent=200, started=5000)
    assert locate(server(), running.root).pid == 200
    assert isinstance(locate(server(), running.root).evidence, str)


def test_vanishing_processes(running):
    """A folder without files, as of a process that just ended."""
    (Path(running.root) / "proc/777").mkdir()
    assert locate(server(), running.root).pid == 200
