"""Work on many things, shared out over the processors: children are copies of this process as it stands."""

import gc
import os
import pickle
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")
Child = tuple[int, int]  # its process, and where its answers are read

TASKS = Path("/proc/self/task")  # a folder for each thread of this process
ENOUGH = 100  # things for each process: fewer are done sooner than a child begins (benchmarks/review/lint.py --files)
MOST = 8  # processes: this one takes in what the others answer, at a tenth of what it cost them


def spread(work: Callable[[Thing], Answer], things: Sequence[Thing]) -> Iterable[Answer]:
    """`map(work, things)`, the answers in the order of the things, by as many processes as there is work for.

    A child answers once, through a pipe, and is gone with this call, however that ends. The share of one that gives no
    answer is done here, so that errors are raised as without children. So is everything where a process cannot be
    copied: on other systems than Linux, and beside threads.
    """
    count = min(_processors(), len(things) // ENOUGH, MOST)
    if count < 2:
        return map(work, things)
    shares = [things[number::count] for number in range(count)]
    children: list[Child | None] = []
    gc.freeze()  # a collector that walks what is there already would have a child copy all of it (documentation of gc)
    try:
        children.extend(_forked(work, share) for share in shares[1:])
        answers = [[*map(work, shares[0])]]
        for share in shares[1:]:
            answers.append(_answers(children[0]) or [*map(work, share)])
            del children[0]
    finally:
        gc.unfreeze()
        _end(children)
    return (answers[number % count][number // count] for number in range(len(things)))


def _processors() -> int:
    """How many this process may use, as far as it may be copied: what a thread holds stays locked in the copy."""
    try:
        return 1 if len([*TASKS.iterdir()]) > 1 else len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return 1


def _forked(work: Callable[[Thing], Answer], share: Sequence[Thing]) -> Child | None:
    """A child at work on its share; None if the system has no room for one."""
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if child == 0:
        _answer(work, share, writing)
    os.close(writing)
    return child, reading


def _answer(work: Callable[[Thing], Answer], share: Sequence[Thing], writing: int) -> NoReturn:
    """In the child: work, answer, and go without a word; a signal ends it at once."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump([*map(work, share)], pipe, pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        os._exit(code)


def _answers(child: Child | None) -> list[Answer] | None:
    """What the child answers, None if it ended without."""
    if child is None:
        return None
    process, reading = child
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(process, 0)
    return pickle.loads(data) if data and status == 0 else None  # noqa: S301  (of a copy of this process)


def _end(children: Iterable[Child | None]) -> None:
    """Those that were not waited for are of no use any more."""
    for process, reading in filter(None, children):
        with suppress(OSError):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        with suppress(OSError):
            os.close(reading)
