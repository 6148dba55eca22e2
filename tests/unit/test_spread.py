"""Work shared out to copies of this process. Each test runs in a process of its own, which has no threads beside."""

import subprocess
import sys

import pytest

HEAD = """
import os, signal, time
from pgtune.usecases import spread
spread._processors = lambda: 3
parent = os.getpid()
things = list(range(1000))

def alone():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False
"""


def run(code):
    """What the code prints."""
    done = subprocess.run([sys.executable, "-c", HEAD + code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def test_answers_come_in_the_order_of_the_things_from_every_process():
    code = "found = list(spread.spread(lambda n: (n, os.getpid()), things)); print([n for n, _ in found] == things, "
    assert run(f"{code}len({{pid for _, pid in found}}), parent in {{pid for _, pid in found}}, alone())") == [
        "True", "3", "True", "True",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "ends", ["os._exit(0)", "os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)", "1 / 0", "lambda: 0"]
)
def test_what_a_child_does_not_answer_is_done_here(ends):
    """It goes without a word, is killed, fails, or its answer cannot be sent."""
    assert run(f"""
found = list(spread.spread(lambda n: n + 1 if os.getpid() == parent else {ends}, things))
print(found == [n + 1 for n in things], alone())""") == ["True", "True"]  # fmt: skip


def test_an_error_is_raised_as_without_children():
    assert run("""
try:
    list(spread.spread(lambda n: 1 // (n - 501), things))
except ZeroDivisionError:
    print("raised", alone())""") == ["raised", "True"]  # fmt: skip


@pytest.mark.parametrize("place", [0, 999], ids=["while it works", "while it waits"])
def test_an_interrupt_leaves_no_child(place):
    """Ctrl-C while this process works on its own share, or while it waits for children that never end."""
    assert run(f"""
def work(n):
    if os.getpid() != parent:
        time.sleep(600)
    elif n == {place}:
        signal.alarm(1)
        time.sleep(600 if n == 0 else 0)

def interrupted(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupted)
try:
    spread.spread(work, things)
except KeyboardInterrupt:
    print("interrupted", alone())""") == ["interrupted", "True"]  # fmt: skip


def test_few_things_and_threads_need_no_child():
    assert run("""
spread.os.fork = None
print(sum(spread.spread(abs, things[:150])))""") == ["11175"]  # fmt: skip
    assert run("""
import importlib, threading
importlib.reload(spread)
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print(spread._processors())""") == ["1"]  # fmt: skip
