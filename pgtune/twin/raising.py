"""Raise a twin from a snapshot, and take it down however the command ends."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg import sql

from pgtune.cluster import Binaries, find
from pgtune.cluster.binaries import EMBEDDED_MAJOR
from pgtune.model.design import Name
from pgtune.model.errors import ServerNotFound
from pgtune.snapshot.snapshot import Snapshot, StoredIndex
from pgtune.twin import btree, house, relations, statistics
from pgtune.twin.estimate import Estimates
from pgtune.twin.files import Files
from pgtune.twin.house import House
from pgtune.twin.planner import Planner
from pgtune.twin.rebuild import Rebuild
from pgtune.twin.relations import Relation, Size
from pgtune.twin.twin import Twin
from pgtune.twin.whatif import WhatIf

PLAN_SECONDS = 10.0  # what a query may take to be planned; a heavy one takes a tenth of that
KEY_WIDTH = 8.0  # bytes of a key where nothing is known of it


@contextmanager
def raised(
    snapshot: Snapshot, *, binaries: Binaries | None = None, plan_seconds: float = PLAN_SECONDS
) -> Iterator[Twin]:
    """A twin of the database, for as long as the block lasts.

    It runs on the target's own major version if there are programs of it on this machine, else on 18.

    Raises:
        ServerNotFound: neither is there; the message says how to get one.
        ServerDidNotStart, NotAllowed: the server of our own cannot be run.
    """
    chosen = binaries or _binaries(snapshot.major)
    with house.opened(chosen, sql.SQL("CREATE DATABASE twin TEMPLATE template0")) as own:
        twin = _raise(own, snapshot, plan_seconds)
        try:
            yield twin
        finally:
            twin.close()


def _binaries(major: int) -> Binaries:
    try:
        return find(major)
    except ServerNotFound:
        return find(EMBEDDED_MAJOR)


def _raise(own: House, snapshot: Snapshot, plan_seconds: float) -> Twin:
    major = own.cluster.binaries.major
    with own.superuser() as superuser:
        rebuild = Rebuild(own, superuser)
        rebuild.run(snapshot)
        known = relations.read(superuser)
    files = Files(own.cluster.data, own.cluster.account)
    own.cluster.stop()  # so that no page of them is in memory while their files are changed
    sizes = list(_stretch(files, snapshot, known))
    own.cluster.start()
    lost = statistics.restore(own, major, snapshot, known)
    superuser = own.superuser()
    relations.write_sizes(superuser, sizes)
    planner = Planner(own, snapshot.settings, plan_seconds)
    estimates = Estimates(lambda query: planner.plan(query, {}))
    whatif = WhatIf(own, files, superuser, snapshot, known, estimates)
    doubts = tuple(f"the statistics of {name} could not be taken over" for name in lost)
    return Twin(snapshot, planner, whatif, tuple(rebuild.left_out), doubts, _differs(major, snapshot))


def _differs(major: int, snapshot: Snapshot) -> str | None:
    if major == snapshot.major:
        return None
    return f"planned by PostgreSQL {major}, while the database runs on {snapshot.major}"


def _stretch(files: Files, snapshot: Snapshot, known: Mapping[Name, Relation]) -> Iterator[tuple[int, Size]]:
    for table in snapshot.tables:
        relation = known.get(table.name)
        if relation is None:
            continue
        if relation.path:
            files.stretch(relation.path, table.pages)
        yield relation.oid, Size(table.relpages, table.rows, table.all_visible)
        for index in table.indexes:
            own = known.get(index.name)
            if own is not None:
                _stretch_index(files, index, own)
                yield own.oid, Size(index.pages, index.tuples)


def _stretch_index(files: Files, index: StoredIndex, relation: Relation) -> None:
    if relation.path is None:
        return
    if relation.method == "btree":
        height = btree.height_of(index.pages, KEY_WIDTH) if index.height is None else index.height
        files.set_height(relation.path, height, index.pages)
    files.stretch(relation.path, max(index.pages, 1))
