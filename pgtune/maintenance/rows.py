"""What the catalog says, one type a query of sql/maintain. Field names are those of the queries' columns.

Counters are those of the statistics system and begin at zero after a crash; sizes and rows of `pg_class` are as of the
last VACUUM or ANALYZE, and `rows` is -1 where there was none. Ages of ids are in transactions, times in seconds ago.
`may`: the role may do the work; `reach`: it may name what is in the schema; `owned`: it may drop.
These are tuples, not dataclasses: a database of 100,000 tables makes that many of them.
"""

from typing import NamedTuple

from pgtune.maintenance.work import Relation


class Table(NamedTuple):
    """An ordinary table or a materialized view, with its TOAST table (None where it has none)."""

    oid: int
    schema: str
    name: str
    system: bool
    tablespace: str | None
    may: bool
    reach: bool
    owner: str
    pages: int
    rows: float
    visible: int
    frozen: int
    live: int
    dead: int
    modified: int
    inserted: int
    analyzed: float | None
    vacuumed: float | None
    xid_age: int
    mxid_age: int
    options: list[str] | None
    toast: int | None
    toast_pages: int | None
    toast_rows: float | None
    toast_visible: int | None
    toast_frozen: int | None
    toast_live: int | None
    toast_dead: int | None
    toast_inserted: int | None
    toast_xid_age: int | None
    toast_mxid_age: int | None
    toast_options: list[str] | None

    @property
    def relation(self) -> Relation:
        """The table itself."""
        return Relation(self.schema, self.name, self.oid)


class Parent(NamedTuple):
    """A partitioned table: sums over its leaves. `analyzed_rows` are in leaves analyzed by autovacuum since its own."""

    oid: int
    schema: str
    name: str
    may: bool
    reach: bool
    owner: str
    analyzed: float | None
    inner_node: bool
    leaves: int
    rows: float
    pages: int
    modified: float
    analyzed_rows: float

    @property
    def relation(self) -> Relation:
        """The partitioned table itself."""
        return Relation(self.schema, self.name, self.oid)


class Index(NamedTuple):
    """An index; `columns`, `classes`, `collations` and `orders` are the catalog's vectors as text."""

    oid: int
    schema: str
    name: str
    system: bool
    table_oid: int
    table_schema: str
    table_name: str
    parent_oid: int | None
    parent_schema: str | None
    parent_name: str | None
    tablespace: str | None
    may: bool
    reach: bool
    owned: bool
    owner: str
    method: str
    kind: str
    attached: bool
    temporary: bool
    pages: int
    rows: float
    valid: bool
    ready: bool
    live: bool
    is_unique: bool
    is_primary: bool
    exclusion: bool
    identity: bool
    constraint_name: str | None
    keys: int
    columns: str
    classes: str
    collations: str
    orders: str
    expressions: str | None
    predicate: str | None
    options: list[str] | None
    scans: int
    modified: int
    table_rows: float
    table_pages: int

    @property
    def relation(self) -> Relation:
        """The index itself."""
        return Relation(self.schema, self.name, self.oid)

    @property
    def table(self) -> Relation:
        """The table whose work excludes other work: for a TOAST table's index the table that it serves."""
        if self.parent_oid is not None and self.parent_schema is not None and self.parent_name is not None:
            return Relation(self.parent_schema, self.parent_name, self.parent_oid)
        return Relation(self.table_schema, self.table_name, self.table_oid)

    @property
    def definition(self) -> tuple[object, ...]:
        """What makes two indexes of one table equal in what they can answer; uniqueness is not part of it."""
        return (
            self.method, self.keys, self.columns, self.classes, self.collations, self.orders,
            self.expressions, self.predicate,
        )  # fmt: skip


class Column(NamedTuple):
    """A column of an index. `length` is -1 for a type of varying length; the last three are None without statistics.

    `distinct` is as in pg_stats: a number of values, or the negative of their share among the rows.
    """

    oid: int
    position: int
    alignment: str
    length: int
    type: str
    width: int | None
    nulls: float | None
    distinct: float | None


class Density(NamedTuple):
    """What pgstatindex measured: pages, and how full the leaves are in percent (NaN for an empty index)."""

    bytes: int
    leaf_pages: int
    internal_pages: int
    empty_pages: int
    deleted_pages: int
    density: float


class Collation(NamedTuple):
    """A collation whose version changed, the statement that accepts the new one, and the indexes that use it."""

    name: str
    recorded: str | None
    actual: str | None
    remedy: str
    indexes: list[int]


class Lock(NamedTuple):
    """A lock on a relation, held or waited for by another transaction; `gid` names a prepared one, which has no pid."""

    oid: int
    pid: int | None
    mode: str
    granted: bool
    role: str | None
    application: str | None
    state: str | None
    backend: str | None
    age: float | None
    query: str | None
    gid: str | None


class Horizon(NamedTuple):
    """Somebody who keeps old row versions alive; `xids` is how many transactions back it reaches."""

    hold: str
    name: str
    role: str | None
    application: str | None
    age: float | None
    xids: int | None
    query: str | None
    state: str | None


class AtWork(NamedTuple):
    """A session that vacuums or indexes a table now."""

    table_oid: int | None
    index_oid: int | None
    pid: int
    autovacuum: bool
    wraparound: bool


class Identity(NamedTuple):
    """The server and the role: `pgstattuple` is the schema of the extension where it can be used."""

    version: int
    in_recovery: bool
    database: str
    role_quoted: str
    database_owner_quoted: str
    reads_statistics: bool
    stats_seconds: float | None
    up_seconds: float
    at: str
    standbys: bool
    pgstattuple: str | None
