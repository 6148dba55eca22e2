"""What a snapshot holds: schema, sizes, statistics and workload of one database, and not one row of its data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgtune.model.design import Name

SCHEMA = "pgtune.snapshot/1"


@dataclass(frozen=True, slots=True)
class ColumnStats:
    """A row of pg_stats, arrays as PostgreSQL's own text (`{1,2}`), None where the view says null.

    `inherited`: over the table and its children, as for a partitioned parent.
    """

    inherited: bool
    null_frac: float
    avg_width: int
    n_distinct: float
    most_common_vals: str | None = None
    most_common_freqs: str | None = None
    histogram_bounds: str | None = None
    correlation: float | None = None
    most_common_elems: str | None = None
    most_common_elem_freqs: str | None = None
    elem_count_histogram: str | None = None
    range_length_histogram: str | None = None
    range_empty_frac: float | None = None
    range_bounds_histogram: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or of an index (then `name` is the attribute's name there).

    `type` as format_type() writes it; `length` is typlen (-1: varlena), `align` typalign (c, s, i, d);
    `collation` is the collation's name as SQL where it is not the type's default. `ends`: the least and the greatest
    value as an index has them, an array as in the statistics.
    """

    number: int
    name: str
    type: str
    not_null: bool = False
    length: int = -1
    align: str = "i"
    collation: str | None = None
    stats: tuple[ColumnStats, ...] = ()
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An index that exists. Sizes: `pages` of 8 kB; `tuples` as pg_class has them; `height` of a B-tree, None unknown.

    `keys` are pg_get_indexdef() of each key column (column name or expression, without options), `include` the payload
    columns, `definition` the whole CREATE INDEX. `constraint` names the constraint that it backs. `scans` counts use
    since statistics were reset, on this server alone.
    """

    name: Name
    method: str
    definition: str
    keys: tuple[str, ...]
    include: tuple[str, ...] = ()
    predicate: str | None = None
    unique: bool = False
    primary: bool = False
    constraint: str | None = None
    valid: bool = True
    replica_identity: bool = False
    pages: int = 0
    tuples: float = -1
    height: int | None = None
    fillfactor: int | None = None
    opclasses: tuple[str, ...] = ()
    collations: tuple[str, ...] = ()
    options: tuple[int, ...] = ()  # pg_index.indoption: 1 descending, 2 nulls first
    columns: tuple[Column, ...] = ()  # with statistics of expressions
    scans: int | None = None
    last_scan: str | None = None
    parent: Name | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key of `table`: its columns and what they point to."""

    name: str
    columns: tuple[str, ...]
    target: Name
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Counters of pg_stat_all_tables since the statistics were reset; times ISO 8601 in UTC."""

    seq_scan: int = 0
    idx_scan: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    hot_updated: int = 0
    live: int = 0
    dead: int = 0
    modified: int = 0
    last_vacuum: str | None = None
    last_analyze: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table, partitioned table or materialised view (`kind` r, p, m, f) with everything that the planner reads.

    `pages` is the file's size in pages now, `relpages`, `rows` and `all_visible` are pg_class's. `parents` are the
    tables it inherits from or is a partition of; `partition_key` as pg_get_partkeydef, `partition_bound` as
    pg_get_expr give them.
    """

    name: Name
    kind: str
    columns: tuple[Column, ...]
    pages: int = 0
    relpages: int = 0
    rows: float = -1
    all_visible: int = 0
    all_frozen: int | None = None
    toast_pages: int = 0
    parents: tuple[Name, ...] = ()
    partition_key: str | None = None
    partition_bound: str | None = None
    fillfactor: int | None = None
    indexes: tuple[StoredIndex, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    primary_key: tuple[str, ...] = ()
    usage: Usage | None = None
    statistics_readable: bool = True


@dataclass(frozen=True, slots=True)
class Object:
    """One statement of the schema.

    Kinds: role, schema, extension, collation, type, sequence, function, operator, search, table, view, default,
    constraint, index, statistics, rule, trigger, policy, comment; what ALTER adds to an object has its kind. `needs`
    are earlier objects' `id`s that it cannot do without (from pg_depend): what fails takes only its dependents along.
    """

    id: str
    kind: str
    name: str
    sql: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtendedStatistics:
    """CREATE STATISTICS of a table: what it covers (its contents do not travel before 19)."""

    name: Name
    table: Name
    columns: tuple[str, ...]
    kinds: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A statement of pg_stat_statements: `calls`, times in milliseconds, `rows`, blocks read and hit.

    `truncated`: the text is cut off; `role` is whose search_path counts.
    """

    text: str
    calls: int
    total_ms: float
    rows: int = 0
    role: str | None = None
    queryid: str | None = None
    blocks_read: int = 0
    blocks_hit: int = 0
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be read: what, why, and the grant that would bring it (None: none would)."""

    what: str
    why: str
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One database as the planner sees it. `settings` are the planner's, values as pg_settings has them with units.

    `search_paths`: of roles and of the database where they are not the default, `""` for the database itself.
    """

    version: int
    version_text: str
    taken: str
    database: str
    encoding: str = "UTF8"
    collate: str = "C.UTF-8"
    ctype: str = "C.UTF-8"
    provider: str = "c"
    locale: str | None = None  # of provider i (ICU) and b (built in)
    system_identifier: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    search_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    objects: tuple[Object, ...] = ()
    tables: tuple[Table, ...] = ()
    extended: tuple[ExtendedStatistics, ...] = ()
    workload: tuple[Recorded, ...] = ()
    stats_reset: str | None = None
    statements_reset: str | None = None
    standbys: int = 0
    in_recovery: bool = False
    missing: tuple[Missing, ...] = ()
    cut: tuple[str, ...] = ()  # what held a credential, which is not in here
    masked: bool = False

    @property
    def major(self) -> int:
        """The major version, 18 for 180006."""
        return self.version // 10000

    def table(self, name: Name) -> Table | None:
        """The table of this name, None if there is none."""
        return next((table for table in self.tables if table.name == name), None)
