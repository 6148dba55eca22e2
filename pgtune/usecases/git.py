"""git as a reader of trees and files, in whatever repository: nothing that its configuration names is ever started.

Only commands that read objects, references and the index are used. None compares files of the working tree (which
would run the filters that a repository names), and none fetches: every transport is forbidden, so a partial clone
cannot be made to start its programs.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pgtune.model.errors import BadInput

# What a repository's own configuration could otherwise name to be started or read by the commands used here.
_OPTIONS = (
    "--no-pager", "--no-replace-objects", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "diff.external=",
    "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false", "-c", "core.attributesFile=/dev/null",
    "-c", "core.sshCommand=false", "-c", "core.pager=cat", "-c", "core.alternateRefsCommand=true",
)  # fmt: skip
_PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a revision: `mode` as git writes it (120000 is a link), `oid` that of its content."""

    mode: str
    oid: str


@dataclass(frozen=True, slots=True)
class Git:
    """The repository whose working tree is `top`."""

    top: Path

    def text(self, *arguments: str) -> str:
        """What the command prints, without the newline at its end.

        Raises:
            BadInput: git refuses, or is not installed.
        """
        return self.read(*arguments).decode(errors="surrogateescape").rstrip("\n")

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What the command prints.

        Raises:
            BadInput: git refuses, or is not installed.
        """
        done = self._run(arguments, stdin)
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise BadInput(f"git {arguments[0]}: {reason[0]}")
        return done.stdout

    def holds(self, *arguments: str) -> bool:
        """Whether the command ends well."""
        return not self._run(arguments, b"").returncode

    def _run(self, arguments: Iterable[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        place = (f"--git-dir={self.top / '.git'}", f"--work-tree={self.top}")
        try:
            return subprocess.run(
                (_program(), *place, *_OPTIONS, *arguments), cwd=self.top, input=stdin, capture_output=True,
                env=_environment(), timeout=_PATIENCE_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise BadInput(f"git did not answer within {_PATIENCE_S} s") from None

    def commit(self, name: str) -> str | None:
        """The commit that a name means, None if there is none."""
        if name.startswith("-"):
            return None
        found = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return self.text(*found).splitlines()[-1] if self.holds(*found) else None

    def tree(self, commit: str) -> dict[str, Entry]:
        """The files of a commit by path."""
        return dict(_entries(self.read("ls-tree", "-r", "-z", "--full-tree", commit)))

    def present(self) -> tuple[str, ...]:
        """The paths of the working tree: those in the index, and new ones that are not ignored."""
        listed = self.read("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--full-name")
        return tuple(sorted({os.fsdecode(each) for each in listed.split(b"\0") if each}))

    def contents(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The contents of files by their oid.

        Raises:
            BadInput: the clone is a partial one and lacks some; they are not fetched.
        """
        wanted = sorted(set(oids))
        found = dict(_contents(self.read("cat-file", "--batch", stdin="\n".join([*wanted, ""]).encode())))
        if len(found) < len(wanted):
            raise BadInput("this clone lacks files of its own history: fetch them (git fetch --refetch --no-filter)")
        return found


def repository(root: Path) -> Git:
    """The repository that holds this folder, found by its `.git` alone, which no file of a revision can be.

    Raises:
        BadInput: it is in none.
    """
    for folder in (root.resolve(), *root.resolve().parents):
        if (folder / ".git").exists():
            return Git(folder)
    raise BadInput(f"{root} is in no git repository: --diff needs one")


def _program() -> str:
    """Git's path; one that depends on the folder (a PATH with `.`) could be a file of the repository."""
    found = shutil.which("git")
    if found is None or not Path(found).is_absolute():
        raise BadInput("git is not installed: --diff needs it")
    return found


def _environment() -> dict[str, str]:
    """That of the caller without what directs git elsewhere, and with every transport forbidden."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C",
    }  # fmt: skip


def _entries(listed: bytes) -> Iterator[tuple[str, Entry]]:
    for line in filter(None, listed.split(b"\0")):
        words, _, path = line.partition(b"\t")
        mode, kind, oid = words.decode().split()
        if kind == "blob":
            yield os.fsdecode(path), Entry(mode, oid)


def _contents(batch: bytes) -> Iterator[tuple[str, bytes]]:
    """The answers of `cat-file --batch`: a line of oid, kind and size, the content, a newline."""
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        oid, *said = batch[at:end].decode().split()
        at = end + 1
        if len(said) == 2:  # else it is missing
            size = int(said[1])
            yield oid, batch[at : at + size]
            at += size + 1
