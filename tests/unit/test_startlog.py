"""Why a server did not start, read from its log."""

import time
from pathlib import Path

import pytest

from pgtune.server.startlog import Mark, StartLog, reason

GOING = """\
2026-11-25 UTC [1] LOG:  received fast shutdown request
2026-11-25 UTC [7] FATAL:  terminating connection due to administrator command
2026-11-25 UTC [8] FATAL:  the database system is shutting down
"""
ENDS = """\
2026-11-25 UTC [9] FATAL:  could not access file "no_such_library": No such file or directory
2026-11-25 UTC [9] DETAIL:  it is not there
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            GOING + ENDS,
            'FATAL:  could not access file "no_such_library": No such file or directory DETAIL:  it is not there',
        ),
        (GOING, ""),
        ("2026-11-25 UTC [9] PANIC:  could not write\n", "PANIC:  could not write"),
    ],
)
def test_what_clients_are_told_is_no_reason(tmp_path: Path, text: str, said: str) -> None:
    """Only the line in which the server says why it ends, with its detail."""
    file = tmp_path / "log"
    file.write_text("2026-11-24 UTC [1] FATAL:  of yesterday\n")
    before = Mark(time.time(), {file: file.stat().st_size})
    with file.open("a") as log:
        log.write(text)
    assert reason(StartLog(file, tmp_path), before) == said
