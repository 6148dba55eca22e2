"""Rows of a catalog, quiet unless a test says otherwise."""

from typing import Any

from pgtune import guide, resources
from pgtune.maintenance.blockers import Obstacles
from pgtune.maintenance.jobs import Workshop
from pgtune.maintenance.policy import policy
from pgtune.maintenance.predict import predictor
from pgtune.maintenance.rows import Column, Identity, Index, Lock, Parent, Table
from pgtune.maintenance.thresholds import Thresholds

BLOCK = 8192
SETTINGS = {
    "autovacuum_vacuum_threshold": 50, "autovacuum_vacuum_scale_factor": 0.2,
    "autovacuum_vacuum_insert_threshold": 1000, "autovacuum_vacuum_insert_scale_factor": 0.2,
    "autovacuum_analyze_threshold": 50, "autovacuum_analyze_scale_factor": 0.1,
    "autovacuum_freeze_max_age": 200_000_000, "autovacuum_multixact_freeze_max_age": 400_000_000,
}  # fmt: skip
THRESHOLDS = Thresholds(SETTINGS)
POLICY = policy(guide.load(resources.text("guide", "guide.toml")))
TABLE = Table(
    oid=100, schema="public", name="t", system=False, tablespace=None, may=True, reach=True, owner="owner", pages=200,
    rows=10000.0, visible=200, frozen=0, live=10000, dead=0, modified=0, inserted=0, analyzed=60.0, vacuumed=60.0,
    xid_age=1000, mxid_age=10, options=None, toast=None, toast_pages=None, toast_rows=None, toast_visible=None,
    toast_frozen=None, toast_live=None, toast_dead=None, toast_inserted=None, toast_xid_age=None, toast_mxid_age=None,
    toast_options=None,
)  # fmt: skip
TOASTED = TABLE._replace(
    toast=101, toast_pages=100, toast_rows=400.0, toast_visible=100, toast_frozen=0, toast_live=400, toast_dead=0,
    toast_inserted=0, toast_xid_age=1000, toast_mxid_age=10,
)  # fmt: skip
PARENT = Parent(
    oid=300, schema="public", name="p", may=True, reach=True, owner="owner", analyzed=60.0, inner_node=False, leaves=4,
    rows=10000.0, pages=400, modified=0.0, analyzed_rows=0.0,
)  # fmt: skip
INDEX = Index(
    oid=200, schema="public", name="i", system=False, table_oid=100, table_schema="public", table_name="t",
    parent_oid=None, parent_schema=None, parent_name=None, tablespace=None, may=True, reach=True, owned=True,
    owner="owner", method="btree", kind="i", attached=False, temporary=False, pages=1000, rows=100_000.0, valid=True,
    ready=True, live=True, is_unique=False, is_primary=False, exclusion=False, identity=False, constraint_name=None,
    keys=1, columns="1", classes="1978", collations="0", orders="0", expressions=None, predicate=None, options=None,
    scans=7, modified=0, table_rows=100_000.0, table_pages=5000,
)  # fmt: skip
IDENTITY = Identity(
    version=180000, in_recovery=False, database="app", role_quoted="keeper", database_owner_quoted="owner",
    reads_statistics=True, stats_seconds=9e6, up_seconds=9e6, at="2026-01-01T00:00:00Z", standbys=False,
    pgstattuple=None,
)  # fmt: skip
INTEGER = Column(
    oid=200, position=1, alignment="i", length=4, type="integer", width=4, nulls=0.0, distinct=-1.0
)  # fmt: skip
LOCK = Lock(
    oid=100, pid=4711, mode="RowExclusiveLock", granted=True, role="app", application="till", state="active",
    backend="client backend", age=3.0, query="update t", gid=None,
)  # fmt: skip


def workshop(**more: Any) -> Workshop:
    """A workshop in which nobody is in the way and no size is known."""
    given = {
        "identity": IDENTITY, "policy": POLICY, "predictor": predictor(POLICY),
        "obstacles": Obstacles({}, (), (), POLICY), "block": BLOCK, "target": 100, "sizes": {}, "index_sizes": {},
    }  # fmt: skip
    return Workshop(**(given | more))
