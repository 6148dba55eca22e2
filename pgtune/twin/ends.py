"""The ends of columns, for indexes to hold: the planner asks a B-tree for its column's least and greatest value.

That is get_actual_variable_range() in src/backend/utils/adt/selfuncs.c: where a condition falls into the first or last
bin of a histogram, the true end stands in for the bin's own, and a condition beyond it finds nothing. The server of the
twin writes the values as bytes: into a table of its own, whose file is read once the server is down.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from pgtune import resources
from pgtune.model.design import Index, Name
from pgtune.snapshot.snapshot import Column, StoredIndex, Table
from pgtune.twin import heap
from pgtune.twin.btree import Value, leaf_tuple
from pgtune.twin.builder import Builder
from pgtune.twin.files import Files
from pgtune.workload.arrays import array, elements

SCHEMA = "pgtune ends"
CUTOFF = 0.01  # of a bin: less the planner does not believe of a histogram whose ends it could not look up
CSTRING = "name"  # the one type that a B-tree keeps as another one

Place = tuple[Name, str]  # a relation and a column of it


@dataclass(frozen=True, slots=True)
class Ends:
    """The least and the greatest value; `read`: as an index said, else as ANALYZE happened to see them."""

    low: Value
    high: Value
    read: bool


Known = Mapping[Place, Ends]


@dataclass
class Written:
    """Tables that values were written into: whose they are, in the order of their rows, by the path of the file."""

    places: dict[str, Sequence[tuple[Place, bool]]] = field(default_factory=dict)

    def ends(self, files: Files) -> Known:
        """What they hold, read while the server is down."""
        return {place: each for path in self.places for place, each in self._of(path, files)}

    def _of(self, path: str, files: Files) -> Iterator[tuple[Place, Ends]]:
        places, values = self.places[path], list(heap.values(files.read(path)))
        if len(values) == 2 * len(places):
            for (place, read), low, high in zip(places, values, values[len(places) :], strict=False):
                if low is not None and high is not None:
                    yield place, Ends(low, high, read)


def write(superuser: psycopg.Connection, builder: Builder, tables: Iterable[Table]) -> Written:
    """Have the ends of all columns written that have a histogram; those of a type that cannot be read are left out."""
    groups: defaultdict[tuple[str, str], list[tuple[Place, bool, str]]] = defaultdict(list)
    for place, column, known in _known(tables):
        groups[column.type, column.collation or ""].append((place, column.ends is not None, known))
    words = sql.SQL(resources.sql("twin/make_hidden_schema"))
    superuser.execute(words.format(schema=sql.Identifier(SCHEMA)))
    made = {}
    for number, ((kind, collation), found) in enumerate(groups.items()):
        if builder.made([_statement(f"t{number}", kind, collation, [known for _, _, known in found])]) is None:
            made[f"t{number}"] = [(place, read) for place, read, _ in found]
    paths = superuser.execute(resources.sql("twin/ends_paths"), {"schema": f'"{SCHEMA}"'}).fetchall()
    return Written({path: made[name] for name, path in paths if name in made})


def forget(superuser: psycopg.Connection) -> None:
    """Drop what was written."""
    superuser.execute(sql.SQL(resources.sql("twin/forget_ends")).format(schema=sql.Identifier(SCHEMA)))


def _known(tables: Iterable[Table]) -> Iterator[tuple[Place, Column, str]]:
    """Columns with a histogram, and an array of values among which their ends are."""
    for table in tables:
        for relation, columns in ((table.name, table.columns), *((each.name, each.columns) for each in table.indexes)):
            for column in columns:
                known = column.ends or (_sampled(column) if _fresh(column, table) else None)
                if known is not None and column.type != CSTRING and not column.type.endswith("[]"):
                    yield (relation, column.name), column, known


def _sampled(column: Column) -> str | None:
    """What ANALYZE saw: the histogram's ends, beyond which common values may stand."""
    stats = min(column.stats, key=lambda each: each.inherited)
    bounds = elements(stats.histogram_bounds)
    values = (*bounds[:1], *bounds[-1:], *elements(stats.most_common_vals))
    return array(*(each for each in values if each is not None)) if bounds else None


def _fresh(column: Column, table: Table) -> bool:
    """Whether so few rows came since ANALYZE that all of them are fewer than the planner's cutoff."""
    if not column.stats or table.usage is None:
        return False
    bounds = max(len(elements(each.histogram_bounds)) for each in column.stats)
    return bounds > 1 and table.usage.modified * (bounds - 1) <= CUTOFF * table.rows


def _statement(table: str, kind: str, collation: str, values: Sequence[str]) -> str:
    arrays = (sql.SQL("({}::{}[])").format(sql.Literal(each), sql.SQL(kind)) for each in values)
    words = sql.SQL(resources.sql("twin/ends")).format(
        table=sql.Identifier(SCHEMA, table),
        type=sql.SQL(kind),
        collation=sql.SQL(f"COLLATE {collation}" if collation else ""),
        values=sql.SQL(", ").join(arrays),
    )
    return words.as_string()


def of_stored(index: StoredIndex, table: Table, known: Known) -> list[bytes]:
    """The keys for an index that exists: its column's ends in its own order, none where nobody knows them."""
    if index.method != "btree" or index.predicate or (index.opclasses and "pattern" in index.opclasses[0]):
        return []
    key = index.keys[0]
    name = key[1:-1].replace('""', '"') if key.startswith('"') else key
    found = known.get((table.name, name))
    if found is None and index.columns:
        found = known.get((index.name, index.columns[0].name))
    descending = bool(index.options and index.options[0] & 1)
    return _keys(found, descending=descending, alone=len(index.keys) + len(index.include) == 1)


def of_index(index: Index, table: Name, known: Known) -> list[bytes]:
    """The same for one that might be."""
    key = index.keys[0]
    if index.method != "btree" or index.where or not key.column or key.opclass or key.collation:
        return []
    alone = len(index.keys) + len(index.include) == 1
    return _keys(known.get((table, key.column)), descending=key.descending, alone=alone)


def _keys(found: Ends | None, *, descending: bool, alone: bool) -> list[bytes]:
    if found is None:
        return []
    values = (found.high, found.low) if descending else (found.low, found.high)
    return [leaf_tuple(value, row, alone=alone) for row, value in enumerate(values, 1)]
