"""The operating-system account that runs our servers: PostgreSQL refuses to run as root.

A plain user runs them as himself. Root runs them as a system account of their own, so that not even a server that was
broken into can reach the files of a production server (which belong to `postgres`) or of other services (`nobody`).

What lies in a folder of that account is the account's to change, links included: files there are written by a process
of the account, never by root, and a folder is taken over only after it was opened and found to be no link.
"""

import errno
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
# What a server's programs are given of the caller's environment: nothing of libpq's, no language, no secret.
PASSED_ON = ("PATH", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs a process: names as in passwd, `switch` is True if the process must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        *,
        timeout: float = 120,
        text: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, output captured; never raises for a non-zero exit.

        `text` is what it reads from its standard input, which is empty otherwise.
        """
        identity = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            input=text or "",
            timeout=timeout,
            cwd="/",
            env={**_environment(), **(environment or {})},
            **identity,  # type: ignore[call-overload]  # a dict of keyword arguments that the stub spells out
        )
        return done

    def write(self, path: Path, text: str, *, append: bool = False) -> None:
        """Write a file of mode 0600 as this account.

        Raises:
            NotAllowed: the system refused, as a full disk or a folder of somebody else's; the message is its own.
        """
        script = 'umask 077; cat >> "$1"' if append else 'umask 077; cat > "$1"'
        done = self.run(["/bin/sh", "-c", script, "sh", path], text=text)
        if done.returncode:
            raise NotAllowed(f"{path} cannot be written as {self.name}: {done.stderr.strip()}")

    def own(self, path: Path) -> None:
        """Give a file or folder to this account; a link itself is given, never what it points to."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may_reach(self, path: Path) -> bool:
        """True if this account can enter every folder above `path`."""
        return not self.switch or all(_open_to(folder, self) for folder in path.resolve().parents)


def _open_to(folder: Path, account: Account) -> bool:
    try:
        status = folder.stat()
    except FileNotFoundError:  # made later, and enterable then
        return True
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == account.gid else 0o001))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PATH": "/usr/bin:/bin", **kept, "LC_ALL": "C.UTF-8"}


def current() -> Account:
    """The account for our servers: the caller, or the sandbox account where the caller is root.

    Raises:
        NotAllowed: root, and the account neither exists nor can be made.
    """
    if os.geteuid() == 0:
        return _system_account()
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container that was given a number alone
        name = str(os.geteuid())
    return Account(name, os.geteuid(), os.getegid(), switch=False)


def _system_account() -> Account:
    entry = _entry() or _made_entry()
    if entry.pw_uid == 0:
        raise NotAllowed(f"the account {NAME} is root under another name; PostgreSQL refuses to run as root")
    return Account(NAME, entry.pw_uid, entry.pw_gid, switch=True)


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _made_entry() -> pwd.struct_passwd:
    """Make the system account; another process may have been faster, so only the result counts."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise NotAllowed(f"PostgreSQL refuses to run as root and the account {NAME} cannot be made: no useradd")
    nowhere = ("--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")
    done = subprocess.run([useradd, "--system", *nowhere, NAME], check=False, capture_output=True, text=True)
    entry = _entry()
    if entry is None:
        why = f"PostgreSQL refuses to run as root and the account {NAME} could not be made"
        raise NotAllowed(f"{why}: {done.stderr.strip()}")
    return entry


def home() -> Path:
    """Where pgtune keeps its own servers and records: /var/lib/pgtune for root, else the user's state folder."""
    chosen = os.environ.get("PGTUNE_HOME")
    if chosen:
        return Path(chosen).absolute()
    return ROOT_HOME if os.geteuid() == 0 else Path(platformdirs.user_state_dir("pgtune", appauthor=False))


def enterable_folder(path: Path) -> Path:
    """Make a folder and those above it; what root makes here may be entered by everyone, whatever the umask.

    Raises:
        NotAllowed: the system refused.
    """
    if path.is_dir():
        return path
    enterable_folder(path.parent)
    try:
        path.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            path.chmod(0o755)
    except OSError as error:
        raise NotAllowed(f"{path} cannot be made: {error.strerror}") from None
    return path


def private_folder(path: Path, account: Account) -> Path:
    """Make a folder of mode 0700 that belongs to the account; the folders above it stay enterable.

    Raises:
        NotAllowed: a link or somebody else's folder stands there, the system refused, or the account cannot get in.
    """
    enterable_folder(path.parent)
    if not account.may_reach(path):
        why = f"{account.name}, which runs PostgreSQL for root, cannot enter {path.parent}"
        raise NotAllowed(f"{why}: set PGTUNE_HOME (or TMPDIR) to a folder that it may enter")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _take_over(descriptor, account)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise NotAllowed(f"{path} cannot be made a private folder: {error.strerror}") from None
    return path


def _take_over(descriptor: int, account: Account) -> None:
    """Close an opened folder to everyone but the account; refuse one that is neither ours nor the account's."""
    owner = os.fstat(descriptor).st_uid
    if owner not in {os.geteuid(), account.uid}:
        raise PermissionError(errno.EPERM, "it belongs to somebody else")
    os.fchmod(descriptor, 0o700)
    if account.switch:
        os.fchown(descriptor, account.uid, account.gid)
