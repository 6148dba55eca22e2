"""What jobs done in one go go through: refused as they stand, a row of the history, the work, the row's end."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from pgtune.maintenance.work import Job, Outcome, Result
from pgtune.model.errors import PgtuneError
from pgtune.server.maintain import state
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.hand import Hand
from pgtune.server.maintain.history import Deed
from pgtune.server.maintain.state import State

NOT_BEGUN = "the connection was lost before it began"

Gate = Callable[[Job], Result | None]
"""Why a job may not begin now, None if it may."""


@dataclass(slots=True)
class Step:
    """A job on its way: how its object stood, from when to when it was at work, and its end, once there is one."""

    job: Job
    found: State
    began: float = 0.0
    ended: float = 0.0
    end: Ended | None = None


Each = TypeVar("Each", bound=Step)
Refusal = Callable[[Each], Ended | None]
Work = Callable[[Sequence[Each]], None]


def go(hand: Hand, steps: Sequence[Each], refusal: Refusal[Each], work: Work[Each]) -> list[Ended]:
    """Take these steps, whose locks are taken as far as they could be, and give the locks back.

    `refusal` says why one is not begun, `work` gives an end to every other. An end that nobody foresaw is written down
    too.
    """
    pid = hand.session.pid
    held = [each.job for each in steps if each.found.taken]
    try:
        for each in steps:
            _refuse(hand, each, refusal)
        begun = [each for each in steps if each.end is None]
        if begun:
            _recorded(hand, begun, work)
    finally:
        if held and hand.session.pid == pid and not hand.session.lost:
            state.let_go(hand.session, held)
    return [each.end.timed(each.began, each.ended) for each in steps if each.end is not None]


def closed(hand: Hand, each: Step, gate: Gate, pid: int) -> Ended | None:
    """Why it may not begin any more: the gate is closed, or the process `pid` that holds its lock is lost."""
    each.began = each.ended = time.monotonic()
    if hand.session.pid != pid:
        return Ended(Result(each.job, Outcome.FAILED, NOT_BEGUN), again=True)
    why = gate(each.job)
    return Ended(why) if why is not None else None


def _refuse(hand: Hand, each: Each, refusal: Refusal[Each]) -> None:
    each.began = time.monotonic()
    each.end = hand.refusal(each.job, each.found) or refusal(each)
    each.ended = time.monotonic()
    if each.end is not None:
        hand.history.note(each.end.result)


def _recorded(hand: Hand, begun: Sequence[Each], work: Work[Each]) -> None:
    places = hand.history.begin([(each.job, each.found.bytes) for each in begun])
    try:
        work(begun)
    except PgtuneError as error:
        with suppress(PgtuneError):
            hand.history.end([_deed(place, each, str(error)) for place, each in zip(places, begun, strict=True)])
        raise
    hand.history.end([_deed(place, each) for place, each in zip(places, begun, strict=True)])


def _deed(place: int, each: Step, lost: str = "") -> Deed:
    """For the history; `lost` is why it came to no end."""
    result = each.end.result if each.end is not None else Result(each.job, Outcome.FAILED, lost)
    return Deed(place, result, each.began, each.ended)
