"""What a branch changes, in real repositories, friendly and hostile."""

import os
import subprocess
from pathlib import Path

import pytest

from pgtune.model.errors import BadInput
from pgtune.usecases import files
from pgtune.usecases.changes import changed


class Repository:
    """A repository of a test, that no configuration of the machine reaches."""

    def __init__(self, top: Path, *options: str) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@x", "-c", "protocol.file.allow=always")
        clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.top, env=clean, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str | bytes) -> None:
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, **texts: str | bytes) -> None:
        for path, text in texts.items():
            self.write(path.replace("__", "/") + ".sql", text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "project")
    made.commit(a="select 1;\nselect 2;\nselect 3;\n", db__b="select 4;\n")
    made.git("checkout", "-q", "-b", "work")
    return made


def test_added_and_altered_lines(repository):
    """Only what the branch adds or alters: committed, not committed, and in new files."""
    repository.commit(a="select 1;\nselect 22;\nselect 3;\n")
    repository.write("a.sql", "select 0;\nselect 1;\nselect 22;\nselect 3;\n")
    repository.write("db/new.sql", "select 5;\n")
    change = changed(repository.top / "db", "main")
    assert [line for line in range(1, 5) if change.touches("a.sql", line, line)] == [1, 3]
    assert change.touches("db/new.sql", 1, 1)
    assert set(change.lines) == {"a.sql", "db/new.sql"}
    assert change.files["db/b.sql"] == b"select 4;\n"


def test_a_line_taken_out_of_a_statement_alters_it(repository):
    """But one taken out between two statements alters neither."""
    repository.commit(w="delete from t\nwhere a = 1\n  and b = 2;\nselect 2;\nselect 3;\n")
    repository.git("branch", "-f", "main")
    repository.write("w.sql", "delete from t\nwhere a = 1;\nselect 3;\n")
    assert changed(repository.top, "main").touches("w.sql", 1, 2)
    repository.write("w.sql", "delete from t\n  and b = 2;\nselect 2;\nselect 3;\n")
    change = changed(repository.top, "main")
    assert change.touches("w.sql", 1, 2)
    assert not change.touches("w.sql", 3, 3)
    repository.write("w.sql", "delete from t\nwhere a = 1\n  and b = 2;\nselect 3;\n")
    change = changed(repository.top, "main")
    assert not any(change.touches("w.sql", *lines) for lines in ((1, 3), (4, 4)))


def test_what_the_base_did_meanwhile_is_none_of_the_change(repository):
    """The base is where the branch left it; policy and history are read there."""
    repository.commit(c="select 6;\n")
    repository.git("checkout", "-q", "main")
    repository.commit(a="select 100;\n", d="select 7;\n")
    repository.git("checkout", "-q", "work")
    change = changed(repository.top, "main")
    assert set(change.lines) == {"c.sql"}
    assert change.deleted == ()
    assert change.base_file("a.sql") == b"select 1;\nselect 2;\nselect 3;\n"
    assert change.base_file("d.sql") is None
    assert set(change.base_files()) == {"a.sql", "db/b.sql"}


def test_renames_and_deletions(repository):
    """A moved file is new in no line; an altered one in those that differ; a deleted one is named."""
    repository.commit(long="".join(f"select {each};\n" for each in range(9)), gone="select 8;\n")
    repository.git("branch", "-f", "main")
    repository.git("mv", "a.sql", "moved.sql")
    repository.git("mv", "long.sql", "altered.sql")
    repository.write("altered.sql", "".join(f"select {each};\n" for each in range(8)) + "select 80;\n")
    (repository.top / "gone.sql").unlink()
    change = changed(repository.top, "main")
    assert change.renamed == {"moved.sql": "a.sql", "altered.sql": "long.sql"}
    assert change.deleted == ("gone.sql",)
    assert [line for line in range(1, 10) if change.touches("altered.sql", line, line)] == [9]
    assert not change.touches("moved.sql", 1, 3)


@pytest.mark.parametrize(
    "name", ['quo"te.sql', "new\nline.sql", "tab\tä €.sql", "-dash.sql", ":(top)x.sql", "sp ace.sql"]
)
def test_odd_names(repository, name):
    """As they are, quoted nowhere."""
    repository.write(name, "select 1;\n")
    assert name in changed(repository.top, "main").lines
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "x")
    repository.git("branch", "-f", "main")
    repository.write(name, "select 2;\n")
    change = changed(repository.top, "main")
    assert set(change.lines) == {name}
    assert change.base_file(name) == b"select 1;\n"


def test_line_ends_and_encodings_alone_are_no_change(repository):
    """A checkout with CRLF holds what the revision with LF holds; a binary file has no lines."""
    repository.write("a.sql", "select 1;\r\nselect 2;\r\nselect 3;\r\n")
    repository.write("blob.sql", b"\0\1\2")
    change = changed(repository.top, "main")
    assert not change.touches("a.sql", 1, 3)
    assert "blob.sql" not in change.lines


def test_shallow_clones_say_what_to_fetch(repository, tmp_path):
    """With no common commit, and with no base at all."""
    for each in range(3):
        repository.commit(a=f"select {each};\n")
    clone = Repository(tmp_path / "shallow")
    clone.git("fetch", "-q", "--depth=1", f"file://{repository.top}", "work")
    clone.git("checkout", "-q", "FETCH_HEAD")
    with pytest.raises(BadInput, match="fetch-depth"):
        changed(clone.top, "main")
    clone.git("fetch", "-q", "--depth=1", f"file://{repository.top}", "main:refs/remotes/origin/main")
    with pytest.raises(BadInput, match="fetch-depth"):
        changed(clone.top, "main")


def test_a_base_of_the_remote_is_found(repository, tmp_path):
    """CI has `origin/main` alone."""
    repository.commit(a="select 5;\n")
    clone = Repository(tmp_path / "clone")
    clone.git("remote", "add", "origin", f"file://{repository.top}")
    clone.git("fetch", "-q", "origin")
    clone.git("checkout", "-q", "--detach", "origin/work")
    assert set(changed(clone.top, "main").lines) == {"a.sql"}


@pytest.mark.parametrize("base", ["nowhere", "--output=/tmp/x", "", "main\n", "HEAD:a.sql"])
def test_unknown_bases_are_refused(repository, base):
    """In one line, whatever was given."""
    with pytest.raises(BadInput, match="git knows no") as refused:
        changed(repository.top, base)
    assert "\n" not in str(refused.value)


def test_no_repository_and_no_commit(tmp_path):
    """Each is said as what it is."""
    (tmp_path / "plain").mkdir()
    with pytest.raises(BadInput, match="no git repository"):
        changed(tmp_path / "plain", "main")
    empty = Repository(tmp_path / "empty")
    with pytest.raises(BadInput, match="no commit"):
        changed(empty.top, "main")


def test_no_common_history(repository):
    """An orphan is said to be one."""
    repository.git("checkout", "-q", "--orphan", "alone")
    repository.commit(z="select 1;\n")
    with pytest.raises(BadInput, match="no commit in common"):
        changed(repository.top, "main")


def test_nothing_that_the_repository_names_is_started(repository, tmp_path, monkeypatch):
    """Its configuration, attributes and hooks name programs for every occasion; none of them runs."""
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f'#!/bin/sh\necho "$0 $@" >> {sprung}\ncat\n')
    trap.chmod(0o755)
    hooks = repository.top / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "post-checkout", "reference-transaction", "pre-auto-gc"):
        (hooks / hook).write_text(trap.read_text())
        (hooks / hook).chmod(0o755)
    for name in (
        "core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean",
        "filter.evil.smudge", "filter.evil.process", "core.pager", "pager.ls-tree", "pager.ls-files", "core.sshCommand",
        "core.editor", "core.gitProxy", "core.askPass", "credential.helper", "core.alternateRefsCommand",
        "gpg.program", "alias.ls-files", "alias.ls-tree", "uploadpack.packObjectsHook", "trace2.eventTarget",
    ):  # fmt: skip
        repository.git("config", name, f"!{trap}" if name.startswith("alias") else str(trap))
    repository.git("config", "remote.evil.url", f"ext::{trap}")
    repository.git("config", "remote.evil.promisor", "true")
    repository.git("config", "extensions.partialClone", "evil")
    repository.git("config", "protocol.ext.allow", "always")
    repository.git("config", "core.worktree", "/etc")
    repository.write(".gitattributes", "*.sql diff=evil filter=evil\n")
    repository.write("a.sql", "select 1;\nselect 2;\n")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    sprung.unlink(missing_ok=True)
    change = changed(repository.top, "main")
    change.base_files()
    assert "a.sql" in change.lines
    oid = change.tree["a.sql"].oid  # an object that a partial clone would fetch now
    (repository.top / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(BadInput, match="lacks files"):
        change.base_file("a.sql")
    assert not sprung.exists(), sprung.read_text()


def test_an_embedded_repository_is_no_repository(repository, tmp_path):
    """A branch can commit files that look like a bare repository with a configuration of their own."""
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    bare = repository.top / "sub"
    Repository(bare).git("config", "core.fsmonitor", str(trap))
    for each in (bare / ".git").iterdir():
        each.rename(bare / each.name)
    (bare / ".git").rmdir()
    (bare / "x.sql").write_text("select 1;")
    sprung.unlink(missing_ok=True)
    assert changed(bare, "main").root == repository.top
    assert not sprung.exists()


def test_links_pipes_and_giants_are_not_read(repository, tmp_path):
    """What leads out is named, what is no file is passed over, what is too large is named with its size."""
    secret = tmp_path / "secret.sql"
    secret.write_text("select 'secret';")
    (repository.top / "out.sql").symlink_to(secret)
    (repository.top / "outside").symlink_to(tmp_path)
    (repository.top / "in.sql").symlink_to("a.sql")
    (repository.top / "loop.sql").symlink_to("loop.sql")
    os.mkfifo(repository.top / "pipe.sql")
    with (repository.top / "giant.sql").open("wb") as file:
        file.truncate(files.LARGEST + 1)
    found = files.read(
        repository.top,
        ["a.sql", "out.sql", "outside/secret.sql", "in.sql", "loop.sql", "pipe.sql", "giant.sql", "no.sql"],
    )
    assert set(found.contents) == {"a.sql"}
    assert {each.path for each in found.skipped} == {"out.sql", "outside/secret.sql", "loop.sql", "giant.sql"}
    change = changed(repository.top, "main")
    assert "secret" not in repr(change.files)
    assert {each.path for each in change.skipped} == {"out.sql", "loop.sql", "giant.sql"}


def test_files_below_folders(repository):
    """Those of a name that is wanted, each once, in order; git's own and installed packages are not the project's."""
    repository.write("node_modules/x/y.sql", "select 1")
    repository.write("db/c.txt", "no")
    wanted = files.below(
        repository.top,
        [repository.top, repository.top / "db", repository.top / "a.sql"],
        lambda each: each.endswith(".sql"),
    )
    assert wanted == ("a.sql", "db/b.sql")


def test_repositories_with_longer_names(tmp_path):
    """A file that is as it was is known to be, whatever git calls its content."""
    made = Repository(tmp_path / "long", "--object-format=sha256")
    made.commit(a="select 1;\n", b="select 2;\n")
    made.write("b.sql", "select 3;\n")
    assert set(changed(made.top, "main").lines) == {"b.sql"}


def test_a_working_tree_of_its_own(repository, tmp_path):
    """Where `.git` is a file that names the repository."""
    repository.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other", "main")
    (tmp_path / "tree" / "a.sql").write_text("select 1;\n")
    assert set(changed(tmp_path / "tree", "main").lines) == {"a.sql"}
