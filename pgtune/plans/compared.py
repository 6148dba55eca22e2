"""What a plan's conditions compare, read off EXPLAIN's own words; every column is qualified there (VERBOSE)."""

import re
from collections.abc import Iterator, Sequence

from pgtune.plans.plan import Node

CONDITIONS = ("Index Cond", "Recheck Cond", "Filter", "Join Filter", "Hash Cond", "Merge Cond")

_NAME = r'(?:[\w$]+|"(?:[^"]|"")+")'
_TEXT = re.compile(r"""("(?:[^"]|"")*")|'(?:[^']|'')*'""")  # a name, which stays, or what a query was given
_CAST = re.compile(rf"\(({_NAME}\.{_NAME})\)::[\w ]+")
_PAIR = re.compile(rf"({_NAME})\.({_NAME})")
_EQUAL = re.compile(rf"\(({_NAME}\.{_NAME}) = ({_NAME}\.{_NAME})\)")


def equalities(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """The pairs of columns that these nodes compare for equality, as alias.name; what stands below an OR is none."""
    for node in nodes:
        for label in CONDITIONS:
            text = _TEXT.sub(r"\1", node.conditions.get(label, ""))
            if " = " in text and " OR " not in text:
                yield from _EQUAL.findall(_CAST.sub(r"\1", text))


def others(node: Node) -> bool:
    """True if its conditions name another relation: what it reads depends on that one's rows."""
    texts = (_TEXT.sub(r"\1", node.conditions.get(label, "")) for label in CONDITIONS)
    return any(_plain(alias) != node.alias for text in texts for alias, _name in _PAIR.findall(text))


def parts(column: str) -> tuple[str, str]:
    """The alias and the name, as the catalogs hold them."""
    alias, name = _PAIR.findall(column)[0]
    return _plain(alias), _plain(name)


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
