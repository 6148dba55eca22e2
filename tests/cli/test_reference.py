"""Every command's help, and the page that is generated from it."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pgtune.cli.pages import pages, write
from pgtune.cli.reference import NAMES, command_of, help_text, reference

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
RULES = PAGE.parent / "rules"


def test_page_is_fresh() -> None:
    """docs/commands.md says what the commands say: it is the frozen text of every help in 80 columns."""
    assert PAGE.exists(), "`./run docs` makes it"
    assert reference() == PAGE.read_text(encoding="utf-8"), "docs/commands.md is stale: `./run docs`"


def test_pages_of_rules_are_fresh() -> None:
    """docs/rules has a page for each rule, in the rule's own words, and no other."""
    found = {path.name: path.read_text(encoding="utf-8") for path in RULES.iterdir()}
    assert found == dict(pages()), "docs/rules is stale: `./run docs`"


def test_pages_of_rules_that_are_no_more_go(tmp_path: Path) -> None:
    """Written anew, the folder holds the pages alone; what is no page stays."""
    (tmp_path / "gone.md").touch()
    (tmp_path / "kept.txt").touch()
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"kept.txt", *pages()}


def test_every_command_is_in_the_page() -> None:
    """A command that exists has a chapter."""
    chapters = [line.removeprefix("## ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "## "]
    assert chapters == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_help_explains_itself(name: str) -> None:
    """A command has a sentence on what it does, and each of its options has one."""
    command = command_of(name)
    assert command.help
    assert command.help.strip()
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, f"{name} {option.opts}"
    assert max(map(len, help_text(command_of(name), name).splitlines())) <= 80


@pytest.mark.parametrize("name", NAMES[1:])
def test_help_has_an_example(name: str) -> None:
    """A command shows at least one call of itself."""
    text = help_text(command_of(name), name)
    assert "Examples:" in text
    assert f"\n    {name}" in text.split("Examples:")[1] or f"\n  {name}" in text.split("Examples:")[1]


@pytest.mark.parametrize("name", NAMES)
def test_help_option_prints_it(name: str) -> None:
    """What the page shows is what a user gets, and help is never a failure."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    words = [sys.executable, "-m", *name.split(), "--help"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0
    assert done.stdout.rstrip() == help_text(command_of(name), name).rstrip()
    assert done.stderr == ""
