"""`pgtune schedule`: read policies, say when they come, hand them to other schedulers, or run them as a daemon."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pgtune import resources
from pgtune.maintenance.record import scope
from pgtune.model.errors import BadInput, PgtuneError
from pgtune.schedule import heartbeat, local
from pgtune.schedule.cron import following
from pgtune.schedule.daemon import Daemon, Hands, State
from pgtune.schedule.export import Call, File
from pgtune.schedule.export.airflow import airflow
from pgtune.schedule.export.crontab import crontab
from pgtune.schedule.export.kubernetes import kubernetes
from pgtune.schedule.export.systemd import systemd
from pgtune.schedule.local import LOCAL
from pgtune.schedule.policy import Policy, load, zone
from pgtune.server.connect import holds_password
from pgtune.server.leadership import Leadership
from pgtune.usecases import maintain_run

LIST_SCHEMA = "pgtune.schedule.list/1"
NEXT_SCHEMA = "pgtune.schedule.next/1"
SHIPPED = "default.toml"
EXPORTS = {"cron": crontab, "systemd": systemd, "kubernetes": kubernetes, "airflow": airflow}

Say = Callable[[str], None]


def read(path: Path | None, timezone: str | None = None) -> tuple[Policy, ...]:
    """The policies of a file, or the shipped ones; `timezone` takes the place of the zone of those that name none.

    Raises:
        BadInput: the file or the zone cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8") if path else resources.schedule(SHIPPED)
    except (OSError, UnicodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    policies = load(text, str(path or SHIPPED))
    if timezone is None:
        return policies
    try:
        name = zone(timezone)
    except ValueError as error:
        raise BadInput(f"--timezone: {error}") from None
    return tuple(replace(each, timezone=name) if each.timezone == LOCAL else each for each in policies)


def here(policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """The policies with this machine's zone in the place of `local`.

    Raises:
        BadInput: this machine's zone has no name.
    """
    if all(policy.timezone != LOCAL for policy in policies):
        return tuple(policies)
    name = local.zone_name()
    if name is None:
        raise BadInput("this machine's time zone has no name; give one, as --timezone Europe/Berlin")
    return tuple(replace(each, timezone=name) if each.timezone == LOCAL else each for each in policies)


def upcoming(policies: Sequence[Policy], count: int, now: datetime) -> list[tuple[datetime, Policy]]:
    """Each policy's next times in its zone, all of them together, the soonest first."""
    found: list[tuple[datetime, Policy]] = []
    for policy in here(policies):
        moment: datetime | None = now
        for _ in range(count):
            moment = following(policy.cron, moment, policy.zone) if moment else None
            if moment is not None:
                found.append((moment.astimezone(policy.zone), policy))
    return sorted(found, key=lambda each: each[0])


def export(kind: str, policies: Sequence[Policy], call: Call) -> tuple[File, ...]:
    """The files that another scheduler reads.

    Raises:
        BadInput: a password would get into them, or they cannot say what a policy says.
    """
    if holds_password(call.conninfo):
        raise BadInput("no password is written into a file; leave it to .pgpass, PGSERVICE or a secret")
    return EXPORTS[kind](policies, call)


def serve(policies: Sequence[Policy], conninfo: str, run: Callable[[Policy], int], sign: Path | None, say: Say) -> int:
    """Be the daemon until told to stop; `run` does a policy's work, `sign` is the file of its sign of life.

    Raises:
        BadInput: the connection string, the sign of life or this machine's zone cannot be used.
    """
    ready = here(policies)
    with Leadership(conninfo) as leadership:
        hands = Hands(
            run=run,
            last=partial(_last, conninfo, say),
            standing=leadership.standing,
            beat=partial(_beat, sign),
            say=say,
        )
        return Daemon(ready, hands).serve()


def alive(sign: Path) -> State:
    """What the daemon with this sign of life is at.

    Raises:
        PgtuneError: it gives none.
    """
    return heartbeat.read(sign, datetime.now(UTC))


def _beat(sign: Path | None, state: State) -> None:
    if sign is not None:
        heartbeat.write(sign, state)


def _last(conninfo: str, say: Say, policy: Policy) -> datetime | None:
    """When the policy last ran to its end, as the history has it, whoever called that run."""
    try:
        return maintain_run.last(conninfo, scope(policy.tasks, policy.databases, policy.schemas, policy.tables))
    except PgtuneError as error:
        say(f"{policy.name}: whether a run was missed cannot be told: {error}")
        return None
