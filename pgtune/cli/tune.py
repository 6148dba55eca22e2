"""`pgtune tune`."""

import sys
from pathlib import Path
from typing import Any

import click

from pgtune.cli import options
from pgtune.model import units
from pgtune.model.errors import CannotConnect
from pgtune.model.hardware import STORAGE_KINDS


class Size(click.ParamType[int]):
    """A size as PostgreSQL writes it."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes from `64GB`."""
        try:
            return int(value) if isinstance(value, int) else units.parse_bytes(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


# As settings.situation and report.managed have them: their rooms are not loaded for a page of help.
PROFILES = ("web", "oltp", "dw", "mixed", "desktop")
SERVICES = ("rds", "aurora", "azure", "cloudsql", "cloudnativepg", "zalando", "patroni")
EXAMPLES = """\b
Examples:
  pgtune tune                         the server of PGHOST, PGSERVICE ...
  pgtune tune "host=db1 dbname=app" --profile web
  pgtune tune --apply --restart       change, restart and check
  pgtune tune --output conf > pgtune.conf
  pgtune tune --for rds               commands for a parameter group
  pgtune tune --ram 16GB --cpus 4 --storage ssd --profile web \\
      --connections 200 --pg-version 17 --output json
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@click.option("--profile", type=click.Choice(PROFILES), default="mixed", show_default=True, help="The kind of load.")
@click.option("--ram", type=Size(), help="Memory of the server's machine, as 64GB; overrules what was read.")
@click.option("--cpus", type=float, help="CPUs of the server's machine; fractions allowed.")
@click.option("--storage", type=click.Choice(STORAGE_KINDS), help="Kind of disk; overrules what was read.")
@click.option("--connections", type=click.IntRange(1, 262143), help="Connections wanted; never lowered by pgtune.")
@click.option("--data-size", type=Size(), help="Size of all data, as 300GB, where the server cannot tell yet.")
@click.option("--pg-version", type=int, help="Answer for this major version, without any server.")
@click.option("--statistics", is_flag=True, help="Also what the other commands read: pg_stat_statements, logging.")
@click.option("--io-uring", is_flag=True, help="Allow io_method = io_uring if build and kernel offer it (18).")
@click.option("--strict-guide", is_flag=True, help="The house guide's figures to the letter, with warnings.")
@click.option("--guide", "guide_file", type=click.Path(path_type=Path), help="A TOML file with figures of your own.")
@options.output("table", "json", "markdown", "html", "conf")
@click.option("--for", "form", type=click.Choice(SERVICES), help="Commands or YAML for a managed service.")
@click.option("--prove", is_flag=True, help="Boot a throw-away server with the settings first.")
@click.option("--apply", "apply_", is_flag=True, help="Change the server; asks, or --yes.")
@options.yes
@click.option("--via", type=click.Choice(["alter-system", "conf.d"]), default="alter-system", show_default=True,
              help="How the settings are written.")  # fmt: skip
@click.option("--restart", is_flag=True, help="Restart the server where a setting needs it (with --apply).")
@click.option("--restart-command", metavar="CMD", help="How to restart it, as 'systemctl restart postgresql'.")
def command(conninfo: str, output: str, form: str | None, *, apply_: bool, prove: bool, **given: Any) -> int:
    """Say which settings to change and why; with --apply, change them.

    CONNINFO is handed to libpq as it is; without it PGHOST, PGSERVICE and .pgpass count as everywhere. Nothing is
    changed without --apply.
    """
    from pgtune.usecases.tune import tune
    from pgtune.versions import TESTED

    _check(given, apply_=apply_)
    try:
        answer = tune(_request(conninfo, given))
    except CannotConnect as error:
        way = "to try it on a server that pgtune brings itself: pgtune demo"
        if given["ram"] or given["cpus"]:
            way = f"to answer from --ram and --cpus without a server: --pg-version {max(TESTED)}"
        raise CannotConnect(f"{error}; {way}") from error
    if prove:
        from pgtune.usecases.prove import prove as prove_settings

        answer = prove_settings(answer, say=options.say)
    live = answer.server is not None
    gone = [*(["--apply"] if apply_ else []), *(["--prove"] if prove else [])]
    options.show(answer.tuning, output, form, live=live, gone=gone)
    if apply_:
        return _apply(answer, conninfo, given)
    return 1 if live and answer.tuning.lines else 0


def _check(given: dict[str, Any], *, apply_: bool) -> None:
    if (given["restart"] or given["restart_command"] or given["yes"]) and not apply_:
        raise click.UsageError("--restart, --restart-command and --yes go with --apply")
    if given["pg_version"] and apply_:
        raise click.UsageError("--apply needs a server, --pg-version answers without one")


def _request(conninfo: str, given: dict[str, Any]) -> Any:
    from pgtune.settings.situation import Wishes
    from pgtune.usecases.tune import Request

    wishes = Wishes(
        profile=given["profile"], connections=given["connections"], data_bytes=given["data_size"],
        strict_guide=given["strict_guide"], statistics=given["statistics"], io_uring=given["io_uring"],
    )  # fmt: skip
    return Request(
        conninfo, given["pg_version"], given["ram"], given["cpus"], given["storage"], wishes, given["guide_file"]
    )


def _apply(answer: Any, conninfo: str, given: dict[str, Any]) -> int:
    """Ask, then hand over to the one writer."""
    from pgtune.usecases.apply import How, apply

    changes = [line for line in answer.tuning.lines if not line.blocked]
    restart = given["restart"] or bool(given["restart_command"])
    if (changes or (restart and answer.tuning.waiting)) and not given["yes"]:
        if not sys.stdin.isatty():
            raise click.UsageError("--apply asks before it changes anything; without a terminal say --yes")
        what = f"Change {len(changes)} settings on" if changes else "Restart"
        click.confirm(f"{what} {answer.tuning.target}?", abort=True, err=True)
    how = How(
        via=given["via"].replace("-", " "), restart=restart, restart_command=given["restart_command"],
        located=answer.located,
    )  # fmt: skip
    return options.report_applied(apply(answer.tuning, answer.server, conninfo, how, options.say))
