"""Workloads: what a database is asked, how often, and with which values.

Each source has a module that makes `Entry`s of its text (`files`, `logs`, `statistics`); `Gathering` makes a workload
of entries.
"""

from pgtune.workload.entry import Entry
from pgtune.workload.gather import Gathering
from pgtune.workload.statement import Binding, LeftOutStatement, Statement, Workload

__all__ = ["Binding", "Entry", "Gathering", "LeftOutStatement", "Statement", "Workload"]
