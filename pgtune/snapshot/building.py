"""The statements that make an index beside writers: one, or several on a partitioned table."""

from collections.abc import Iterable, Iterator, Mapping

from pgtune.model.design import Index, Name
from pgtune.model.indextree import Part, Tree
from pgtune.snapshot.snapshot import Table


def creation(index: Index, tables: Iterable[Table]) -> str:
    """What to run outside a transaction, each statement with its semicolon on lines of its own."""
    ddl = index.ddl(concurrently=True)
    parts = tuple(_below(index.table, _partitions(tables)))
    if not parts:
        return f"{ddl};"
    stages = Tree(Name(index.table.schema, index.name), index.table, ddl, parts).stages()
    return "\n".join(f"{stage.statement};" for stage in stages)


def _partitions(tables: Iterable[Table]) -> Mapping[Name, list[Table]]:
    found: dict[Name, list[Table]] = {}
    for each in tables:
        if each.partition_bound and each.parents:
            found.setdefault(each.parents[0], []).append(each)
    return found


def _below(name: Name, partitions: Mapping[Name, list[Table]]) -> Iterator[Part]:
    for each in sorted(partitions.get(name, ()), key=lambda table: table.name):
        yield Part(each.name, name, each.kind)
        yield from _below(each.name, partitions)
