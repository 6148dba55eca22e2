"""What a node of a migration says as far as it stands there: strings, numbers, lists, and calls of known functions."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pgtune.sqltext.parse import identifier, is_one


class Unsure(Exception):
    """What a migration does cannot be told from its text; the message says which part of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call, with its last name (`Column` of `sa.Column`), and its arguments as nodes; `dotted` is the whole name."""

    name: str
    dotted: str
    args: tuple[ast.expr, ...] = ()
    named: dict[str, ast.expr] = field(default_factory=dict)

    def arg(self, place: int, *names: str) -> ast.expr | None:
        """The argument at this place, or of one of these names."""
        found = next((self.named[each] for each in names if each in self.named), None)
        return found if found is not None or place >= len(self.args) else self.args[place]

    def text(self, place: int, *names: str) -> str:
        """The argument as a string.

        Raises:
            Unsure: there is none, or it is something else.
        """
        return text(self.arg(place, *names), names[0] if names else f"argument {place + 1}")

    def flag(self, name: str) -> bool:
        """The argument as a truth, which is False where it is not given."""
        return bool(value(self.named[name])) if name in self.named else False

    def only(self, *names: str) -> "Call":
        """Itself, if it has no other named arguments.

        Raises:
            Unsure: it has; what they do is not known here.
        """
        if more := sorted(set(self.named) - set(names)):
            raise Unsure(f"{self.name}(..., {more[0]}=...)")
        return self


def called(node: ast.AST | None) -> Call | None:
    """The node as a call, None if it is none."""
    if not isinstance(node, ast.Call):
        return None
    dotted = ast.unparse(node.func) if _depth(node.func) < 20 else ""
    named = {each.arg: each.value for each in node.keywords if each.arg}
    if len(named) < len(node.keywords) or any(isinstance(each, ast.Starred) for each in node.args):
        raise Unsure(f"{dotted}(*...)")
    return Call(dotted.rpartition(".")[2], dotted, tuple(node.args), named)


def _depth(node: ast.AST) -> int:
    depth = 0
    while isinstance(node, ast.Attribute) and depth < 20:
        node, depth = node.value, depth + 1
    return depth if isinstance(node, (ast.Name, ast.Call)) else 20


def value(node: ast.AST | None) -> Any:
    """A literal's value.

    Raises:
        Unsure: it is none.
    """
    try:
        return ast.literal_eval(node)  # type: ignore[arg-type]  # None is refused as any node is that is no literal
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise Unsure(_shown(node)) from None


def text(node: ast.AST | None, what: str) -> str:
    """A string, also through `op.f("name")` and `sa.text("...")`.

    Raises:
        Unsure: it is none.
    """
    call = called(node)
    if call and call.name in {"f", "text", "literal_column"} and len(call.args) == 1:
        node = call.args[0]
    found = value(node) if node is not None else None
    if not isinstance(found, str):
        raise Unsure(what if node is None else _shown(node))
    return found


def texts(node: ast.AST | None, what: str) -> tuple[str, ...]:
    """A list of strings.

    Raises:
        Unsure: it is none.
    """
    if not isinstance(node, (ast.List, ast.Tuple)):
        raise Unsure(what)
    return tuple(text(each, what) for each in node.elts)


def _shown(node: ast.AST | None) -> str:
    """A node for a person, cut short."""
    try:
        shown = ast.unparse(node) if node is not None else "nothing"
    except (RecursionError, ValueError):
        return "an expression"
    return shown if len(shown) < 60 else f"{shown[:57]}..."


def one(made: str) -> str:
    """A text that was made, if it is one statement.

    Raises:
        Unsure: it is none, so something in it was not what it seemed.
    """
    if not is_one(made):
        raise Unsure("what it makes is no SQL")
    return made


def literal(said: str) -> str:
    """A string as SQL's literal."""
    return "'" + said.replace("'", "''") + "'"


def listed(names: Sequence[str]) -> str:
    """Names in brackets, as columns are listed."""
    return f"({', '.join(map(identifier, names))})"


def qualified(schema: str, name: str) -> str:
    """A name with its schema, if it has one."""
    return f"{identifier(schema)}.{identifier(name)}" if schema else identifier(name)
