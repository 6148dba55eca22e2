"""What a string literal of any of the languages says, with what it fills in as written, in braces."""

import re
from typing import Any

from pgtune.sources.code import nodes

_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\n": "\n"}
_NUMBERED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\})")
_QUOTED = re.compile(r"[@$A-Za-z]*(\"\"\"|\"|'|`)?(.*)\1", re.DOTALL)


def is_string(node: Any) -> bool:
    """Whether the node is a string, or a sum with one in it."""
    return node.type in nodes.STRINGS or (is_sum(node) and any(is_string(each) for each in node.named_children))


def is_sum(node: Any) -> bool:
    """Whether the node puts texts together; a comparison of texts does not."""
    operator = node.child_by_field_name("operator") if node.type in nodes.SUMS else None
    return operator is not None and operator.type in {"+", "."}


def said(node: Any) -> tuple[str, bool]:
    """The text, and whether parts of it are known only when it runs."""
    if is_sum(node):
        return _summed(node)
    if node.type == "heredoc_beginning" or not node.named_children:
        return ("" if node.named_children else _bare(node)), False
    text, dynamic, end = "", False, node.start_byte
    for each in node.named_children:
        piece, hole = _part(each)
        between = (node.text or b"")[end - node.start_byte : each.start_byte - node.start_byte]
        gap = between.decode(errors="replace") if text and between.isspace() else ""  # PHP's lines are parts
        text, dynamic, end = text + gap + piece, dynamic or hole, each.end_byte
    return text, dynamic


def _part(node: Any) -> tuple[str, bool]:
    if node.type in nodes.MARKS:
        return "", False
    if node.type in nodes.CONTENTS:
        return written(node), False
    if node.type in nodes.ESCAPES:
        return _unescaped(written(node)), False
    if node.type in nodes.HOLDERS:
        return said(node)
    return f"{{{written(node).lstrip('#$').strip('{}')}}}", True


def _summed(node: Any) -> tuple[str, bool]:
    """Literals on lines of their own stay on them."""
    left, right = node.named_children[0], node.named_children[-1]
    (before, one), (after, other) = _operand(left), _operand(right)
    lines = right.start_point.row - left.end_point.row
    gap = "\n" * lines if before[-1:].isspace() or after[:1].isspace() else ""
    return before + gap + after, one or other


def _operand(node: Any) -> tuple[str, bool]:
    return said(node) if is_string(node) else (f"{{{written(node)}}}", True)


def _bare(node: Any) -> str:
    """A literal whose grammar does not look into it: C#'s @"..." and what is empty."""
    found = _QUOTED.fullmatch(written(node))
    return found[2].replace('""', '"') if found and found[1] else ""


def written(node: Any) -> str:
    """The node as it stands in the file."""
    return str(node.text.decode(errors="replace")) if node.text else ""


def _unescaped(text: str) -> str:
    found = _NUMBERED.fullmatch(text)
    if found:
        code = int(next(each for each in found.groups() if each), 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "?"
    return _ESCAPED.get(text[1:2], text[1:])
