"""The command line that a policy stands for: what the daemon calls is what an exported line calls."""

from pgtune.model import units
from pgtune.schedule.policy import Policy


def arguments(policy: Policy, conninfo: str = "") -> tuple[str, ...]:
    """The words after `pgtune`. What the policy leaves open is left to `pgtune maintain run`."""
    words = ["maintain", "run", "--task", ",".join(policy.tasks)]
    for option, value in _options(policy):
        words += [option, value] if value is not None else []
    if conninfo:
        words += ["--", conninfo]
    return tuple(words)


def _options(policy: Policy) -> tuple[tuple[str, str | None], ...]:
    return (
        ("--databases", policy.databases),
        ("--schemas", policy.schemas),
        ("--tables", policy.tables),
        ("--window", policy.window),
        ("--timezone", policy.timezone if policy.window else None),
        ("--deadline", seconds(policy.deadline) if policy.deadline else None),
        ("--jobs", str(policy.jobs) if policy.jobs else None),
        ("--lock-timeout", policy.lock_timeout),
        ("--max-lag", policy.max_lag),
        ("--max-wal-rate", policy.max_wal_rate),
    )


def seconds(duration: float) -> str:
    """A duration in PostgreSQL's units."""
    return units.format_ms(duration * 1000)
