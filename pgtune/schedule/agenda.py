"""What is due and not yet done: fired, missed while nobody was there, or to be tried again. It reads no clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgtune.schedule.cron import preceding
from pgtune.schedule.policy import Policy

RETRY = timedelta(minutes=5)  # a server that restarts, or another run, is mostly gone by then
LEAST_LATE = timedelta(minutes=1)  # a run begins a moment after its time, however strict its policy
# Exit codes after which nothing was begun: no connection or no right, and not here or not now.
NOT_BEGUN = (3, 5)


@dataclass(frozen=True, slots=True)
class Due:
    """A run that is owed since `since`; it is not tried before `not_before`."""

    policy: Policy
    since: datetime
    not_before: datetime

    @property
    def until(self) -> datetime:
        """From this moment on it is too late for it."""
        return self.since + allowance(self.policy)


def allowance(policy: Policy) -> timedelta:
    """How late a run of the policy may begin."""
    return max(timedelta(seconds=policy.catch_up), LEAST_LATE)


class Agenda:
    """One entry a policy at most, so that runs that were missed in a row are done once."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.policies = {policy.name: policy for policy in policies}
        self._entries: dict[str, Due] = {}

    def fired(self, name: str, since: datetime) -> None:
        """The policy's time came."""
        self._entries[name] = Due(self.policies[name], since, since)

    def catch_up(self, now: datetime, last: Callable[[Policy], datetime | None]) -> list[Due]:
        """Enter what was missed: a time has passed since the last run, and it is not too late.

        A policy that never ran has missed nothing: it was just made.
        """
        missed = []
        for policy in self.policies.values():
            since, ran = preceding(policy.cron, now, policy.zone), last(policy)
            if since is None or ran is None or ran >= since or policy.name in self._entries:
                continue
            entry = Due(policy, since, now)
            if now < entry.until:
                missed.append(entry)
                self._entries[policy.name] = entry
        return missed

    def take(self, now: datetime) -> Due | None:
        """What to begin now: the one that has been due longest. Outside its window an entry waits."""
        ready = [each for each in self._entries.values() if each.not_before <= now < each.until]
        open_now = [each for each in ready if each.policy.open_at(now)]
        if not open_now:
            return None
        chosen = min(open_now, key=lambda each: each.since)
        del self._entries[chosen.policy.name]
        return chosen

    def expired(self, now: datetime) -> list[Due]:
        """Take out what can no longer begin."""
        late = [each for each in self._entries.values() if now >= each.until]
        for each in late:
            del self._entries[each.policy.name]
        return late

    def ended(self, due: Due, code: int, now: datetime) -> bool:
        """Note how a run ended; True if it will be tried again, since nothing was begun."""
        again = code in NOT_BEGUN and now + RETRY < due.until and due.policy.name not in self._entries
        if again:
            self._entries[due.policy.name] = Due(due.policy, due.since, now + RETRY)
        return again

    def clear(self) -> None:
        """Forget everything: somebody else does it now."""
        self._entries.clear()
