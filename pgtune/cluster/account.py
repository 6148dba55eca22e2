"""The operating-system account that runs our servers: PostgreSQL refuses to run as root.

A plain user runs them as himself. Root runs them as a system account of their own, so that not even a server that was
broken into can reach the files of a production server (which belong to `postgres`) or of other services (`nobody`).
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pgtune.model.errors import NotAllowed

NAME = "pgtune-sandbox"
ROOT_HOME = Path("/var/lib/pgtune")


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs a process: names as in passwd, `switch` is True if the process must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None, *, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, output captured; never raises for a non-zero exit."""
        identity = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}
        return subprocess.run(
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            cwd="/",
            env={**_environment(), **(environment or {})},
            **identity,  # type: ignore[call-overload]  # a dict of keyword arguments that the stub spells out
        )

    def own(self, path: Path) -> None:
        """Give a file or folder to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def may_reach(self, path: Path) -> bool:
        """True if this account can enter every folder above `path`."""
        return not self.switch or all(_open_to(folder, self) for folder in path.resolve().parents)


def _open_to(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == account.gid else 0o001))


def _environment() -> dict[str, str]:
    """The caller's environment without what libpq and PostgreSQL would read from it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "/usr/bin:/bin")}


def current() -> Account:
    """The account for our servers: the caller, or the sandbox account where the caller is root.

    Raises:
        NotAllowed: root, and the account neither exists nor can be made.
    """
    if os.geteuid() != 0:
        me = pwd.getpwuid(os.geteuid())
        return Account(me.pw_name, me.pw_uid, me.pw_gid, switch=False)
    return _system_account()


def _system_account() -> Account:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd is None:
            raise NotAllowed(f"PostgreSQL refuses to run as root and the account {NAME} cannot be made: no useradd")
        subprocess.run(
            [
                useradd,
                "--system",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                "/usr/sbin/nologin",
                NAME,
            ],
            check=False,
            capture_output=True,
        )
        try:
            entry = pwd.getpwnam(NAME)
        except KeyError:
            raise NotAllowed(f"PostgreSQL refuses to run as root and the account {NAME} could not be made") from None
    return Account(NAME, entry.pw_uid, entry.pw_gid, switch=True)


def home() -> Path:
    """Where pgtune keeps its own servers and records: /var/lib/pgtune for root, else the user's state folder."""
    chosen = os.environ.get("PGTUNE_HOME")
    if chosen:
        return Path(chosen)
    return ROOT_HOME if os.geteuid() == 0 else Path(platformdirs.user_state_dir("pgtune", appauthor=False))


def private_folder(path: Path, account: Account) -> Path:
    """Make a folder of mode 0700 that belongs to the account; the folders above it stay enterable."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    account.own(path)
    return path
