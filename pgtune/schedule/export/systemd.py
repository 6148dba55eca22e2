"""A systemd service and timer for each policy."""

from collections.abc import Iterator, Sequence

from pgtune.schedule.command import arguments
from pgtune.schedule.cron import DAYS, Cron
from pgtune.schedule.export import SLACK, Call, File, one_line, title
from pgtune.schedule.local import LOCAL
from pgtune.schedule.policy import Policy

PLACE = "/etc/systemd/system"
# Exit code 5: it must not run here or now, as on a standby or beside another run; no reason for an alarm.
SERVICE = """\
[Unit]
Description={title}
Wants=network-online.target
After=network-online.target postgresql.service

[Service]
Type=oneshot
ExecStart={command}
{account}
StateDirectory=pgtune
Environment=PGTUNE_HOME=/var/lib/pgtune
SuccessExitStatus=5
TimeoutStartSec={limit}
KillMode=mixed
TimeoutStopSec=5min
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
PrivateDevices=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictSUIDSGID=yes
LockPersonality=yes
"""
TIMER = """\
# A time that the clocks jump over is left out by systemd on that day; the next run does its work.
[Unit]
Description={title}

[Timer]
{calendars}
Persistent=true
AccuracySec=1min

[Install]
WantedBy=timers.target
"""


def systemd(policies: Sequence[Policy], call: Call) -> tuple[File, ...]:
    """The units of every policy."""
    return tuple(file for policy in policies for file in _units(policy, call))


def _units(policy: Policy, call: Call) -> Iterator[File]:
    command = one_line([call.program, *arguments(policy, call.conninfo)])
    yield File(
        f"pgtune-{policy.name}.service",
        PLACE,
        SERVICE.format(
            title=title(policy),
            command=" ".join(_word(word) for word in command),
            account=f"User={call.user}" if call.user else "DynamicUser=yes",
            limit=f"{round(policy.deadline + SLACK)}s" if policy.deadline else "infinity",
        ),
    )
    lines = "\n".join(f"OnCalendar={text}" for text in calendars(policy))
    yield File(f"pgtune-{policy.name}.timer", PLACE, TIMER.format(title=title(policy), calendars=lines))


def _word(word: str) -> str:
    """A word of ExecStart, in which % and $ stand for other things and quotes are systemd's own."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if escaped and not set(escaped) & set(" ;'\"\\") else f'"{escaped}"'


def calendars(policy: Policy) -> Iterator[str]:
    """The policy's time as systemd writes it; two of them where a date may satisfy either of day and weekday."""
    when = policy.cron
    clock = f"{_clock(when.hours, 24)}:{_clock(when.minutes, 60)}:00"
    zone = "" if policy.timezone == LOCAL else f" {policy.timezone}"
    for weekdays, days in _dates(when):
        named = ",".join(DAYS[number].capitalize() for number in weekdays)
        date = f"*-{_clock(when.months, 12)}-{_clock(days, 31)}"
        yield f"{named} {date} {clock}{zone}".lstrip()


def _dates(when: Cron) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    weekdays = when.weekdays if len(when.weekdays) < 7 else ()
    if weekdays and len(when.days) < 31:
        yield weekdays, tuple(range(1, 32))
        yield (), when.days
    else:
        yield weekdays, when.days


def _clock(numbers: tuple[int, ...], all_of_them: int) -> str:
    return "*" if len(numbers) == all_of_them else ",".join(f"{number:02}" for number in numbers)
