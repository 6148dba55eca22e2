"""How text reaches a terminal, a pipe or a file: on a real pseudo-terminal, with the variables that people set."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from pgtune.cli import options
from pgtune.model.step import Step
from pgtune.report.advice.table import table as advice_table
from pgtune.report.managed import FORMS
from pgtune.report.table import LIVE, table
from pgtune.usecases.apply import Applied, LeftOut
from tests.unit.report.advice.sample import ANSWER
from tests.unit.report.sample import TUNING

PROGRAM = """
import sys; sys.path.insert(0, {root!r})
from pgtune.cli import options
from pgtune.report.table import table
from tests.unit.report.advice.sample import ANSWER
from tests.unit.report.sample import TUNING
{call}
"""
ROOT = str(Path(__file__).parents[2])
SHOW = "options.show(TUNING, 'table')"


def run(call: str, terminal: tuple[int, int] | None = None, **variables: str) -> bytes:
    """Run the call in a process of its own, on a terminal of these rows and columns, or into a pipe."""
    environment = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}}
    environment |= {"TERM": "xterm"} | variables
    words = [sys.executable, "-c", PROGRAM.format(root=ROOT, call=call)]
    if terminal is None:
        return subprocess.run(words, capture_output=True, env=environment, check=True).stdout
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", *terminal, 0, 0))
    process = subprocess.Popen(words, stdout=secondary, env=environment)
    os.close(secondary)
    data = b""
    while True:
        try:
            piece = os.read(primary, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        data += piece
    os.close(primary)
    assert process.wait() == 0
    return data.replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    ("terminal", "variables", "colour"),
    [
        (None, {}, False),
        ((24, 80), {}, True),
        ((24, 80), {"NO_COLOR": "1"}, False),
        ((24, 80), {"NO_COLOR": ""}, True),
        ((24, 80), {"TERM": "dumb"}, False),
        (None, {"FORCE_COLOR": "1"}, True),
        ((24, 80), {"FORCE_COLOR": "0"}, False),
        (None, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour(terminal, variables, colour) -> None:
    """Colour on a terminal only, unless NO_COLOR or FORCE_COLOR say otherwise."""
    assert (b"\x1b[" in run(SHOW, terminal, **variables)) == colour


@pytest.mark.parametrize(("columns", "widest"), [(40, 60), (80, 80), (100, 100), (300, 110)])
def test_as_wide_as_the_terminal(columns: int, widest: int) -> None:
    """The page fills the terminal up to a width that one can read."""
    lines = run(SHOW, (24, columns), NO_COLOR="1").decode().splitlines()
    assert max(map(len, lines)) <= widest
    assert max(map(len, lines)) > columns * 0.7 or columns > 110


def test_80_columns_in_a_pipe() -> None:
    """What goes to a file does not depend on the terminal that it was made on; COLUMNS says otherwise."""
    assert max(len(line) for line in run(SHOW).decode().splitlines()) in range(75, 81)
    assert max(len(line) for line in run(SHOW, COLUMNS="100").decode().splitlines()) in range(90, 101)


def test_an_encoding_without_arrows() -> None:
    """Where the locale is not Unicode, the page is plain ASCII instead of an error."""
    page = run(SHOW, PYTHONIOENCODING="ascii")
    assert b"128MB -> 6GB" in page
    assert page.isascii()


def test_a_letter_that_the_encoding_lacks_is_spelt_out() -> None:
    """Data with a letter that the locale cannot print does not stop the command."""
    assert run("options.write('M\\u00fcller\\n')", PYTHONIOENCODING="ascii") == b"M\\xfcller\n"


@pytest.mark.parametrize("service", ["rds", "patroni"])
def test_show_in_the_words_of_a_service(service: str) -> None:
    """`--for` wins over `--output`."""
    assert run(f"options.show(TUNING, 'table', {service!r})").decode() == FORMS[service](TUNING)


def test_without_a_server_apply_is_not_offered() -> None:
    """The way on fits what was asked."""
    assert b"pgtune tune --apply" in run(SHOW)
    assert b"pgtune tune --apply" not in run("options.show(TUNING, 'table', live=False)")


STEP = Step("work_mem", None, "64MB", "4096", "65536", restart=False)


def test_applied_says_what_was_done_and_how_to_take_it_back(capsys) -> None:
    """What was changed, where, what waits for a restart, and the undo: all of it talk, none of it data."""
    code = options.report_applied(Applied((STEP,), (), ("shared_buffers",), False, 7, "postgresql.auto.conf"))
    shown = capsys.readouterr()
    assert code == 0
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "changed 1 in postgresql.auto.conf: work_mem",
        "waiting for a restart (pgtune tune --apply --restart): shared_buffers",
        "to take it back: pgtune undo 7",
    ]


def test_applied_with_something_left_out_is_not_success(capsys) -> None:
    """A setting that was not written is named with its reason, and the exit code says so."""
    code = options.report_applied(Applied((), (LeftOut("jit", "no\x1b[2J right"),), (), False, None, "f"))
    assert code == 1
    assert capsys.readouterr().err.splitlines() == [
        "nothing to write: every setting is in place",
        r"left out jit: no\x1b[2J right",
    ]


def test_applied_by_a_restart_alone(capsys) -> None:
    """The second run, which only restarts, does not claim that there was nothing to do."""
    assert options.report_applied(Applied((), (), (), True, 7, "f")) == 0
    assert capsys.readouterr().err.startswith("restarted the server")


def test_a_way_that_was_taken_is_not_offered_again():
    """Who proved is told how to apply; who applies is told nothing."""
    assert [command for command, _ in options.onward(LIVE, ())] == [command for command, _ in LIVE]
    proved = options.onward(LIVE, ["--prove"])
    assert [command for command, _ in proved] == [command for command, _ in LIVE if "--prove" not in command]
    assert options.onward(LIVE, ["--prove", "--apply"]) == ()


def test_without_a_way_to_go_on_there_is_no_heading():
    """Who applies reads the answer without that part, of settings and of indexes."""
    assert "How to go on" not in table(TUNING, steps=())
    assert "How to go on" not in advice_table(ANSWER, steps=())


@pytest.mark.parametrize(("before", "ignored"), [("SIG_IGN", True), ("SIG_DFL", False)])
def test_a_command_under_nohup_outlives_its_terminal(before: str, *, ignored: bool):
    """Without it SIGHUP ends a command as Ctrl-C does."""
    program = (
        f"import atexit, signal; signal.signal(signal.SIGHUP, signal.{before}); from pgtune.cli import main; "
        "atexit.register(lambda: print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)); main()"
    )
    done = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(ignored)
