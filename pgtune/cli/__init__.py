"""The command line. Each command is a file here, imported only when it is called."""

import atexit
import gc
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from pgtune.cli.lazy import Lazy
from pgtune.model.errors import PgtuneError

COMMANDS = (
    "tune", "advise", "explain", "review", "maintain", "schedule", "snapshot", "probe", "why", "history", "undo",
    "demo",
)  # fmt: skip


# Objects between two sweeps for cycles. Trees of statements are many objects, live as long as the command and have no
# cycles: the default of 700 spends a third of a lint's time on looking at them (benchmarks/review/lint.py).
FEW_SWEEPS = 50_000


def _version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        from pgtune import __version__

        click.echo(f"pgtune, version {__version__}")
        context.exit()


@click.group(
    cls=Lazy,
    package=__name__,
    order=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "PGTUNE", "max_content_width": 80},
    epilog="Exit codes: 0 done, 1 findings or a step left out, 2 usage, 3 cannot connect or not allowed, "
    "4 applied in part and undone, 5 must not run here or now.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show the version and exit.")  # fmt: skip
def root() -> None:
    """Tune PostgreSQL: advice with a reason, applied with a record, undone with one command."""


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM and SIGHUP clean up as Ctrl-C does."""
    raise KeyboardInterrupt


def _quotable(error: click.ClickException) -> click.ClickException:
    """The error, but words that were left over are not repeated where they may hold a password."""
    if error.message.startswith("Got unexpected extra argument") and "=" in error.message:
        words = 'a connection string is one argument: quote it, as "host=db1 dbname=app"'
        return click.UsageError(words, getattr(error, "ctx", None))
    return error


def main() -> NoReturn:
    """Run, and turn every error into one line on stderr and its documented exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: it has to outlive its terminal
        signal.signal(signal.SIGHUP, _terminated)
    _streams()
    gc.set_threshold(FEW_SWEEPS)
    atexit.register(gc.freeze)  # what is left goes with the process: the collector need not look through it first
    try:
        code = root.main(prog_name="pgtune", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        _quotable(error).show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("pgtune: interrupted", err=True)
        sys.exit(130)
    except PgtuneError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(f"the answer cannot be written: {error.strerror}", PgtuneError.exit_code)
    except Exception as error:
        if os.environ.get("PGTUNE_DEBUG"):
            raise
        _fail(f"internal error, PGTUNE_DEBUG=1 shows where: {type(error).__name__}: {error}", PgtuneError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _streams() -> None:
    """A closed stdout or stderr, as after `>&-`, is nobody to talk to and no error."""
    if sys.stdout is None or sys.stderr is None:
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (it stays open until the process ends)
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere


def _fail(text: str, code: int) -> NoReturn:
    click.echo(f"pgtune: {' '.join(text.split())}", err=True)
    sys.exit(code)
