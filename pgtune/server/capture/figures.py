"""Tables and indexes with everything that the planner reads of them: sizes, statistics, keys, use."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from psycopg.rows import DictRow

from pgtune.model.design import Name
from pgtune.server.capture import ddl, ends
from pgtune.server.capture.catalog import Catalog
from pgtune.server.capture.session import Session
from pgtune.snapshot.snapshot import Column, ColumnStats, ForeignKey, StoredIndex, Table, Usage

PAGE = 8192  # bytes: what a snapshot counts in, whatever the server's block size

STATS = tuple(each.name for each in fields(ColumnStats))
USAGE = tuple(each.name for each in fields(Usage))


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: bytes, heights, counters by object identifier, the others by schema, relation and column."""

    block: int
    bytes: Mapping[int, int] = field(default_factory=dict)
    heights: Mapping[int, int] = field(default_factory=dict)
    usage: Mapping[int, DictRow] = field(default_factory=dict)
    index_usage: Mapping[int, DictRow] = field(default_factory=dict)
    statistics: Mapping[tuple[str, str, str], Sequence[ColumnStats]] = field(default_factory=dict)
    ends: Mapping[tuple[str, str, str], str] = field(default_factory=dict)


def measure(session: Session, catalog: Catalog, chosen: Sequence[DictRow], block: int) -> Figures:
    """Ask for the figures of the chosen relations. A locked one keeps the size that the catalogs remember."""
    tables = [row["oid"] for row in chosen]
    indexes = [index["oid"] for oid in tables for index in catalog.indexes_of[oid]]
    toasts = [row["toast"] for row in chosen if row["toast"]]
    sizes = session.rows("sizes", relations=[*tables, *indexes, *toasts])
    statistics = _statistics(session, catalog, chosen)
    index_usage = {row["oid"]: row for row in session.rows("index_usage")}
    histograms = {place for place, known in statistics.items() if any(each.histogram_bounds for each in known)}
    return Figures(
        block=block,
        bytes={row["oid"]: row["bytes"] for row in sizes if row["bytes"] is not None},
        heights=_heights(session, catalog, indexes),
        usage={row["oid"]: row for row in session.rows("usage")},
        index_usage=index_usage,
        statistics=statistics,
        ends=ends.read(session, catalog, chosen, index_usage, histograms),
    )


def _heights(session: Session, catalog: Catalog, indexes: Sequence[int]) -> Mapping[int, int]:
    """Heights of B-trees, as far as pageinspect tells them; whoever plans estimates the others."""
    inspect = next((row for row in catalog.extensions if row["name"] == "pageinspect"), None)
    if inspect is None:
        return {}
    found: list[DictRow] = []
    with session.quietly():
        found = session.within("heights", inspect["schema"], relations=indexes)
    return {row["oid"]: row["height"] for row in found}


def _statistics(
    session: Session, catalog: Catalog, chosen: Sequence[DictRow]
) -> Mapping[tuple[str, str, str], Sequence[ColumnStats]]:
    names = {(row["schema"], row["name"]) for row in chosen}
    names |= {(index["schema"], index["name"]) for row in chosen for index in catalog.indexes_of[row["oid"]]}
    groups: defaultdict[tuple[str, str, str], list[ColumnStats]] = defaultdict(list)
    asked = {"schemas": sorted({schema for schema, _ in names}), "names": sorted({name for _, name in names})}
    for row in session.rows("statistics", **asked):
        if (row["schema"], row["relation"]) in names:
            groups[row["schema"], row["relation"], row["column"]].append(
                ColumnStats(**{key: row[key] for key in STATS})
            )
    return groups


def tables(catalog: Catalog, chosen: Sequence[DictRow], figures: Figures) -> tuple[Table, ...]:
    """The chosen tables in the order of their names."""
    made = [_table(catalog, row, figures) for row in chosen]
    return tuple(sorted(made, key=lambda table: table.name))


def _table(catalog: Catalog, row: DictRow, figures: Figures) -> Table:
    name, columns = ddl.name(row), catalog.columns[row["oid"]]
    keys = [each for each in catalog.constraints_of[row["oid"]] if each["kind"] == "p"]
    foreign = [each for each in catalog.constraints_of[row["oid"]] if each["kind"] == "f"]
    return Table(
        name=name,
        kind=row["kind"],
        columns=tuple(_column(each, name, figures) for each in columns),
        pages=_pages(row["oid"], row["relpages"], figures),
        relpages=max(row["relpages"], 0),
        rows=row["rows"],
        all_visible=row["all_visible"],
        all_frozen=row["all_frozen"],
        toast_pages=_pages(row["toast"], 0, figures),
        parents=tuple(ddl.name(catalog.relation[oid]) for oid in row["parents"] or () if oid in catalog.relation),
        partition_key=row["partition_key"],
        partition_bound=row["partition_bound"],
        fillfactor=_fillfactor(row["options"]),
        indexes=tuple(_index(catalog, each, figures) for each in catalog.indexes_of[row["oid"]]),
        foreign_keys=tuple(_foreign_key(catalog, each) for each in foreign if each["target"] in catalog.relation),
        primary_key=tuple(keys[0]["columns"]) if keys else (),
        usage=_usage(figures.usage.get(row["oid"])),
        statistics_readable=not row["hidden_by_policies"] and all(each["readable"] for each in columns),
    )


def _column(row: DictRow, relation: Name, figures: Figures) -> Column:
    return Column(
        number=row["number"],
        name=row["name"],
        type=row["type"],
        not_null=row["not_null"],
        length=row["length"],
        align=row["align"],
        collation=row["collation"],
        stats=tuple(figures.statistics.get((relation.schema, relation.name, row["name"]), ())),
        ends=figures.ends.get((relation.schema, relation.name, row["name"])),
    )


def _index(catalog: Catalog, row: DictRow, figures: Figures) -> StoredIndex:
    name, used = ddl.name(row), figures.index_usage.get(row["oid"])
    parent = catalog.index.get(row["parent"])
    return StoredIndex(
        name=name,
        method=row["method"],
        definition=row["definition"],
        keys=tuple(row["keys"]),
        include=tuple(row["include"] or ()),
        predicate=row["predicate"],
        unique=row["is_unique"],
        primary=row["is_primary"],
        constraint=row["constraint_name"],
        valid=row["valid"],
        replica_identity=row["replica_identity"],
        pages=_pages(row["oid"], row["relpages"], figures),
        tuples=row["tuples"],
        height=figures.heights.get(row["oid"]),
        fillfactor=_fillfactor(row["options"]),
        opclasses=tuple(row["opclasses"] or ()),
        collations=tuple(row["collations"] or ()),
        options=tuple(row["key_options"]),
        columns=tuple(_column(each, name, figures) for each in catalog.columns[row["oid"]]),
        scans=used["scans"] if used else None,
        last_scan=used["last_scan"] if used else None,
        parent=ddl.name(parent) if parent else None,
    )


def _foreign_key(catalog: Catalog, row: DictRow) -> ForeignKey:
    target = ddl.name(catalog.relation[row["target"]])
    return ForeignKey(row["name"], tuple(row["columns"]), target, tuple(row["target_columns"]))


def _usage(row: DictRow | None) -> Usage | None:
    return Usage(**{key: row[key] for key in USAGE}) if row else None


def _pages(oid: int, remembered: int, figures: Figures) -> int:
    """Pages of 8 kB: of the file as it is, or as the catalogs remember it."""
    size = figures.bytes.get(oid)
    return -(-(remembered * figures.block if size is None else size) // PAGE) if remembered >= 0 else 0


def _fillfactor(options: Sequence[str] | None) -> int | None:
    found = [each.removeprefix("fillfactor=") for each in options or () if each.startswith("fillfactor=")]
    return int(found[0]) if found else None
