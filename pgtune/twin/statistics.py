"""The planner's statistics of columns, put where the planner looks for them.

From 18 on by the server's own function, as the weak owner: reading a value of a domain runs the domain's checks, which
are a user's. Before, into pg_statistic, which takes a superuser, and so without values that would run such code.
"""

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgtune import resources
from pgtune.model.design import Name
from pgtune.model.errors import NotPlannable
from pgtune.snapshot.snapshot import Column, ColumnStats, Table
from pgtune.twin.house import OWNER, House
from pgtune.twin.slots import Type, numbered, slots

BATCH = 1000  # rows a statement
SECONDS = 30.0  # what a batch may take; 1000 rows take 0.1
FIELDS = tuple(each.name for each in fields(ColumnStats))  # asdict() would copy each value deeply
RESTORING = 18  # the first version with pg_restore_attribute_stats()

Row = dict[str, Any]
Write = Callable[[Sequence[Row]], None]


def restore(house: House, tables: Iterable[Table], known: Container[Name]) -> list[str]:
    """Write the statistics of every column whose relation is `known`; what could not be written, by name."""
    rows = [row for row in _rows(tables) if Name(row["schema"], row["relation"]) in known]
    if house.cluster.binaries.major >= RESTORING:
        return _as_owner(house, rows)
    with house.superuser() as superuser:
        return _as_superuser(superuser, rows)


def _rows(tables: Iterable[Table]) -> Iterator[Row]:
    for table in tables:
        yield from _of(table.name, table.columns)
        for index in table.indexes:
            yield from _of(index.name, index.columns)


def _of(relation: Name, columns: Iterable[Column]) -> Iterator[Row]:
    for column in columns:
        for stats in column.stats:
            place = {"schema": relation.schema, "relation": relation.name, "attribute": column.name}
            yield place | {name: getattr(stats, name) for name in FIELDS}


def _as_owner(house: House, rows: Sequence[Row]) -> list[str]:
    wire = house.weak(OWNER)
    statement = resources.sql("twin/statistics", RESTORING)
    try:
        return _written(lambda some: _ask(wire.batch([(statement, (json.dumps(some),))], SECONDS)), rows)
    finally:
        wire.close()


def _ask(_: object) -> None:
    """The function warns of what it does not take, and goes on."""


def _as_superuser(superuser: psycopg.Connection, rows: Sequence[Row]) -> list[str]:
    places = _places(superuser)
    types = _types(superuser, {place["type"] for place in places.values()})
    types |= _types(superuser, {each.element for each in types.values() if each.element})
    statement = resources.sql("twin/statistics", RESTORING - 1)
    filled = [_filled(row, places[key], types) for row in rows if (key := _key(row)) in places]
    return _written(lambda some: _ask(superuser.execute(statement, {"rows": json.dumps(some)})), filled)


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return (row["schema"], row["relation"], row["attribute"])


def _places(superuser: psycopg.Connection) -> dict[tuple[str, str, str], Row]:
    with superuser.cursor(row_factory=dict_row) as cursor:
        return {_key(row): row for row in cursor.execute(resources.sql("twin/attributes"))}


def _types(superuser: psycopg.Connection, oids: Iterable[int]) -> dict[int, Type]:
    with superuser.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(resources.sql("twin/types"), {"types": sorted(oids)}).fetchall()
    return {
        row["type"]: Type(row["base"], row["element"], row["safe"], row["equal"] or 0, row["less"] or 0) for row in rows
    }


def _filled(row: Row, place: Row, types: Mapping[int, Type]) -> Row:
    of = types[place["type"]]
    element = types.get(of.element) if of.element else None
    return row | place | numbered(slots(row, of, element, place["collation"]))


def _written(write: Write, rows: Sequence[Row]) -> list[str]:
    """Write in batches; the names of what failed."""
    return [name for at in range(0, len(rows), BATCH) for name in _halved(write, rows[at : at + BATCH])]


def _halved(write: Write, rows: Sequence[Row]) -> Iterator[str]:
    """Write rows together, or if that fails by halves, down to the one that is to blame."""
    try:
        write(rows)
    except (psycopg.Error, NotPlannable):
        if len(rows) == 1:
            yield ".".join(_key(rows[0]))
            return
        half = len(rows) // 2
        yield from _halved(write, rows[:half])
        yield from _halved(write, rows[half:])
