"""Whether a string in code is SQL: what is handed to something that runs SQL is, and what plainly is a statement."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pgtune.model.finding import Skipped
from pgtune.sources.project import Sql
from pgtune.sources.statements import Found, leading, statements, why_not

# Functions and methods whose argument is SQL, in all languages, in small letters and without `_`.
RUNS = frozenset({
    "execute", "executemany", "executescript", "executesql", "executequery", "executeupdate", "executebatch",
    "executereader", "executereaderasync", "executenonquery", "executescalar", "executeasync", "executescalarasync",
    "execdriversql", "exec", "execcontext", "execquery", "query", "queryasync", "queryas", "queryscalar",
    "querycontext", "queryrow", "queryrowcontext", "queryrowx", "queryx", "queryone", "queryfirst", "queryfirstasync",
    "querysingle", "querysingleasync", "queryfirstordefault", "queryfirstordefaultasync", "querysingleordefault",
    "queryforlist", "querysingleordefaultasync", "queryforobject", "queryformap", "queryunsafe", "queryraw",
    "queryrawunsafe", "executeraw", "executerawunsafe", "unsafe", "fetch", "fetchrow", "fetchval", "fetchone",
    "fetchall", "fetchassoc", "fetchmany", "iterate", "iterrows", "scalar", "scalars", "prepare", "preparestatement",
    "preparecall", "preparecontext", "namedexec", "namedquery", "mustexec", "select", "get", "raw", "rawsql",
    "rawquery", "readsql", "readsqlquery", "mogrify", "stream", "text", "sql", "copyexpert", "runsql", "selectall",
    "selectone", "selectrows", "selectvalue", "selectvalues", "findbysql", "countbysql", "execparams", "asyncexec",
    "simplequery", "createnativequery", "nativequery", "pgquery", "pgqueryparams", "pgprepare",
    "statement", "dbquery", "fromsql", "fromsqlraw", "fromsqlinterpolated", "executesqlraw", "executesqlrawasync",
    "sqlquery", "any", "many", "one", "oneornone", "manyornone", "none", "sqlxquery", "batchexecute", "selectlist",
    "update", "insert", "delete",
})  # fmt: skip
# Those among them that run a text whatever it is, so that one which is no SQL is worth a word.
_FOR_SURE = frozenset({
    "execute", "executemany", "executescript", "executequery", "executeupdate", "preparestatement", "queryrow",
    "fetchrow", "fetchval", "execdriversql", "querycontext", "execcontext", "executesqlraw", "findbysql",
})  # fmt: skip
# What a string is handed to that is read by people.
SAYS = frozenset({
    "says", "writestring", "createquery",
    "log", "debug", "info", "notice", "warn", "warning", "error", "exception", "critical", "fatal", "trace", "print",
    "println", "printf", "eprintln", "errorf", "fatalf", "logf", "infof", "debugf", "warnf", "puts", "panic",
    "echo", "raise", "fail", "skip", "describe", "it", "test", "expect", "equal", "assertequal", "assertequals",
    "addargument", "option", "help", "message", "gettext", "ugettext", "translate", "t", "_", "write", "writeline",
    "append", "startswith", "endswith", "contains", "match", "search", "sub", "compile", "split", "strip",
})  # fmt: skip

_VERB = re.compile(r"(?:select|insert|update|delete|with|merge|values)\b\s*[^\s;]", re.IGNORECASE)
# What a file with SQL holds somewhere; most code does not, and need not be read.
_ANYWHERE = re.compile(
    r"\b(?:select\s|insert\s+into\b|update\s|delete\s+from\b|merge\s+into\b|values\s*\()", re.IGNORECASE
)
_PLAINLY = re.compile(
    r"(?:SELECT\b.*?\bFROM\b|INSERT\s+INTO\s+\S|UPDATE\s+\S.*?\bSET\b|DELETE\s+FROM\s+\S|MERGE\s+INTO\s+\S"
    r"|WITH\s+(?:RECURSIVE\s+)?\S+\s*(?:\([^)]*\)\s*)?AS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\()",
    re.DOTALL,
)
_IN_ANY_CASE = re.compile(_PLAINLY.pattern, re.DOTALL | re.IGNORECASE)
# Signs that no sentence has: in small letters the words alone could be one.
_SIGNS = re.compile(r"[=*<>(]|%s|\$\d|(?<!:):\w|\?|\{")


@dataclass(frozen=True, slots=True)
class Text:
    """A string of code: `line` is that of its first character, `lines` how many it spans there.

    `dynamic`: parts of it are known only when it runs; `to` is what it is handed to, "" for nobody knows.
    """

    text: str
    line: int
    lines: int = 1
    dynamic: bool = False
    to: str = ""
    loop: int = 0
    name: str = ""


def plain(name: str) -> str:
    """The name of a function as it stands in the lists: QueryRow, query_row and queryrow are one."""
    return name.replace("_", "").lower() or name


def found(texts: Iterable[Text], path: str) -> Found:
    """The SQL among the strings of a file, by line."""
    made = [_found(each, path) for each in texts if _asks(each)]
    queries = sorted((sql for each in made for sql in each.statements), key=lambda each: each.line)
    return Found(tuple(queries), tuple(lost for each in made for lost in each.skipped))


def may_ask(code: str) -> bool:
    """Whether code can hold SQL at all, by its words."""
    return bool(_ANYWHERE.search(code))


def begins(text: str) -> bool:
    """Whether a text, or what it begins with, can be the beginning of a query."""
    return bool(_VERB.match(f"{text}x", leading(text)))


def _asks(text: Text) -> bool:
    start = leading(text.text)
    if not _VERB.match(text.text, start) or plain(text.to) in SAYS:
        return False
    if plain(text.to) in RUNS:
        return text.dynamic or plain(text.to) in _FOR_SURE or not why_not(text.text[start:])
    return _plainly(text.text, start) and (text.dynamic or not why_not(text.text[start:]))


def _plainly(text: str, start: int) -> bool:
    """Written as SQL is: in capitals, or in small letters with signs that no sentence has."""
    if _PLAINLY.match(text, start):
        return True
    return text[start].islower() and bool(_IN_ANY_CASE.match(text, start) and _SIGNS.search(text, start))


def _found(text: Text, path: str) -> Found:
    """One string: a statement, several, or what is dynamic as it stands."""
    last = text.line + text.lines - 1
    if text.dynamic:
        start = leading(text.text)
        line = min(text.line + text.text.count("\n", 0, start), last)
        body = text.text[start:].rstrip().rstrip(";")
        made = Sql(body, path, line, last - line + 1, native=False, dynamic=True, loop=text.loop, name=text.name)
        return Found((made,))
    read = statements(text.text, path)
    blank = text.text.count("\n", len(text.text.rstrip()))
    alone = max(1, text.lines - blank) if len(read.statements) == 1 else 0
    moved = (_moved(each, text, alone) for each in read.statements if _VERB.match(each.text))
    lost = (Skipped(path, min(text.line + each.line - 1, last) if each.line else text.line, each.why)
            for each in read.skipped)  # fmt: skip
    return Found(tuple(moved), tuple(lost))


def _moved(sql: Sql, text: Text, alone: int) -> Sql:
    """The statement in its file; one that is `alone` on that many lines has all of them from its first on."""
    line = min(text.line + sql.line - 1, text.line + text.lines - 1)
    lines = text.line + alone - line if alone else min(sql.lines, text.line + text.lines - line)
    return sql._replace(line=line, lines=max(1, lines), loop=text.loop, name=text.name)
