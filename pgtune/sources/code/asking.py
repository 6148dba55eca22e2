"""The SQL that code asks: strings handed to what runs them, or that plainly are statements."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pgtune.model.finding import Skipped
from pgtune.sources.code import nodes
from pgtune.sources.code.grammars import Parsed
from pgtune.sources.code.literal import is_string, is_sum, said, written
from pgtune.sources.statements import Found
from pgtune.sources.strings import RUNS, SAYS, Text, begins, found, plain

_NATIVE = re.compile(r"nativeQuery\s*=\s*true")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: what it is handed to, the line of the loop around it, whose name it gets, if it is a part.

    `tagged`: a template whose tag makes parameters of what is filled in.
    """

    to: str = ""
    loop: int = 0
    name: str = ""
    part: bool = False
    tagged: bool = False


@dataclass(slots=True)
class _Seen:
    """Strings with the names they get, where names are handed to, names that are extended, comments."""

    texts: list[tuple[str, Text]] = field(default_factory=list)
    handed: dict[str, _Place] = field(default_factory=dict)
    extended: set[str] = field(default_factory=set)
    comments: list[tuple[int, str]] = field(default_factory=list)
    heredocs: list[_Place] = field(default_factory=list)


def queries(parsed: Parsed, path: str) -> tuple[Found, tuple[tuple[int, str], ...]]:
    """The queries of a file, and its comments with their lines."""
    seen = _Seen()
    stack = [(parsed.root, _Place())]
    try:
        while stack:  # by hand: code of strangers may be nested more deeply than Python's own stack is
            node, place = stack.pop()
            stack.extend(reversed(list(_visited(node, place, seen))))
    except RecursionError:  # a text of a thousand parts
        return Found((), (Skipped(path, 0, "nested too deeply to be read"),)), tuple(seen.comments)
    return found(_judged(seen), path), tuple(seen.comments)


def _judged(seen: _Seen) -> Iterator[Text]:
    """The strings, those with a name as it is used."""
    times = Counter(name for name, _ in seen.texts)
    for name, text in seen.texts:
        made = replace(text, dynamic=text.dynamic or name in seen.extended)
        place = seen.handed.get(name)
        if place and not made.to and times[name] == 1:
            made = replace(made, to=place.to, loop=made.loop or place.loop)
        yield made


def _visited(node: Any, place: _Place, seen: _Seen) -> Iterator[tuple[Any, _Place]]:
    """Take in what the node says; what is to be visited next, each with its place."""
    if node.type in nodes.COMMENTS:
        seen.comments.append((node.start_point.row + 1, written(node)))
    elif node.type == "heredoc_beginning":
        seen.heredocs.append(place)
    elif is_string(node):
        yield from _string(node, place, seen)
    else:
        yield from _inside(node, place, seen)


def _string(node: Any, place: _Place, seen: _Seen) -> Iterator[tuple[Any, _Place]]:
    if node.type == "heredoc_body" and seen.heredocs:
        place = seen.heredocs.pop(0)
    text, dynamic = _parameters(node) if place.tagged else said(node)
    first = _first_line(node)
    body = node.child_by_field_name("value") or node  # a heredoc ends below its last line
    lines = max(1, body.end_point.row + 2 - first)
    if begins(text):
        seen.texts.append((place.name, Text(text, first, lines, dynamic or place.part, place.to, place.loop)))
    for each in _holes(node):
        _extend(each, seen)
        yield each, _Place(loop=place.loop)


def _first_line(node: Any) -> int:
    """The line of the first character of what is said: that of a heredoc stands below its mark."""
    inner = node.named_children[0] if node.named_children else node
    if node.type in {"heredoc", "nowdoc"}:
        inner = node.child_by_field_name("value") or node.named_children[-1]
    content = node.type in {"heredoc", "nowdoc", "heredoc_body"} or inner.type == "raw_string_start"
    return int((node if not content else _content(node) or inner).start_point.row) + 1


def _content(node: Any) -> Any:
    """The first part that stands for itself."""
    stack = [node]
    while stack:
        each = stack.pop()
        if each.type in nodes.CONTENTS:
            return each
        stack.extend(reversed(each.named_children))
    return None


def _holes(node: Any) -> Iterator[Any]:
    for each in node.named_children:
        if each.type in nodes.HOLDERS or (is_sum(node) and is_string(each)):
            yield from _holes(each)
        elif each.type not in nodes.CONTENTS | nodes.ESCAPES | nodes.MARKS:
            yield each


def _parameters(node: Any) -> tuple[str, bool]:
    """A tagged template: what it fills in is a parameter, but for calls and templates, which may be parts of SQL."""
    text, number, dynamic = "", 0, False
    for each in node.named_children:
        if each.type == "template_substitution":
            number += 1
            inner = each.named_children[0] if each.named_children else each
            known = inner.type in {"identifier", "member_expression", "number", "string", "subscript_expression"}
            text, dynamic = text + f"${number}", dynamic or not known
        else:
            text += written(each)
    return text, dynamic


def _inside(node: Any, place: _Place, seen: _Seen) -> Iterator[tuple[Any, _Place]]:
    if node.type in nodes.CALLS:
        yield from _call(node, place, seen)
    elif node.type in nodes.LOOPS:
        line = node.start_point.row + 1
        for number, each in enumerate(node.children):
            turns = node.field_name_for_child(number) in nodes.BODIES or each.type in {"block", "statement_block", "do"}
            yield each, _Place(loop=line if turns else place.loop)
    elif node.type in nodes.FUNCTIONS:
        inside = _Place(loop=place.loop if place.to == "each" else _kept(node, place))
        yield from ((each, inside) for each in node.children)
    else:
        place = _named(node, place, seen)
        yield from ((each, place) for each in node.children)


def _kept(node: Any, place: _Place) -> int:
    """A block that is no function of its own stays in its loop."""
    return place.loop if node.type == "block" else 0


def _call(node: Any, place: _Place, seen: _Seen) -> Iterator[tuple[Any, _Place]]:
    name = plain(_callee(node).lstrip("$"))
    inside = replace(_handed(node, name, place), name="")
    block = node.child_by_field_name("block")
    for each in node.children:
        arguments = each.type in nodes.ARGUMENTS or (block is not None and each.id == block.id)
        if arguments and name in RUNS:
            _hand(each, inside, seen)
        if arguments and each.type == "template_string":
            yield each, replace(inside, tagged=True)
        elif arguments:
            yield each, inside
        else:
            yield each, _Place(loop=place.loop)


def _handed(node: Any, name: str, place: _Place) -> _Place:
    """The place of a call's arguments."""
    if name in nodes.EACH:
        return _Place(to="each", loop=node.start_point.row + 1)
    if name in nodes.FORMATS:
        return replace(place, part=True)
    if node.type in {"annotation", "attribute"} and name == "query" and not _NATIVE.search(written(node)):
        return replace(place, to="says")  # a query of the mapper's own language
    if name.endswith(("error", "exception")):
        return replace(place, to="says")
    return replace(place, to=name) if name in RUNS | SAYS else _Place(loop=place.loop)


def _callee(node: Any) -> str:
    """The last word of what is called."""
    for role in ("function", "name", "method", "macro", "constructor", "type"):
        called = node.child_by_field_name(role)
        if called is not None:
            return _last_word(called)
    return _last_word(node.named_children[0]) if node.named_children else ""


def _last_word(node: Any) -> str:
    """`QueryAsync` of `a.b.QueryAsync<T>`: types and arguments are passed over."""
    while parts := [each for each in node.named_children if not _aside(each)]:
        node = parts[-1]
    return written(node).rpartition(".")[2].strip("$@")


def _aside(node: Any) -> bool:
    return "type_arg" in node.type or node.type in nodes.ARGUMENTS


def _hand(arguments: Any, place: _Place, seen: _Seen) -> None:
    for each in arguments.named_children:
        inner = each.named_children[0] if each.type == "argument" and each.named_children else each
        if inner.type in {"identifier", "variable_name", "member_expression", "constant", "selector_expression"}:
            word = _last_word(inner)
            known = seen.handed.get(word)
            if known is None or (place.loop and not known.loop):
                seen.handed[word] = place


def _named(node: Any, place: _Place, seen: _Seen) -> _Place:
    """The place of what stands in an assignment: the name that it gets; one that is added to is extended."""
    left = node.child_by_field_name("left") or node.child_by_field_name("name") or node.child_by_field_name("pattern")
    if left is None:
        return place
    operator = node.child_by_field_name("operator")
    if node.type in nodes.ADDS or (operator is not None and operator.type in {"+=", ".=", "<<"}):
        _extend(left, seen)
        return replace(place, part=True, name="")
    if operator is not None and operator.type in nodes.COMPARISONS:
        return replace(place, to="says")
    for each in (left, node.child_by_field_name("right")):
        if is_sum(node) and each is not None:
            _extend(each, seen)
    return replace(place, name=_last_word(left))


def _extend(node: Any, seen: _Seen) -> None:
    inner = (
        node.named_children[0]
        if node.type in {"template_substitution", "interpolation"} and node.named_children
        else node
    )
    if inner.type in {"identifier", "variable_name", "member_expression", "constant", "expression_list"}:
        seen.extended.add(_last_word(inner))
