"""An end that holds whatever goes on: a clock of the system that interrupts, and not a look at it between steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pgtune.model.errors import TookTooLong

# Seconds until the clock rings once more, for what hangs in its own clean-up: an exception that comes while subprocess
# takes the lock of a process leaves it taken, and who cleans up waits for it without end.
AGAIN = 10.0


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """End what runs within as soon as the time is over, as Ctrl-C would; beside the main thread nothing is ended.

    Raises:
        TookTooLong: the time was over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), AGAIN)  # 0 seconds would be no clock
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _over(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TookTooLong("the time was over (--time-limit)")
