"""A clock that ends what does not end by itself."""

import subprocess
import sys


def test_what_does_not_end_is_ended_and_the_clock_is_taken_down():
    """In a process of its own, whose main thread is surely this code's."""
    code = """
import signal
from pgtune.model.errors import TookTooLong
from pgtune.usecases.deadline import within
try:
    with within(0.05):
        while True:
            pass
except TookTooLong:
    print("ended")
print(signal.getitimer(signal.ITIMER_REAL)[0], signal.getsignal(signal.SIGALRM) is signal.SIG_DFL)
with within(600):
    print("went on")
print(signal.getitimer(signal.ITIMER_REAL)[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["ended", "0.0", "True", "went", "on", "0.0"]


def test_a_clean_up_that_hangs_is_ended_too():
    """As where the first ring came while a lock was taken that nobody gives back any more."""
    code = """
import threading
from pgtune.model.errors import TookTooLong
from pgtune.usecases import deadline
deadline.AGAIN = 0.1
lost = threading.Lock()
lost.acquire()
try:
    with deadline.within(0.05):
        try:
            while True:
                pass
        finally:
            lost.acquire()
except TookTooLong:
    print("ended")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["ended"]
