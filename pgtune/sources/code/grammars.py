"""The grammars, from packages of their own that the extra `code` brings; loaded when the first file wants one."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from pgtune.model.errors import NotSql
from pgtune.sources.kinds import GRAMMARS, ending

# The package and the function in it that gives the grammar, where they are not called as the language.
_PLACES = {
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "php": ("tree_sitter_php", "language_php"),
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file of code: its tree's root, its bytes, its language."""

    root: Any
    content: bytes
    language: str


def parsed(text: str, path: str) -> Parsed:
    """The file as a tree; what its grammar does not know is left out of it, so any text has one.

    Raises:
        NotSql: the grammar is not installed.
    """
    language = GRAMMARS[ending(path)]
    content = text.encode(errors="replace")
    return Parsed(_parser(language).parse(content).root_node, content, language)


@lru_cache
def _parser(language: str) -> Any:
    package, function = _PLACES.get(language, (f"tree_sitter_{language}", "language"))
    try:
        tree_sitter, grammar = import_module("tree_sitter"), import_module(package)
    except ImportError:
        wanted = package.replace("_", "-")
        raise NotSql(f"SQL in such code is read with {wanted}: pip install 'pgtune[code]'") from None
    return tree_sitter.Parser(tree_sitter.Language(getattr(grammar, function)()))
