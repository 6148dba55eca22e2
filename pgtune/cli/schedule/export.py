"""`pgtune schedule export`."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options
from pgtune.cli.schedule.given import schedule_file, timezone

if TYPE_CHECKING:
    from pgtune.schedule.export import File

EXAMPLES = """\b
Examples:
  pgtune schedule export --cron "host=db1" | crontab -
  pgtune schedule export --systemd --user postgres --directory DIR
  pgtune schedule export --kubernetes --timezone Europe/Berlin
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@click.option("--cron", "kind", flag_value="cron", help="A crontab; with --user a file for /etc/cron.d.")
@click.option("--systemd", "kind", flag_value="systemd", help="A service and a persistent timer for each policy.")
@click.option("--kubernetes", "kind", flag_value="kubernetes", help="CronJobs.")
@click.option("--airflow", "kind", flag_value="airflow", help="A file for the DAGs of Airflow 3.")
@schedule_file
@timezone
@click.option("--program", metavar="PATH", help="How pgtune is called; else this one.")
@click.option("--user", metavar="NAME", help="The account that cron or systemd runs it as.")
@click.option("--image", metavar="NAME", help="The container image; else pgtune of this version.")
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), help="Write files here, not to stdout.")
def command(conninfo: str, kind: str | None, directory: Path | None, **given: Any) -> int:
    """Write the policies for cron, systemd, Kubernetes or Airflow.

    Each line calls `pgtune maintain run` with the policy's words, which decides, keeps its window and records what it
    did as the daemon does. A password is never written.
    """
    from pgtune.schedule.export import IMAGE, Call
    from pgtune.usecases import schedule, schedule_export

    if kind is None:
        raise click.UsageError("one of --cron, --systemd, --kubernetes and --airflow says for whom")
    program = given["program"] or (_program() if kind in {"cron", "systemd"} else "pgtune")
    call = Call(program, conninfo, given["user"], given["image"] or IMAGE)
    files = schedule_export.export(kind, schedule.read(given["file"], given["timezone"]), call)
    if directory is None:
        options.write(_together(files))
    else:
        _put(files, directory)
    return 0


def _program() -> str:
    """This pgtune by its whole path: cron and systemd know no other."""
    places = (Path(sys.argv[0]), Path(sys.executable).with_name("pgtune"), Path(shutil.which("pgtune") or "."))
    found = next((path for path in places if path.name == "pgtune" and path.is_file()), None)
    if found is None:
        raise click.UsageError("--program must say how pgtune is called here")
    return str(found.absolute())


def _together(files: "Sequence[File]") -> str:
    """All files as one text; where there are several, each has its place above it."""
    if len(files) == 1:
        return files[0].text
    return "\n".join(f"# {file.place}/{file.name}\n{file.text}" for file in files)


def _put(files: "Sequence[File]", directory: Path) -> None:
    from pgtune.model.errors import BadInput

    for file in files:
        path = directory / file.name
        try:
            path.write_text(file.text, encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}") from None
        options.say(f"wrote {path}")
