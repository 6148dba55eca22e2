"""The SQL in the bodies of functions, procedures and DO blocks, with what stands for a variable as a parameter."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgtune.model.errors import NotSql
from pgtune.model.finding import Skipped
from pgtune.sources.body import commands
from pgtune.sources.project import Sql
from pgtune.sources.statements import Found, statements
from pgtune.sqltext.raw import Node, Statement, inner, place, statement, strings, walk

_ROUTINE = re.compile(r"(?:create\s+(?:or\s+replace\s+)?(?:function|procedure)|do)\b", re.IGNORECASE)
_WORD = re.compile(r"(?:\"[^\"]+\"|[\w$]+)(?:\s*\.\s*(?:\"[^\"]+\"|[\w$]+))*")
_OPENING = re.compile(r"'|\$\w*\$")
# Records and variables that every trigger function has, and the one that every function has.
_GIVEN = frozenset({"new", "old", "found"})


def routine(sql: Sql) -> Found:
    """The statements in the body of the routine that this statement makes or runs; none if it does neither."""
    if not _ROUTINE.match(sql.text):
        return Found()
    try:
        made = statement(sql.text)
    except NotSql:
        return Found()
    options = {each["DefElem"]["defname"]: each["DefElem"] for each in _options(made)}
    anonymous = made.kind == "DoStmt"
    language = _text(options.get("language", {})) or ("plpgsql" if anonymous else "sql")
    written = options.get("as", {})
    source = _text(written)
    start = _start(sql.text, place(sql.text, written.get("arg_location", 0))) if source else None
    if source is None or start is None or language not in {"plpgsql", "sql"}:
        return Found()
    name = "DO" if anonymous else ".".join(strings(made.node.get("funcname")))
    inside = sql._replace(line=sql.line + sql.text.count("\n", 0, start), role="routine", routine=name, native=True)
    parameters = (each["FunctionParameter"].get("name", "") for each in made.node.get("parameters", ()))
    names = {each for each in parameters if each} | {name.rpartition(".")[2]}
    return _of_sql(source, inside, names) if language == "sql" else _of_plpgsql(source, inside, names)


def _options(made: Statement) -> Sequence[Node]:
    found: Sequence[Node] = made.node.get("options") or made.node.get("args") or ()
    return found


def _text(option: Node) -> str | None:
    """The option's string; the body of CREATE FUNCTION is a list of one (of two: a library in C)."""
    words = strings([option["arg"]]) if "arg" in option else ()
    return words[0] if len(words) == 1 else None


def _start(text: str, at: int) -> int | None:
    """Where in the statement the body begins whose option begins here."""
    opening = _OPENING.search(text, at)
    return opening.end() if opening else None


def _of_sql(source: str, inside: Sql, names: set[str]) -> Found:
    found = statements(source, inside.path, "routine", native=True)
    moved = (each._replace(line=inside.line + each.line - 1, routine=inside.routine) for each in found.statements)
    lost = tuple(Skipped(each.path, inside.line + each.line - 1, each.why) for each in found.skipped)
    return Found(tuple(_with_parameters(each, names) for each in moved), lost)


def _of_plpgsql(source: str, inside: Sql, names: set[str]) -> Found:
    try:
        found = commands(source)
    except NotSql as error:
        return Found((), (Skipped(inside.path, inside.line, f"the body of {inside.routine} cannot be read: {error}"),))
    return Found(tuple(_commands(found, inside, names)))


def _commands(found: Any, inside: Sql, names: set[str]) -> Iterator[Sql]:
    known = names | found.names | _GIVEN
    for each in found.commands:
        line = inside.line + each.line - 1
        loop = inside.line + each.loop - 1 if each.loop else 0
        made = inside._replace(
            text=each.text, line=line, lines=each.text.count("\n") + 1, dynamic=each.dynamic, loop=loop
        )
        yield made if each.dynamic else _with_parameters(made, known)


def _with_parameters(sql: Sql, names: set[str]) -> Sql:
    """The statement with `$n` for each use of a variable, or of a field of a record."""
    try:
        read = statement(sql.text)
    except NotSql:
        return sql
    found = tuple(walk(read.node))
    highest = max((each.get("number", 0) for kind, each in found if kind == "ParamRef"), default=0)
    places = sorted((each["location"] for kind, each in found if kind == "ColumnRef" and _variable(each, names)))
    text = sql.text
    numbers: dict[str, int] = {}
    for byte in reversed(places):
        if word := _WORD.match(text, place(sql.text, byte)):
            number = numbers.setdefault(word.group().lower(), highest + len(numbers) + 1)
            text = f"{text[: word.start()]}${number}{text[word.end() :]}"
    return sql._replace(text=text)


def _variable(column: Node, names: set[str]) -> bool:
    """Whether the ColumnRef is a variable, or a field of one."""
    fields = column["fields"]
    return all("String" in each for each in fields) and inner(fields[0])[1].get("sval") in names
