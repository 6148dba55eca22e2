"""Build the image of docker/Dockerfile without a container engine, and run it: what `./run container` calls.

The steps are read from the Dockerfile, so there is no second copy of them. Each stage is an overlay on a root file
system; RUN is a chroot, COPY copies, and the finished root is run read-only, by the uid of USER, without capabilities.
All mounts live in a mount namespace of their own and end with the process. It needs root and Linux.

The root is a fresh Debian, made by mmdebstrap once (half a minute) and kept.
"""

import argparse
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

PROJECT = Path(__file__).parents[1]
DOCKERFILE = PROJECT / "docker" / "Dockerfile"
KEPT = Path(os.environ.get("PGTUNE_HOME", "/var/cache/pgtune-tests")) / "roots"
NOT_COVERED = """\
NOT COVERED here, for want of a container engine: the base image itself (a fresh Debian of the same release stands in
for it), layers and their cache, .dockerignore, HEALTHCHECK's timer, networks, cgroup limits, seccomp, and compose.yaml
beyond its form."""
# What the process of a container has of /dev.
DEVICES = ("null", "zero", "random", "urandom")
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(slots=True)
class Stage:
    """One FROM and what follows it."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str | None:
        """The value of the last instruction of this kind."""
        return next((value for each, value in reversed(self.steps) if each == instruction), None)

    def environment(self) -> dict[str, str]:
        """What ENV sets."""
        words = [word for each, value in self.steps if each == "ENV" for word in shlex.split(value)]
        return dict(word.split("=", 1) for word in words)

    def user(self) -> tuple[int, int]:
        """The uid and gid of USER, which must be numbers for Kubernetes to see that it is not root."""
        uid, gid = (self.last("USER") or "").split(":")
        return int(uid), int(gid)


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile, with ARG put in."""
    parser = DockerfileParser(fileobj=io.BytesIO(text.encode()))
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for step in parser.structure:
        instruction, value = step["instruction"], step["value"]
        if instruction == "COMMENT":
            continue
        if instruction == "ARG" and not found:
            name, _, default = value.partition("=")
            arguments[name] = default
        elif instruction == "FROM":
            base, _, name = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], value).partition(" AS ")
            found.append(Stage(base, name.strip()))
        else:
            found[-1].steps.append((instruction, value))
    return found


@dataclass(slots=True)
class Builder:
    """Carries out stages on overlays of a root, below a folder of its own."""

    folder: Path
    base: Path
    wheels: Path
    roots: dict[str, Path] = field(default_factory=dict)

    def build(self, stage: Stage) -> Path:
        """The root of a finished stage."""
        root = self._overlay(stage.name or "final")
        self.roots[stage.name] = root
        for instruction, value in stage.steps:
            say(f"{instruction} {' '.join(value.split())[:100]}")
            if instruction == "RUN":
                self._run(root, value, stage.environment())
            elif instruction == "COPY":
                self._copy(root, value.split())
            elif instruction not in {"ENV", "USER", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"}:
                raise SystemExit(f"{instruction} is not known here")
        return root

    def _overlay(self, name: str) -> Path:
        upper, work, root = (self.folder / name / part for part in ("upper", "work", "root"))
        for each in (upper, work, root):
            each.mkdir(parents=True)
        mount("-t", "overlay", "overlay", "-o", f"lowerdir={self.base},upperdir={upper},workdir={work}", root)
        shutil.copy(Path("/etc/resolv.conf").resolve(), root / "etc" / "resolv.conf")
        return root

    def _run(self, root: Path, command: str, environment: Mapping[str, str]) -> None:
        lent = self._lend_wheels(root) if "pip install" in command else {}
        mount("-t", "proc", "proc", root / "proc")
        try:
            variables = {"PATH": DEFAULT_PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
            words = [CHROOT, str(root), "/bin/sh", "-c", command]
            done = subprocess.run(
                words, env=variables | lent | environment, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, check=False,
            )  # fmt: skip
        finally:
            subprocess.run(["umount", str(root / "proc")], check=True)
        if done.returncode:
            raise SystemExit(f"RUN {command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")

    def _lend_wheels(self, root: Path) -> dict[str, str]:
        """Give pip the wheels that it would fetch: how this machine reaches a registry is no matter of the image."""
        if not self.wheels.is_dir():
            fetch_wheels(root, self.wheels)
        (root / "wheels").mkdir(exist_ok=True)
        mount("--bind", self.wheels, root / "wheels")
        return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}

    def _copy(self, root: Path, words: Sequence[str]) -> None:
        source = PROJECT
        if words[0].startswith("--from="):
            source, words = self.roots[words[0].removeprefix("--from=")], words[1:]
        *names, into = words
        target = root / into.lstrip("/")
        for name in names:
            path = source / name.lstrip("/")
            if path.is_dir():
                ignored = shutil.ignore_patterns("__pycache__") if source == PROJECT else None
                shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True, ignore=ignored)
            else:
                destination = target / path.name if into.endswith("/") else target
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, destination)


@dataclass(frozen=True, slots=True)
class Image:
    """A finished root and how it is run."""

    root: Path
    stage: Stage

    def prepare(self, sockets: Path | None) -> None:
        """Mount it as compose.yaml has it: the root read-only, a small /tmp, a volume for the history, few devices."""
        uid, gid = self.stage.user()
        (self.root / "run/postgresql").mkdir(parents=True, exist_ok=True)
        for name in DEVICES:
            (self.root / "dev" / name).touch()
        mount("--bind", self.root, self.root)
        for name in DEVICES:
            mount("--bind", Path("/dev") / name, self.root / "dev" / name)
        mount("-t", "proc", "proc", self.root / "proc")
        mount("-t", "tmpfs", "-o", "size=16m,noexec,nosuid,nodev,mode=1777", "tmpfs", self.root / "tmp")
        home = self.root / "var/lib/pgtune"
        mount("-t", "tmpfs", "-o", f"size=64m,mode=0700,uid={uid},gid={gid}", "tmpfs", home)
        if sockets is not None:
            mount("--bind", sockets, self.root / "run/postgresql")
        mount("-o", "remount,ro,bind", self.root)

    def words(self, *command: str) -> list[str]:
        """A command of the container, as its account and without any capability."""
        uid, gid = self.stage.user()
        drop = ["--reuid", str(uid), "--regid", str(gid), "--clear-groups", "--no-new-privs", "--bounding-set", "-all"]
        return [CHROOT, str(self.root), "/usr/bin/setpriv", *drop, "--inh-caps", "-all", "--", *command]

    def started(self, *command: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command of the container."""
        environment = {"PATH": DEFAULT_PATH} | self.stage.environment() | variables
        return subprocess.Popen(
            self.words(*command), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *command: str, **variables: str) -> tuple[int, str]:
        """The exit code and the output of a command of the container."""
        process = self.started(*command, **variables)
        out, problems = process.communicate(timeout=60)
        return process.returncode, out + problems


def mount(*words: str | Path) -> None:
    """Mount in this process's own namespace."""
    subprocess.run(["mount", *map(str, words)], check=True)


def say(text: str) -> None:
    """Talk to standard error."""
    print(f"container: {text}", file=sys.stderr, flush=True)


def kept_wheels(base: Path) -> Path:
    """Where the wheels for this base lie; another list of dependencies is another folder."""
    listed = hashlib.sha256((PROJECT / "pyproject.toml").read_bytes()).hexdigest()[:12]
    return KEPT / f"wheels-{base.name}-{listed}"


def fetch_wheels(root: Path, folder: Path) -> None:
    """What pgtune needs, for the Python that is in the root."""
    words = [CHROOT, str(root), "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = subprocess.run(words, capture_output=True, text=True, check=True, env={"PATH": DEFAULT_PATH}).stdout
    fresh = folder.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(fresh)]
    done = subprocess.run(
        [*pip, "--python-version", version.strip(), *needed], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the wheels of pgtune's dependencies cannot be fetched: {done.stderr[-2000:]}")
    for old in KEPT.glob(f"{folder.name.rpartition('-')[0]}-*"):
        if old != fresh:
            shutil.rmtree(old)
    fresh.rename(folder)


def clean_root(base: str) -> Path:
    """A fresh Debian of the release that the image names, made once and kept."""
    release = re.fullmatch(r"debian:(\w+)-slim", base)
    if release is None:
        raise SystemExit(f"no way to make the root of {base} without an engine")
    kept = KEPT / release[1]
    if not kept.is_dir():
        if shutil.which("mmdebstrap") is None:
            raise SystemExit("mmdebstrap makes the root: apt-get install mmdebstrap")
        fresh = kept.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        fresh.chmod(0o755)
        say(f"making a fresh Debian {release[1]} in {kept}, which takes a minute")
        words = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", release[1], str(fresh), *_sources()]
        subprocess.run(words, check=True)
        fresh.rename(kept)
    return kept


def _sources() -> list[str]:
    """This machine's own apt sources, if it is a Debian."""
    return [str(path) for path in sorted(Path("/etc/apt").glob("sources.list*/*.sources"))]


def check(image: Image, conninfo: Mapping[str, str]) -> None:
    """Run the image as compose.yaml does, and stop it; raise AssertionError where it is not what it promises."""
    uid, _ = image.stage.user()
    assert image.run("id", "-u") == (0, f"{uid}\n")
    assert image.run("touch", "/opt/pgtune/x")[0] != 0, "the root file system can be written"
    entry = json.loads(image.stage.last("ENTRYPOINT") or "")
    code, said = image.run(*entry, "--version")
    assert (code, said[:8]) == (0, "pgtune, "), said
    for name in ("pip", "gcc", "git"):
        assert image.run("sh", "-c", f"command -v {name}")[0] != 0, f"{name} is in the image"
    say(f"size beyond the base: {size(image.root.parent / 'upper') >> 20} MB")
    command = [*entry, *json.loads(image.stage.last("CMD") or "")]
    process = image.started(*command, **conninfo)
    health = json.loads((image.stage.last("HEALTHCHECK") or "").partition("CMD ")[2])
    end = time.monotonic() + 40
    while (seen := image.run(*health, **conninfo))[0]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, seen
        time.sleep(0.5)
    say(f"health check: {seen[1].strip()}")
    process.terminate()
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert not conninfo or seen[1] == "leading\n", (seen, log)


def size(folder: Path) -> int:
    """The bytes of all files below."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def main() -> None:
    """Build and check, in a mount namespace of our own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=Path, help="folder with the socket of a server to maintain")
    parser.add_argument("--port", default="5432", help="its port")
    parser.add_argument("--password", type=Path, help="file with the password of its superuser")
    given = parser.parse_args()
    if os.environ.get("PGTUNE_CONTAINER") != "inside":
        os.environ["PGTUNE_CONTAINER"] = "inside"
        words = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv]
        os.execvp(words[0], words)
    found = stages(DOCKERFILE.read_text(encoding="utf-8"))
    base = clean_root(found[-1].base)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="pgtune-container-"))
    folder.chmod(0o755)
    try:
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)  # it ends with the namespace, whatever happens
        builder = Builder(folder, base, kept_wheels(base))
        root = [builder.build(stage) for stage in found][-1]
        image = Image(root, found[-1])
        image.prepare(given.sockets)
        conninfo = {}
        if given.sockets:
            password = given.password.read_text().strip()
            conninfo = {"PGHOST": "/run/postgresql", "PGPORT": given.port, "PGUSER": "postgres", "PGPASSWORD": password}
        check(image, conninfo)
    finally:
        subprocess.run(["umount", "--lazy", "--recursive", str(folder)], check=False)
        folder.rmdir()
    say(f"built, run, and stopped on {base} in {time.monotonic() - began:.0f} s")
    say(NOT_COVERED)


if __name__ == "__main__":
    main()
