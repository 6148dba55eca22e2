"""What follows a run: its metrics in a file, and a command that is told that it did not go well."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from pgtune.maintenance.record import Run
from pgtune.model.errors import PgtuneError
from pgtune.report.json import dumps
from pgtune.report.maintain.metrics import metrics

WAIT = 30.0  # seconds for a command or a webhook: a run must end, whoever listens


def write_metrics(run: Run, path: Path) -> None:
    """Put the metrics where the old ones were, in one step: a collector never reads half of them.

    Raises:
        PgtuneError: the file cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(metrics(run))
        temporary.chmod(0o644)  # the collector is another account
        temporary.replace(path)
    except OSError as error:
        raise PgtuneError(f"the metrics cannot be written to {path}: {error.strerror}") from error


def call(command: str, run: Run) -> None:
    """Run a command with the run's JSON at its input; words are split as a shell does, and nothing else of one.

    Raises:
        PgtuneError: it cannot be started, fails, or takes too long.
    """
    environment = os.environ | {"PGTUNE_EXIT_CODE": str(run.exit_code), "PGTUNE_RUN": str(run.number)}
    try:
        done = subprocess.run(
            shlex.split(command), input=dumps(run), text=True, env=environment, timeout=WAIT, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise PgtuneError(f"--on-failure: {error}") from error
    if done.returncode:
        raise PgtuneError(f"--on-failure: the command ended with exit code {done.returncode}")
