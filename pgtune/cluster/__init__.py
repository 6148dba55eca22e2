"""PostgreSQL processes of our own: for the demonstration, the proof, the twin and the tests. Never a user's server."""

from pgtune.cluster.binaries import Binaries, find
from pgtune.cluster.cluster import Cluster

__all__ = ["Binaries", "Cluster", "find"]
