"""`pgtune probe`."""

from pathlib import Path

import click

from pgtune.cli import options

EXAMPLES = """\b
Examples:
  pgtune probe                             this machine
  pgtune probe "host=localhost dbname=app" what that server may use of it
  pgtune probe --disk --data-directory /var/lib/postgresql
  pgtune probe --output json | jq .hardware.memory
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@click.option("--disk", is_flag=True, help="Measure the data's disk: at most 10 s and 256 MB, nothing stays behind.")
@click.option("--data-directory", type=click.Path(path_type=Path), metavar="PATH",
              help="Look at the disk of this folder; else the server's, or the current one.")  # fmt: skip
@options.output("table", "json")
def command(conninfo: str, *, disk: bool, data_directory: Path | None, output: str) -> int:
    """Say what a server may use of its machine: memory, CPUs, disk, kernel.

    Without CONNINFO this machine is probed as this account sees it. With one, the server's own process is looked for
    here, and its limits count: those of its container, not those of pgtune. Every figure names the file it was read
    from. Nothing is changed.
    """
    from pgtune.usecases.probe import probe

    found = probe(conninfo, data_directory, measure=disk, say=options.say)
    if output == "json":
        from pgtune.report.json import dumps

        options.write(dumps(found))
    else:
        from pgtune.report.machine import table

        options.write(table(f"Probe of {found.target}", found.hardware, options.paper(), found.evidence))
    return 0
