"""The house guide as every command reads it: the shipped figures, with those of a user's own file laid over them."""

from pathlib import Path

from pgtune import guide, resources
from pgtune.model.errors import BadInput


def read_guide(path: Path | None) -> guide.Guide:
    """The house guide, with the user's own file laid over it.

    Raises:
        BadInput: the file cannot be read or is no guide.
    """
    shipped = resources.text("guide", "guide.toml")
    if path is None:
        return guide.load(shipped)
    if path.exists() and not path.is_file():
        raise BadInput(f"--guide {path}: not a file")
    try:
        return guide.load(shipped, path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--guide {path}: {error}") from None
