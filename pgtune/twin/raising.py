"""Raise a twin from a snapshot, and take it down however the command ends."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg

from pgtune.cluster import Binaries, find
from pgtune.cluster.binaries import EMBEDDED_MAJOR
from pgtune.model.design import Name
from pgtune.model.errors import ServerDidNotStart, ServerNotFound
from pgtune.snapshot.snapshot import Snapshot, StoredIndex, Table
from pgtune.twin import ends, house, relations, settings, statistics
from pgtune.twin.builder import Builder
from pgtune.twin.estimate import Estimates
from pgtune.twin.files import Files
from pgtune.twin.house import House
from pgtune.twin.migrating import Migrations
from pgtune.twin.planner import Planner
from pgtune.twin.rebuild import LeftOut, Rebuild
from pgtune.twin.relations import Relation, Size
from pgtune.twin.schemes import Schemes
from pgtune.twin.sizes import stored_height
from pgtune.twin.twin import Parts, Twin
from pgtune.twin.whatif import WhatIf
from pgtune.twin.world import World

RANGES_SHOWN = 17  # the first version whose pg_stats has the columns range_...
NAMED = 3  # tables that a note names; it counts the others
PLAN_SECONDS = 10.0  # what a query may take to be planned; a heavy one takes a tenth of that


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
    with house.opened(chosen, settings.ways_to_create(snapshot, chosen.major)) as own:

        def again() -> Parts:
            house.renew(own)
            return _stood_up(own, snapshot, plan_seconds)

        twin = Twin(snapshot, _stood_up(own, snapshot, plan_seconds), again, _differs(own, snapshot))
        try:
            yield twin
        finally:
            twin.parts.close()


def _binaries(major: int) -> Binaries:
    try:
        return find(major)
    except ServerNotFound:
        return find(EMBEDDED_MAJOR)


def _stood_up(own: House, snapshot: Snapshot, plan_seconds: float) -> Parts:
    """The parts of a twin.

    Raises:
        ServerDidNotStart: a statement or figure of the snapshot made the server fall.
    """
    try:
        return _raise(own, snapshot, plan_seconds)
    except psycopg.Error as error:
        raise ServerDidNotStart(f"the twin fell while it was raised: {' '.join(str(error).split())}") from error


def _raise(own: House, snapshot: Snapshot, plan_seconds: float) -> Parts:
    builder = Builder(own)
    with own.superuser() as superuser:
        foreign = settings.take_over(superuser, snapshot)
        rebuild = Rebuild(builder, superuser)
        rebuild.run(snapshot)
        known = relations.read(superuser)
        written = ends.write(superuser, builder, snapshot.tables)
    builder.close()
    world = World(Files(own.cluster.data, own.cluster.account))
    world.add(snapshot.tables, known)
    own.cluster.stop()  # so that no page of them is in memory while their files are changed
    world.ends = written.ends(world.files)
    sizes = list(_stretch(world))
    own.cluster.start()
    lost = statistics.restore(own, snapshot.tables, known)
    superuser = own.superuser()
    ends.forget(superuser)
    relations.write_sizes(superuser, sizes)
    planner = Planner(own, plan_seconds)
    whatif = WhatIf(superuser, builder, world, Estimates(lambda query: planner.plan(query, {}), world.rows_of))
    schemes = Schemes(own, superuser, builder, planner, world)
    left_out = (*rebuild.left_out, *_without_object(snapshot, rebuild, known))
    doubts = tuple(_doubts(own, snapshot, foreign, lost))
    migrations = Migrations(own, superuser, builder, planner, world, whatif, schemes)
    return Parts(planner, whatif, schemes, left_out, doubts, migrations)


def _without_object(snapshot: Snapshot, rebuild: Rebuild, known: Collection[Name]) -> Iterator[LeftOut]:
    """Tables that no statement of the snapshot makes: foreign ones, whose rows and servers are elsewhere."""
    named = {each.name for each in rebuild.left_out}
    for table in snapshot.tables:
        if table.name not in known and str(table.name) not in named:
            kind = "foreign table" if table.kind == "f" else "table"
            yield LeftOut(kind, str(table.name), "the snapshot has no statement that makes it")


def _doubts(own: House, snapshot: Snapshot, foreign: Collection[str], lost: Collection[str]) -> Iterator[str]:
    """What else differs from production."""
    if own.way:
        yield settings.sorts_otherwise(snapshot)
    if foreign:
        yield f"this server does not take the settings {', '.join(sorted(foreign))}"
    for name in lost:
        yield f"the statistics of {name} could not be taken over"
    for name in _unseen_ranges(snapshot):
        yield f"what the server knows of the ranges in {name} is shown from 17 on: conditions on them are guesses"
    for each in snapshot.extended:
        yield f"what {each.name} knows of {each.table} does not travel: its columns are taken for independent"
    if guarded := _guarded(snapshot):
        names = ", ".join(guarded[:NAMED]) + (f" and {len(guarded) - NAMED} more" if len(guarded) > NAMED else "")
        yield (
            f"row-level security of {names} is planned in, as for a role that it holds for: superusers, roles with "
            "BYPASSRLS and, without FORCE, owners have other plans"
        )


def _differs(own: House, snapshot: Snapshot) -> str | None:
    major = own.cluster.binaries.major
    if major == snapshot.major:
        return None
    return f"planned by PostgreSQL {major}, while the database runs on {snapshot.major}"


def _unseen_ranges(snapshot: Snapshot) -> Iterator[str]:
    if snapshot.major < RANGES_SHOWN:
        for table in snapshot.tables:
            for column in table.columns:
                if column.type.endswith("range") and column.stats:
                    yield f"{table.name}.{column.name}"


def _guarded(snapshot: Snapshot) -> list[str]:
    """Tables whose policies are switched on."""
    return [
        each.name
        for each in snapshot.objects
        if each.kind == "table" and each.sql.endswith(" ENABLE ROW LEVEL SECURITY")
    ]


def _stretch(world: World) -> Iterator[tuple[int, Size]]:
    yield from world.sizes(world.tables)
    for table in world.tables.values():
        path = world.relations[table.name].path
        if path:
            world.files.stretch(path, table.pages)
            if table.pages:
                world.files.give_ends(path)
        for index in table.indexes:
            own = world.relations.get(index.name)
            if own is not None:
                _stretch_index(world, table, index, own)
                yield own.oid, Size(index.pages, index.tuples)


def _stretch_index(world: World, table: Table, index: StoredIndex, relation: Relation) -> None:
    if relation.path is None:
        return
    if relation.method == "btree":
        height = stored_height(index, table, index.pages) if index.height is None else index.height
        world.files.set_height(relation.path, height, index.pages, ends.of_stored(index, table, world.ends))
    world.files.stretch(relation.path, max(index.pages, 1))
