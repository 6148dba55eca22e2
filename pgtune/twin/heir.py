"""Who takes a twin's server away where pgtune cannot: after SIGKILL, which leaves no time to clean up.

A small process waits at the end of a pipe that only pgtune holds open. When pgtune ends, however it does, the pipe
closes; what is left of the server is stopped and deleted. The postmaster itself would live on for ever.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pgtune.cluster import Binaries
from pgtune.cluster.account import Account, current

# Deaf to signals that end a terminal's processes. initdb or a server may be under way, so it looks more than once;
# pg_ctl makes sure that the process in postmaster.pid is one. The folder is no link's: `rm` removes a link as a link.
SCRIPT = """trap '' HUP INT TERM
cat > /dev/null
for again in 1 2 3 4 5; do
  [ -d "$1" ] || exit 0
  "$2" stop -m immediate -t 10 -D "$1/data" > /dev/null 2>&1
  rm -rf -- "$1" 2> /dev/null
  sleep 1
done
"""
SECONDS = 5.0  # what it may take to notice that nothing is left to do


@contextmanager
def watched(folder: Path, binaries: Binaries) -> Iterator[Path]:
    """The folder, which is gone soon after this process whatever ends it; an empty one that is left is removed here."""
    account = current()
    if account.switch:
        os.chown(folder, account.uid, account.gid)
    heir = _started(folder, binaries, account)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # of a cluster that could not be made
        if heir.stdin is not None:
            heir.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            heir.wait(SECONDS)


def _started(folder: Path, binaries: Binaries, account: Account) -> subprocess.Popen[bytes]:
    identity = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switch else {}
    process: subprocess.Popen[bytes] = subprocess.Popen(
        ["/bin/sh", "-c", SCRIPT, "sh", str(folder), str(binaries.program("pg_ctl"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.defpath, **binaries.environment},
        start_new_session=True,
        **identity,  # type: ignore[call-overload]  # a dict of keyword arguments that the stub spells out
    )
    return process
