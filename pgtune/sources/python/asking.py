"""The SQL that Python code asks: strings handed to what executes them, or that plainly are statements."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from pgtune.model.finding import Skipped
from pgtune.sources.python.syntax import Source, said
from pgtune.sources.statements import Found
from pgtune.sources.strings import RUNS, SAYS, Text, begins, found, plain

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


_Name = tuple[int, str]  # which function it stands in (0: none), and the word


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: what it is handed to, the line of the loop around it, whether it is a part of a text."""

    to: str = ""
    loop: int = 0
    part: bool = False


@dataclass(slots=True)
class _Seen:
    """Strings, the names that were given to them, where names are handed to something, and names that are extended."""

    texts: dict[int, Text] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    named: dict[_Name, list[int]] = field(default_factory=dict)
    handed: dict[_Name, _Place] = field(default_factory=dict)
    extended: set[_Name] = field(default_factory=set)


def queries(source: Source, path: str) -> Found:
    """The queries of a module."""
    seen = _Seen()
    try:
        _Walk(source, seen).block(source.tree.body, _Place())
    except RecursionError:
        return Found((), (Skipped(path, 0, "nested too deeply to be read"),))
    return found(_judged(seen), path)


def _judged(seen: _Seen) -> Iterator[Text]:
    """The strings, those with a name as it is used."""
    words: dict[str, list[_Name]] = {}
    for each in {*seen.handed, *seen.extended}:
        words.setdefault(each[1], []).append(each)
    for name, keys in seen.named.items():
        uses = {each for each in words.get(name[1], ()) if each == name or (not name[0] and each not in seen.named)}
        places = [seen.handed[each] for each in uses if each in seen.handed]
        place = max(places, key=lambda each: (each.loop, each.to), default=None)
        for key in keys:
            text = seen.texts[key]
            if uses & seen.extended:
                text = replace(text, dynamic=True)
            if place and len(keys) == 1:
                text = replace(text, to=place.to, loop=text.loop or place.loop)
            seen.texts[key] = text
    return iter(seen.texts.values())


class _Walk:
    """Goes through a module once, with the place of each node."""

    def __init__(self, source: Source, seen: _Seen) -> None:
        self._source, self._seen = source, seen
        self._scope = 0

    def block(self, statements: Iterable[ast.stmt], place: _Place) -> None:
        """Statements in their order; a bare string among them is a docstring or a comment."""
        for each in statements:
            if not (isinstance(each, ast.Expr) and isinstance(each.value, (ast.Constant, ast.JoinedStr))):
                self._node(each, place)

    def _node(self, node: ast.AST, place: _Place) -> None:
        if isinstance(node, ast.expr) and self._string(node, place):
            return
        if isinstance(node, _FUNCTIONS):
            outside, self._scope = self._scope, id(node)
            self._children(node, _Place())
            self._scope = outside
            return
        if isinstance(node, (ast.Raise, ast.Assert, ast.Compare)):
            place = replace(place, to="raise")
        handler = getattr(self, f"_{type(node).__name__.lower()}", self._children)
        handler(node, place)

    def _children(self, node: ast.AST, place: _Place) -> None:
        for _, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                self._node(value, place)
            elif isinstance(value, list):
                self._listed(value, place)

    def _listed(self, values: list[object], place: _Place) -> None:
        if values and isinstance(values[0], ast.stmt):
            self.block((each for each in values if isinstance(each, ast.stmt)), place)
            return
        for each in values:
            if isinstance(each, ast.AST):
                self._node(each, place)

    def _for(self, node: ast.For | ast.AsyncFor, place: _Place) -> None:
        self._node(node.iter, place)
        self.block(node.body, replace(place, loop=node.lineno))
        self.block(node.orelse, place)

    _asyncfor = _for

    def _while(self, node: ast.While, place: _Place) -> None:
        inside = replace(place, loop=node.lineno)
        self._node(node.test, inside)
        self.block(node.body, inside)
        self.block(node.orelse, place)

    def _listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, place: _Place) -> None:
        self._node(node.generators[0].iter, place)
        for name in ("elt", "key", "value"):
            if isinstance(part := getattr(node, name, None), ast.AST):
                self._node(part, replace(place, loop=node.lineno))

    _setcomp = _generatorexp = _dictcomp = _listcomp

    def _assign(self, node: ast.Assign | ast.AnnAssign, place: _Place) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return
        before = len(self._seen.order)
        self._node(node.value, place)
        if isinstance(targets[0], (ast.Name, ast.Attribute)):
            named = self._seen.named.setdefault((self._scope, _name(targets[0])), [])
            named.extend(self._seen.order[before:])

    _annassign = _assign

    def _augassign(self, node: ast.AugAssign, place: _Place) -> None:
        """What is added to a name makes the text that it had a part of another."""
        self._extended(node.target)
        self._node(node.value, replace(place, part=True))

    def _call(self, node: ast.Call, place: _Place) -> None:
        to = _name(node.func)
        if to in {"format", "join", "replace"} and isinstance(node.func, ast.Attribute):
            self._extended(node.func.value)
            inside = replace(place, part=True)
        else:
            inside = replace(place, to=to) if plain(to) in RUNS | SAYS else place
        self._node(node.func, inside if to in {"format", "join", "replace"} else place)
        for each in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(each, (ast.Name, ast.Attribute)) and plain(to) in RUNS:
                self._hand((self._scope, _name(each)), inside)
            self._node(each, inside)

    def _hand(self, name: _Name, place: _Place) -> None:
        """Of several uses the one in a loop counts."""
        known = self._seen.handed.get(name)
        if known is None or (place.loop and not known.loop):
            self._seen.handed[name] = place

    def _binop(self, node: ast.BinOp, place: _Place) -> None:
        """Not a text of literals alone: what of it is one is a part."""
        for each in (node.left, node.right):
            self._extended(each)
            self._node(each, replace(place, part=True))

    def _formattedvalue(self, node: ast.FormattedValue, place: _Place) -> None:
        self._extended(node.value)
        self._node(node.value, replace(place, part=True))

    def _extended(self, node: ast.AST) -> None:
        if isinstance(node, (ast.Name, ast.Attribute)):
            self._seen.extended.add((self._scope, _name(node)))

    def _string(self, node: ast.expr, place: _Place) -> bool:
        """Whether the node is a string; if so it is kept."""
        if not _is_string(node):
            return False
        for each in ast.walk(node):
            if isinstance(each, ast.FormattedValue):
                self._formattedvalue(each, _Place(loop=place.loop))
        if not begins(_head(node)):
            return True
        text = _text_of(self._source, node)
        first, last = node.lineno, node.end_lineno or node.lineno
        dynamic = place.part or not _static(node) or (plain(place.to) == "sql" and "{" in text)
        self._seen.order.append(id(node))
        self._seen.texts[id(node)] = Text(text, first, last - first + 1, dynamic, place.to, place.loop)
        return True


def _name(node: ast.AST) -> str:
    """The last name of `a.b.c`."""
    return str(getattr(node, "attr", None) or getattr(node, "id", ""))


def _is_string(node: ast.AST) -> bool:
    """A literal, literals joined by `+`, and one that `%` or format() fills in."""
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Mod):
            return _is_string(node.left)
        return isinstance(node.op, ast.Add) and (_is_string(node.left) or _is_string(node.right))
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "format" and _is_string(node.func.value)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _head(node: ast.AST) -> str:
    """What a string begins with, up to what is filled in."""
    if isinstance(node, ast.BinOp):
        return _head(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _head(node.func.value)
    if isinstance(node, ast.JoinedStr):
        return _head(node.values[0]) if node.values else ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _static(node: ast.AST) -> bool:
    """Whether all of it stands in the file."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and _static(node.left) and _static(node.right)
    if isinstance(node, ast.JoinedStr):
        return not any(isinstance(each, ast.FormattedValue) for each in node.values)
    return isinstance(node, ast.Constant)


def _text_of(source: Source, node: ast.expr) -> str:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _text_of(source, node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _text_of(source, node.func.value)
    if isinstance(node, ast.BinOp):
        left, right = _text_of(source, node.left), _text_of(source, node.right)
        lines = node.right.lineno - (node.left.end_lineno or node.right.lineno)
        return left + ("\n" * lines if left[-1:].isspace() or right[:1].isspace() else "") + right
    return said(source, node) if _is_string(node) else f"{{{source.segment(node)}}}"
