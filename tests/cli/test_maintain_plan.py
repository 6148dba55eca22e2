"""`pgtune maintain plan` at the command line: options that cannot be read are refused before a server is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def pgtune(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pgtune", "maintain", "plan", "host=/nonexistent", *words], check=False, cwd=PROJECT,
        capture_output=True, text=True, timeout=60, env=os.environ,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--task", "vacum"], "there is no 'vacum'"),
        (["--databases", "a,,b"], "names separated by commas"),
        (["--databases", "MY_DATABASES"], "there is no group MY_DATABASES"),
        (["--tables", "a.b.c"], "neither a table nor schema.table"),
        (["--window", "1-2"], "two times of day"),
        (["--timezone", "Europe/Berlin"], "--timezone goes with --window"),
        (["--window", "01:00-02:00", "--timezone", "Nowhere/Land"], "no such zone"),
        (["--window", "01:00-02:00", "--timezone", "../../etc/passwd"], "no such zone"),
        (["--deadline", "0s"], "a time that has length"),
        (["--deadline", "4 hours"], "not a duration"),
        (["-j", "0"], "0 is not in the range"),
        (["--guide", "/nonexistent.toml"], "--guide /nonexistent.toml"),
    ],
)
def test_usage(words, complaint):
    """One line, exit code 2, and nothing on stdout."""
    done = pgtune(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_no_server():
    """Exit code 3 where nobody answers."""
    done = pgtune()
    assert (done.returncode, done.stdout) == (3, "")


def test_a_connection_string_without_quotes_is_not_repeated():
    """Its password would stand in the mail of cron."""
    told = pgtune("port=1", "password=canary")
    assert (told.returncode, told.stdout) == (2, "")
    assert "quote it" in told.stderr
    assert "canary" not in told.stderr
