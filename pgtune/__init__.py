"""pgtune: facts in, a plan a person can read, and one writer that records, checks and can undo."""

from importlib import import_module


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: to find an installed package takes as long as a small lint."""
    if name != "__version__":
        raise AttributeError(name)
    metadata = import_module("importlib.metadata")
    try:
        return str(metadata.version("pgtune"))
    except metadata.PackageNotFoundError:  # a checkout that nobody installed
        return "0+checkout"
