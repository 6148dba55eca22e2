"""SQL in Python, read from the syntax tree; nothing of it is ever run."""

from pgtune.sources.python.asking import queries
from pgtune.sources.python.syntax import Source, elsewhere

__all__ = ["Source", "elsewhere", "queries"]
