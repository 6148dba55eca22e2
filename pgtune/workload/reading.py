"""A text of a workload made plannable, or refused with the reason."""

from collections import Counter
from collections.abc import Mapping

from pgtune.model.design import Name
from pgtune.snapshot.snapshot import Table
from pgtune.sqltext.parse import deparsed, kind, looked_at, query_of
from pgtune.sqltext.placeholders import numbered
from pgtune.sqltext.safety import filtering
from pgtune.sqltext.shape import Shape, Source
from pgtune.sqltext.typed import castable, untold, with_types
from pgtune.workload.bindings import recorded, typical
from pgtune.workload.catalog import SnapshotCatalog, Tables
from pgtune.workload.entry import Entry
from pgtune.workload.statement import Binding

OURS = "/* pgtune */"  # stands in pgtune's own statements that read users' tables
UNTOLD = "text"  # the type of a parameter of which nothing tells one


class NotWanted(Exception):
    """A text is no part of a workload; the message is why."""


def plain(entry: Entry) -> str:
    """The statement that has a plan, with `$n` for its placeholders and casts for literals that were parameters.

    Raises:
        NotSql: it does not parse, or is not one statement.
        NotWanted: it is cut off, has no plan, or is pgtune's own.
    """
    if OURS in entry.text:
        raise NotWanted("it is pgtune's own")
    if entry.truncated:
        raise NotWanted("its text is cut off")
    text = entry.text if entry.native else numbered(entry.text).text
    statement = looked_at(text)
    inner = query_of(statement, executed=entry.explained)
    if kind(inner) == "utility":
        raise NotWanted("a utility statement, which has no plan")
    return castable(text if inner is statement else deparsed(inner))


def wanted(shape: Shape, catalog: SnapshotCatalog | None) -> None:
    """Refuse what reads no table of the database.

    Raises:
        NotWanted: it reads nothing, PostgreSQL's own catalogs alone (as pgtune's own queries do), or a relation that
            the snapshot has not.
    """
    if not shape.sources:
        raise NotWanted("it reads no table")
    here = catalog or Tables({}, frozenset()).under(())
    if all(here.system(source.schema, source.name) for source in shape.sources):
        raise NotWanted("it reads PostgreSQL's own catalogs")
    unknown = [source for source in shape.sources if catalog and not _known(source, catalog)]
    if unknown:
        name = f"{unknown[0].schema}.{unknown[0].name}" if unknown[0].schema else unknown[0].name
        raise NotWanted(f"{name} is not in the snapshot (temporary, dropped, or not readable)")


def _known(source: Source, catalog: SnapshotCatalog) -> bool:
    return catalog.known(source.schema, source.name) or catalog.system(source.schema, source.name)


def typed(text: str, shape: Shape, catalog: SnapshotCatalog | None) -> str:
    """The text with a type for each parameter that stands where none can be told, as in `$1 IS NULL OR c = $1`.

    Raises:
        NotSql: the text does not parse.
    """
    bare = untold(text)
    if not bare:
        return text
    known = {
        value.parameter: catalog.columns(table).get(predicate.term.column, UNTOLD) if catalog and table else UNTOLD
        for predicate in shape.predicates()
        for value in predicate.values
        for table in (shape.source(predicate.term.source).table,)
    }
    return with_types(text, {number: known.get(number, UNTOLD) for number in bare})


def deciding(text: str) -> frozenset[int]:
    """The parameters that decide which rows are read.

    Raises:
        NotSql: the text does not parse.
    """
    return filtering(looked_at(text))


def values(
    shape: Shape, decide: frozenset[int], seen: Counter[tuple[str | None, ...]], tables: Mapping[Name, Table]
) -> tuple[Binding, ...]:
    """What to plan the statement with: values that were recorded, else typical ones."""
    if not shape.parameters:
        return ()
    return recorded(seen) if seen else typical(shape, decide, tables)
