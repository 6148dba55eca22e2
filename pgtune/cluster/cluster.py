"""One PostgreSQL cluster of our own: made, configured, started, stopped, killed and removed."""

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import psutil

from pgtune.cluster import account as accounts
from pgtune.cluster.account import Account
from pgtune.cluster.binaries import Binaries
from pgtune.model.errors import ServerDidNotStart

SUPERUSER = "postgres"
LONGEST_SOCKET_FOLDER = 85  # sun_path holds 107 bytes, `.s.PGSQL.65535.lock` takes 20


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory in a private folder (mode 0700), reached over a socket in it with a random password."""

    folder: Path
    binaries: Binaries
    account: Account
    port: int = 5432

    @classmethod
    def create(
        cls, binaries: Binaries, folder: Path, *, checksums: bool = True, initdb: Sequence[str] = ()
    ) -> "Cluster":
        """Make an empty cluster.

        Raises:
            ServerDidNotStart: initdb failed; the message is its own.
        """
        owner = accounts.current()
        cluster = cls(accounts.private_folder(folder, owner), binaries, owner)
        password = secrets.token_urlsafe(24)
        cluster._write(cluster.folder / "password", password + "\n")
        cluster._write(cluster.folder / "pgpass", f"*:*:*:*:{password}\n", keep_root=True)
        no_checksums = ["--no-data-checksums"] if binaries.major >= 18 else []
        done = cluster.run(
            "initdb", "-D", cluster.data, "-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8",
            f"--pwfile={cluster.folder / 'password'}", *(["--data-checksums"] if checksums else no_checksums), *initdb,
        )  # fmt: skip
        if done.returncode:
            raise ServerDidNotStart(f"initdb: {_last_line(done.stderr)}")
        cluster.configure({"listen_addresses": "", "unix_socket_directories": str(cluster.socket), "port": "5432"})
        return cluster

    @classmethod
    def throw_away(cls, binaries: Binaries, **options: bool) -> "Cluster":
        """A cluster in a new folder below the temporary directory; `remove` it in the end."""
        folder = Path(tempfile.mkdtemp(prefix="pgtune-"))
        return cls.create(binaries, folder, **options)

    @classmethod
    def at(cls, folder: Path, binaries: Binaries) -> "Cluster":
        """The cluster that `create` made in this folder earlier."""
        return cls(folder, binaries, accounts.current())

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.folder / "log"

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket: the cluster's own, or a short private one where that path is too long."""
        if len(str(self.folder)) <= LONGEST_SOCKET_FOLDER:
            return self.folder
        return Path(tempfile.gettempdir()) / f"pgtune-{self.folder.stat().st_ino}"

    def conninfo(self, dbname: str = "postgres", user: str = SUPERUSER, **more: str) -> str:
        """A libpq connection string; the password stays in a file of mode 0600."""
        words = {"host": str(self.socket), "port": str(self.port), "user": user, "dbname": dbname}
        words |= {"passfile": str(self.folder / "pgpass")} | more
        return " ".join(f"{key}={value}" for key, value in words.items())

    def run(self, program: str, *arguments: str | Path, timeout: float = 120) -> CompletedProcess[str]:
        """Run one of this version's programs as the cluster's account."""
        return self.account.run(
            [self.binaries.program(program), *arguments], self.binaries.environment, timeout=timeout
        )

    def configure(self, settings: Mapping[str, str]) -> None:
        """Append settings to postgresql.conf."""
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def show(self, name: str = "shared_buffers", settings: Mapping[str, str] | None = None) -> CompletedProcess[str]:
        """`postgres -C name`: reads and checks the whole configuration without starting the server."""
        options = [word for key, value in (settings or {}).items() for word in ("-c", f"{key}={value}")]
        return self.run("postgres", "-C", name, "-D", self.data, *options)

    def start(self, timeout: float = 60) -> None:
        """Start and wait until connections are accepted.

        Raises:
            ServerDidNotStart: with the server's own log line.
        """
        accounts.private_folder(self.socket, self.account)
        offset = self.log.stat().st_size if self.log.exists() else 0
        done = self.run(
            "pg_ctl", "start", "-w", "-t", str(int(timeout)), "-D", self.data, "-l", self.log, timeout=timeout + 30
        )
        if done.returncode:
            raise ServerDidNotStart(_last_line(self.log_since(offset)) or _last_line(done.stderr) or done.stdout)

    def stop(self, mode: str = "fast") -> None:
        """Stop and wait; nothing happens if it does not run. Modes as pg_ctl's: smart, fast, immediate."""
        if self.running:
            self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", self.data)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL the postmaster and every process below it, as a power cut would."""
        pid = self.pid
        if pid is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(pid)
            family = [postmaster, *postmaster.children(recursive=True)]
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
            psutil.wait_procs(family, timeout=10)

    def remove(self) -> None:
        """Stop at once and delete the cluster's folders."""
        self.stop("immediate")
        if self.socket != self.folder:
            shutil.rmtree(self.socket, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The postmaster's process id by postmaster.pid, whether it is alive or not."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    @property
    def running(self) -> bool:
        """True while the postmaster lives."""
        pid = self.pid
        return pid is not None and psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE

    def wait_until_gone(self, timeout: float = 10) -> None:
        """Wait for the postmaster to end."""
        limit = time.monotonic() + timeout
        while self.running and time.monotonic() < limit:
            time.sleep(0.05)

    def log_since(self, offset: int) -> str:
        """The server's log from this byte on."""
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
        return ""

    def _write(self, path: Path, text: str, *, keep_root: bool = False) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        if not keep_root:
            self.account.own(path)


def _last_line(text: str) -> str:
    """The line that says why: the last FATAL or ERROR line, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("FATAL:", "ERROR:", "PANIC:", "error:"))]
    return (telling or lines or [""])[-1]
