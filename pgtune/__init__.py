"""pgtune: facts in, a plan a person can read, and one writer that records, checks and can undo."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pgtune")
except PackageNotFoundError:  # a checkout that nobody installed
    __version__ = "0+checkout"
