"""The relations of a twin: where their files lie, and how large the planner is to believe they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row

from pgtune import resources
from pgtune.model.design import Name


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the twin; `path` is its first file below the data directory, None where it has none."""

    oid: int
    name: Name
    kind: str
    method: str | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Size:
    """A relation's figures in pg_class."""

    pages: int
    tuples: float
    visible: int = 0


def read(superuser: psycopg.Connection) -> Mapping[Name, Relation]:
    """All relations that a plan can touch, by name."""
    with superuser.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(resources.sql("twin/relations")).fetchall()
    found = (
        Relation(row["oid"], Name(row["schema"], row["name"]), row["kind"], row["method"], row["path"]) for row in rows
    )
    return {each.name: each for each in found}


def write_sizes(superuser: psycopg.Connection, sizes: Iterable[tuple[int, Size]]) -> None:
    """Tell the planner how large relations are, by oid."""
    pairs: Sequence[tuple[int, Size]] = list(sizes)
    values = {
        "oids": [oid for oid, _ in pairs],
        "pages": [_signed(size.pages) for _, size in pairs],
        "tuples": [float(size.tuples) for _, size in pairs],  # a list of one type
        "visible": [_signed(size.visible) for _, size in pairs],
    }
    superuser.execute(resources.sql("twin/sizes"), values)


def _signed(pages: int) -> int:
    """A number of pages as pg_class holds it: 32 bits, of which the first is a sign for SQL alone."""
    return pages - 2**32 if pages >= 2**31 else pages


@dataclass(frozen=True, slots=True)
class IndexPart:
    """A part of a partitioned index: its oid and name, the partition that it is on, its first file."""

    oid: int
    name: str
    table: str
    path: str | None


def below(superuser: psycopg.Connection, index: Name) -> list[IndexPart]:
    """The parts of a partitioned index, and itself."""
    with superuser.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(resources.sql("twin/indexes"), {"schemas": [index.schema], "names": [index.name]})
        return [IndexPart(row["oid"], row["name"], row["table"], row["path"]) for row in rows]
