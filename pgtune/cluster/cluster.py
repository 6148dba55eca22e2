"""One PostgreSQL cluster of our own: made, configured, started, stopped, killed and removed."""

import contextlib
import hashlib
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import psutil
from psycopg.conninfo import make_conninfo

from pgtune.cluster import account as accounts
from pgtune.cluster.account import Account
from pgtune.cluster.binaries import Binaries
from pgtune.model.errors import BadInput, NotAllowed, ServerDidNotStart

SUPERUSER = "postgres"
LONGEST_SOCKET_FOLDER = 85  # sun_path holds 107 bytes, `.s.PGSQL.65535.lock` takes 20
SHORT_SOCKET_ROOT = Path("/tmp")  # noqa: S108  (a private folder in it, taken over only if it is ours)
# pg_ctl hands these to a shell between double quotes, where they would not stay what they are.
UNUSABLE = re.compile(r'["$`\\\n]')


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
        """Make an empty cluster in a folder that is new or empty; nothing is left where that fails.

        Raises:
            BadInput: the folder is not empty, or no path that PostgreSQL can use.
            NotAllowed: the folder cannot be made, or not be entered by the account that runs our servers.
            ServerDidNotStart: initdb failed; the message is its own.
        """
        folder = folder.absolute()
        if UNUSABLE.search(str(folder)):
            raise BadInput(f"{folder} cannot hold a server: a double quote, $, `, \\ or a line break is in its path")
        owner = accounts.current()
        cluster = cls(accounts.private_folder(folder, owner), binaries, owner)
        if any(folder.iterdir()):
            raise BadInput(f"{folder} is not empty")
        try:
            cluster._initialize([*_checksums(binaries.major, wanted=checksums), *initdb])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cluster

    def _initialize(self, options: Sequence[str]) -> None:
        password = secrets.token_urlsafe(24)
        self.account.write(self.folder / "password", password + "\n")
        self.account.write(self.folder / "pgpass", f"*:*:*:*:{password}\n")
        done = self.run(
            "initdb", "-D", self.data, "-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8",
            f"--pwfile={self.folder / 'password'}", *options,
        )  # fmt: skip
        if done.returncode:
            raise ServerDidNotStart(f"initdb: {_reason(done.stderr)}")
        directories = f'"{self.socket}"'  # a list of names: one with blanks is quoted
        self.configure({"listen_addresses": "", "unix_socket_directories": directories, "port": str(self.port)})

    @classmethod
    def throw_away(cls, binaries: Binaries, *, checksums: bool = True, initdb: Sequence[str] = ()) -> "Cluster":
        """A cluster in a new folder below the temporary directory; `remove` it in the end."""
        folder = Path(tempfile.mkdtemp(prefix="pgtune-"))
        try:
            return cls.create(binaries, folder, checksums=checksums, initdb=("--no-sync", *initdb))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @classmethod
    def at(cls, folder: Path, binaries: Binaries) -> "Cluster":
        """The cluster that `create` made in this folder earlier."""
        return cls(folder.absolute(), binaries, accounts.current())

    def _ours(self) -> bool:
        """True if the folder is as `create` makes it: private, of our account, with nothing in it but a cluster."""
        try:
            status = self.folder.stat()
            names = {path.name for path in self.folder.iterdir()}
        except OSError:
            return not self.folder.exists()  # nothing to delete
        private = status.st_uid == self.account.uid and not status.st_mode & 0o077
        return private and (not names or bool(names & {"data", "password", "pgpass"}))

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
        """The folder of the Unix socket: the cluster's own, or a short private one where that path cannot serve.

        It may be too long, or hold a comma, at which libpq would split it. The short one depends on nothing but the
        cluster's path, not even on TMPDIR: later commands must find it.
        """
        if len(str(self.folder).encode()) <= LONGEST_SOCKET_FOLDER and "," not in str(self.folder):
            return self.folder
        return SHORT_SOCKET_ROOT / f"pgtune-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]}"

    def conninfo(self, dbname: str = "postgres", user: str = SUPERUSER, **more: str) -> str:
        """A libpq connection string; the password stays in a file of mode 0600."""
        words = {"host": str(self.socket), "port": str(self.port), "user": user, "dbname": dbname}
        return make_conninfo(**(words | {"passfile": str(self.folder / "pgpass")} | more))

    def run(self, program: str, *arguments: str | Path, timeout: float = 120) -> CompletedProcess[str]:
        """Run one of this version's programs as the cluster's account.

        Raises:
            ServerDidNotStart: it did not end in time.
        """
        command = [self.binaries.program(program), *arguments]
        try:
            return self.account.run(command, self.binaries.environment, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise ServerDidNotStart(f"{program} did not end within {timeout:.0f} s") from None

    def configure(self, settings: Mapping[str, str]) -> None:
        """Append settings to postgresql.conf."""
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        self.account.write(self.data / "postgresql.conf", "".join(lines), append=True)

    def show(self, name: str = "shared_buffers", settings: Mapping[str, str] | None = None) -> CompletedProcess[str]:
        """`postgres -C name`: reads and checks the whole configuration without starting the server."""
        return self.run("postgres", "-C", name, "-D", self.data, *_options(settings))

    def start(self, timeout: float = 60, settings: Mapping[str, str] | None = None) -> None:
        """Start and wait until connections are accepted; nothing happens if it runs, nothing is left if it fails.

        `settings` hold for this run alone, as those of a bulk load.

        Raises:
            ServerDidNotStart: with the server's own log line.
        """
        if self.running:
            return
        accounts.private_folder(self.socket, self.account)
        offset = self.log.stat().st_size if self.log.exists() else 0
        done = self.run(
            "pg_ctl", "start", "-w", "-t", str(int(timeout)), "-D", self.data, "-l", self.log,
            "-o", shlex.join(_options(settings)), timeout=timeout + 30,
        )  # fmt: skip
        if done.returncode:
            reason = _reason(self.log_since(offset)) or _reason(done.stderr) or done.stdout.strip()
            self.stop("immediate")
            raise ServerDidNotStart(reason)

    def stop(self, mode: str = "fast", timeout: float = 60) -> None:
        """Stop and wait; nothing happens if it does not run. Modes as pg_ctl's: smart, fast, immediate.

        A server that has not ended after `timeout` is killed; it recovers when it is started again.
        """
        if not self.running:
            return
        self.run("pg_ctl", "stop", "-w", "-t", str(int(timeout)), "-m", mode, "-D", self.data, timeout=timeout + 30)
        self.kill()

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL the postmaster and every process below it, as a power cut would."""
        postmaster = self._postmaster()
        if postmaster is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [postmaster, *postmaster.children(recursive=True)]
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
            psutil.wait_procs(family, timeout=10)

    def remove(self) -> None:
        """Stop at once and delete the cluster's folders.

        Raises:
            NotAllowed: the folder is none that `create` made, or something of it could not be deleted.
        """
        if not self._ours():
            raise NotAllowed(f"{self.folder} is no folder of a server of pgtune's own: nothing was deleted")
        self.stop("immediate")
        for folder in {self.folder, self.socket}:
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                raise NotAllowed(f"{folder} could not be deleted")

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
        return self._postmaster() is not None

    def _postmaster(self) -> psutil.Process | None:
        """The living postmaster: a process of that id may be another by now, but only ours works in our folder."""
        pid = self.pid
        try:
            process = psutil.Process(pid) if pid and pid > 0 else None
            return process if process and Path(process.cwd()) == self.data.resolve() else None
        except psutil.Error:  # gone, a zombie, or somebody else's
            return None

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


def _checksums(major: int, *, wanted: bool) -> list[str]:
    """The option of initdb: 18 turns checksums on by itself and is the first that can be told not to."""
    if wanted:
        return ["--data-checksums"]
    return ["--no-data-checksums"] if major >= 18 else []


def _quoted(value: str) -> str:
    """A value as postgresql.conf takes it: quotes doubled, and backslashes, for they begin escapes there."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"


def _options(settings: Mapping[str, str] | None) -> list[str]:
    return [word for name, value in (settings or {}).items() for word in ("-c", f"{name}={value}")]


def _reason(text: str) -> str:
    """The line that says why: the last FATAL, PANIC or ERROR one, else the last.

    `configuration file contains errors` and `could not create any sockets` only sum up the line before them.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [n for n, line in enumerate(lines) if re.search(r"\b(FATAL|PANIC|ERROR|error): ", line)]
    if not telling:
        return lines[-1] if lines else ""
    last = telling[-1]
    if last and re.search(r"contains errors$|could not create any", lines[last]):
        return f"{lines[last - 1]}; {lines[last]}"
    return lines[last]
