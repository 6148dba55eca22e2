"""The pages of the rules, generated from the rules' own words.

`python -m pgtune.cli.pages docs/rules`, which is part of `./run docs`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from pgtune.report.rule import markdown, markdown_of_all
from pgtune.review.catalogue import RULES

HEAD = """# Rules of the review

Generated from the rules by `./run docs`; a test fails when a page is stale. `pgtune why CODE` prints the same.

"""


def pages() -> Mapping[str, str]:
    """The text of every page by its file name."""
    every = {f"{code}.md": markdown(rule) for code, rule in RULES.items()}
    return {"README.md": HEAD + markdown_of_all(RULES.values(), "./"), **every}


def write(folder: Path) -> None:
    """Write every page, and take away those of rules that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for stale in folder.glob("*.md"):
        if stale.name not in wanted:
            stale.unlink()
    for name, body in wanted.items():
        (folder / name).write_text(body, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
