"""SQL in code other than Python, read with tree-sitter's grammars; nothing of it is ever run."""

from pgtune.sources.code.asking import queries
from pgtune.sources.code.grammars import Parsed, parsed

__all__ = ["Parsed", "parsed", "queries"]
