"""Workloads: what a database is asked, how often, and with which values."""

from pgtune.workload.statement import Binding, Statement, Workload

__all__ = ["Binding", "Statement", "Workload"]
