"""The hook, the Action and the job of docs/ do what they say: their own lines are run in a fresh repository."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.db.reviewing import Repository

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
JOB = yaml.safe_load((ROOT / "docs/gitlab-ci.yml").read_text())["pgtune-review"]
HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
PAGES = "SELECT id FROM customers ORDER BY id LIMIT 20 OFFSET $1;\n"  # of which a rule speaks whatever the size
PROGRAMS = Path(sys.executable).parent


@pytest.fixture
def repository(tmp_path):
    """A repository with a branch that has something to say of."""
    (tmp_path / "project").mkdir()
    found = Repository(tmp_path / "project")
    found.branch()
    found.write("queries/new.sql", PAGES)
    found.commit()
    return found


def bash(script, folder, **variables):
    path = f"{variables.pop('PATH_FIRST', PROGRAMS)}{os.pathsep}{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **{name: str(value) for name, value in variables.items()}}
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


class Runner:
    """Runs the Action's steps as GitHub does, with inputs and an event of the test's own."""

    def __init__(self, repository, tmp_path, **inputs):
        self.folder = repository.root
        self.temp = tmp_path / "runner"
        (self.temp / "pgtune").mkdir(parents=True)
        (self.temp / "pgtune/bin").symlink_to(PROGRAMS)  # what the first step installs
        defaults = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
        self.inputs = defaults | inputs
        self.files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self.outputs = {}

    def run(self, name, **more):
        step = next(each for each in ACTION["runs"]["steps"] if each["name"] == name)
        variables = {key: self.expanded(value) for key, value in step["env"].items()}
        done = bash(step["run"], self.folder, RUNNER_TEMP=self.temp, GITHUB_REPOSITORY="owner/shop", **self.files,
                    **variables, **more)  # fmt: skip
        if self.files["GITHUB_OUTPUT"].exists():
            lines = self.files["GITHUB_OUTPUT"].read_text().splitlines()
            self.outputs = dict(line.split("=", 1) for line in lines)
        return done

    def expanded(self, value):
        value = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: self.inputs[found[1]], value)
        value = re.sub(r"\$\{\{ steps\.review\.outputs\.(\w+) \}\}", lambda found: self.outputs[found[1]], value)
        return value.replace("${{ github.event.pull_request.number }}", "7")


def _workflow(folder):
    """The workflow that docs/review.md shows, with an address in place of words."""
    shown = re.search(r"## GitHub\n\n```yaml\n(.*?)```", (ROOT / "docs/review.md").read_text(), re.DOTALL)
    assert shown
    file = folder / "workflow.yml"
    file.write_text(shown[1].replace("<where pgtune lives>@<a tag>", "owner/pgtune@v1"))
    return file


@pytest.mark.parametrize(
    ("schema", "file"),
    [("github-actions", ROOT / "action.yml"), ("gitlab-ci", ROOT / "docs/gitlab-ci.yml"), ("github-workflows", None)],
)
def test_the_code_hosts_read_it(schema, file, tmp_path):
    """By the schemas that they publish."""
    words = ["--builtin-schema", f"vendor.{schema}", str(file or _workflow(tmp_path))]
    done = subprocess.run([PROGRAMS / "check-jsonschema", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_action_has_what_github_asks_for():
    """Each input and output has a description, each step a shell; nothing from outside is pasted into a script."""
    assert ACTION["runs"]["using"] == "composite"
    assert all(each["description"] for each in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        assert "--render" not in step["run"]


def test_the_action_reviews(repository, tmp_path):
    """Annotations in the log, the whole in the summary, SARIF and a page as outputs; a warning alone does not fail."""
    runner = Runner(repository, tmp_path, base="main")
    assert runner.run("Fetch the base").returncode == 0
    done = runner.run("Review")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^::\w+ file=queries/new.sql,line=1,title=guide.offset", done.stdout, re.MULTILINE)
    assert runner.files["GITHUB_STEP_SUMMARY"].read_text().startswith("<!-- pgtune-review -->")
    assert set(runner.outputs) == set(ACTION["outputs"])
    assert all(Path(each).stat().st_size for each in runner.outputs.values())


def test_the_action_fails_where_it_is_told_to(repository, tmp_path):
    """And its outputs are there all the same; paths with blanks are single words."""
    path = "db/migrations/0002 change.sql"
    repository.write(path, "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 4);\n")
    runner = Runner(repository, tmp_path, base="main", paths=f"{path}\n", **{"fail-on": "warning"})
    done = runner.run("Review")
    assert done.returncode == 1, done.stderr
    assert f"::warning file={path},line=1" in done.stdout
    assert "queries/new.sql" not in done.stdout
    assert Path(runner.outputs["sarif"]).exists()


def test_the_action_unshallows_a_clone(repository, tmp_path):
    """actions/checkout fetches one commit: the second step brings the rest, from where the clone came from."""
    clone = tmp_path / "clone"
    source = f"file://{repository.root}"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", "--branch", "feature", source, str(clone)], check=True)
    base = repository.git("rev-parse", "main").strip()
    repository.root = clone
    runner = Runner(repository, tmp_path, base=base)
    assert runner.run("Fetch the base").returncode == 0
    assert "guide.offset" in runner.run("Review").stdout


@pytest.mark.parametrize("there", [False, True])
def test_the_action_writes_one_comment(repository, tmp_path, there):
    """A comment that is there is written anew, else one is made."""
    runner = Runner(repository, tmp_path, base="main", token="t")
    runner.run("Review")
    programs = tmp_path / "programs"
    programs.mkdir()
    said = tmp_path / "said"
    gh = programs / "gh"
    gh.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >> {said}\ncase "$*" in *--jq*) echo "{"41" if there else ""}" ;; esac\n'
    )
    gh.chmod(0o755)
    done = runner.run("Comment", PATH_FIRST=programs)
    assert done.returncode == 0, done.stderr
    last = said.read_text().splitlines()[-1]
    way = "--method PATCH repos/owner/shop/issues/comments/41" if there else "repos/owner/shop/issues/7/comments"
    assert way in last
    assert f"body=@{runner.outputs['markdown']}" in last


def test_the_job_of_gitlab(repository):
    """Its script, with pgtune installed already: the reports that it names are made."""
    base = repository.git("rev-parse", "main").strip()
    lines = ["pip() { :; }", *JOB["script"]]
    done = bash("\n".join(lines), repository.root, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert done.returncode == 0, done.stderr
    made = [*JOB["artifacts"]["paths"], *JOB["artifacts"]["reports"].values()]
    assert len(made) == 3
    assert all((repository.root / each).stat().st_size for each in made)


def test_the_hook(repository):
    """What is about to be committed is reviewed beside the last commit, and nothing else."""
    repository.write("queries/staged.sql", PAGES)
    words = [
        *shlex.split(HOOK["entry"]),
        *HOOK["args"],
        "--fail-on",
        "warning",
        "queries/staged.sql",
        "queries/new.sql",
    ]
    done = bash(shlex.join(words), repository.root)
    assert "queries/staged.sql" in done.stdout, done.stderr
    assert "queries/new.sql" not in done.stdout
    assert re.search(HOOK["files"], "db/1.sql")
    assert re.search(HOOK["files"], "app/x.py")
    assert not re.search(HOOK["files"], "README.md")
