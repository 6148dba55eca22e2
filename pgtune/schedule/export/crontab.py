"""A crontab: one line a policy."""

import shlex
from collections.abc import Iterator, Sequence

from pgtune.model.errors import BadInput
from pgtune.schedule.command import arguments
from pgtune.schedule.export import Call, File, one_line, title
from pgtune.schedule.local import LOCAL
from pgtune.schedule.policy import Policy

LONGEST = 998  # Debian's cron keeps 1,000 bytes of a command, and silently cuts what is longer
ZONE = """\
# cronie reads CRON_TZ. Debian's cron does not: there the times are the machine's own, and --window keeps runs that come
# at another hour from doing anything.
"""


def crontab(policies: Sequence[Policy], call: Call) -> tuple[File, ...]:
    """A crontab, or with a user a file for /etc/cron.d.

    Raises:
        BadInput: a line would be longer than cron takes.
    """
    # A zone holds for every line below it and cannot be taken back, so what runs in the machine's own comes first.
    ordered = sorted(policies, key=lambda policy: policy.timezone != LOCAL)
    lines = "".join(_lines(ordered, call))
    if call.user:
        return (File("pgtune", "/etc/cron.d", lines),)
    return (File("pgtune.crontab", "crontab", lines),)


def _lines(policies: Sequence[Policy], call: Call) -> Iterator[str]:
    zone = LOCAL
    for policy in policies:
        if policy.timezone != zone:
            yield ZONE if zone == LOCAL else ""
            yield f"CRON_TZ={policy.timezone}\n"
            zone = policy.timezone
        yield f"# {title(policy)}\n{_line(policy, call)}\n"


def _line(policy: Policy, call: Call) -> str:
    words = one_line([call.program, *arguments(policy, call.conninfo)])
    command = shlex.join(words).replace("%", r"\%")  # to cron a bare % ends the command
    if len(command.encode()) > LONGEST:
        raise BadInput(f"policy {policy.name}: its command is longer than the {LONGEST} bytes that cron takes")
    return " ".join([str(policy.cron), *([call.user] if call.user else []), command])
