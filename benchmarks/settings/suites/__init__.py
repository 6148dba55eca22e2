"""The loads: TPC-B with random payload, a mixed web load, TPC-H."""

from benchmarks.settings.suites.tpcb import Tpcb
from benchmarks.settings.suites.tpch import Tpch
from benchmarks.settings.suites.web import Web

__all__ = ["Tpcb", "Tpch", "Web"]
