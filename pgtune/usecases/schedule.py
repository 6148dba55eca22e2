"""`pgtune schedule`: read policies, say when they come, and whether the daemon lives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pgtune import resources
from pgtune.model.errors import BadInput
from pgtune.schedule import heartbeat, local
from pgtune.schedule.cron import following
from pgtune.schedule.heartbeat import State
from pgtune.schedule.local import LOCAL
from pgtune.schedule.policy import Policy, load, zone

LIST_SCHEMA = "pgtune.schedule.list/1"
NEXT_SCHEMA = "pgtune.schedule.next/1"
SHIPPED = "default.toml"


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


def alive(sign: Path) -> State:
    """What the daemon with this sign of life is at.

    Raises:
        PgtuneError: it gives none.
    """
    return heartbeat.read(sign, datetime.now(UTC))
