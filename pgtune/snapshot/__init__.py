"""Snapshots: a database as the planner sees it, without a row of its data."""

from pgtune.snapshot.file import dump, load
from pgtune.snapshot.snapshot import Snapshot

__all__ = ["Snapshot", "dump", "load"]
