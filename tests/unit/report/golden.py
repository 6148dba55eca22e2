"""Frozen texts: what a report printed when somebody last looked at it.

PGTUNE_GOLDEN=write writes them anew, for a person to look at in the diff.
"""

import os
from pathlib import Path


def check(actual: str, path: Path) -> None:
    if os.environ.get("PGTUNE_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(actual, encoding="utf-8")
    assert path.exists(), f"{path} is missing; PGTUNE_GOLDEN=write makes it"
    assert actual == path.read_text(encoding="utf-8"), f"{path.name} differs; PGTUNE_GOLDEN=write makes it anew"
