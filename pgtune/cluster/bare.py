"""A data directory that is only asked, never started: what `postgres -C` needs, in a tenth of the time of initdb.

There are no catalogs in it. The control file is the one that pg_resetwal makes where it is lost: `touch
global/pg_control`, then `-f` (docs, pg_resetwal).
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pgtune.cluster import account as accounts
from pgtune.cluster.binaries import Binaries
from pgtune.cluster.cluster import Cluster
from pgtune.model.errors import ServerDidNotStart
from pgtune.model.units import MB

MADE = """umask 077; for each in global pg_wal/archive_status pg_wal/summaries; do mkdir -p "$1/$each"; done
: > "$1/global/pg_control"; echo "$2" > "$1/PG_VERSION"
"""
WAL_SIZES = {"min_wal_size": 5, "max_wal_size": 64}  # segments, as initdb writes them; two are the least


def shown(binaries: Binaries, name: str, settings: Mapping[str, str], segment: int) -> str | None:
    """What `postgres -C name` says under these settings, with WAL segments of so many bytes; None where it refuses.

    Raises:
        ServerDidNotStart: the directory could not be made, as on a full disk.
        NotAllowed: the account that runs our servers cannot have one.
    """
    owner = accounts.current()
    folder = Path(tempfile.mkdtemp(prefix="pgtune-"))
    try:
        cluster = Cluster(accounts.private_folder(folder, owner), binaries, owner)
        owner.run(["/bin/sh", "-c", MADE, "sh", cluster.data, str(binaries.major)])
        reset = cluster.run("pg_resetwal", "-f", f"--wal-segsize={segment // MB}", "-D", cluster.data)
        if reset.returncode:
            raise ServerDidNotStart(f"pg_resetwal: {reset.stderr.strip()}")
        cluster.configure({each: f"{count * segment // MB}MB" for each, count in WAL_SIZES.items()})
        done = cluster.show(name, settings)
        return done.stdout.strip() if done.returncode == 0 else None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
