"""The signals that end a program wait while something is taken back or cleaned up."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

Say = Callable[[str], None]


@contextmanager
def steadfast(say: Say) -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP wait until the block is done: half taken back is worse than either end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def later(_number: int, _frame: FrameType | None) -> None:
        say("taking back first; this ends when it is done")

    numbers: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = [(number, signal.signal(number, later)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in former:
            signal.signal(number, handler)
