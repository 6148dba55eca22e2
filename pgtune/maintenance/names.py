"""Names as a statement takes them: quoted wherever PostgreSQL would read something else."""

import re

from pgtune.maintenance.work import Relation

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)

# Words that cannot stand unquoted as a schema: reserved ones, and names of types and functions (pg_get_keywords() of
# 18, categories R and T; earlier versions reserve no others).
_WORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
unique user using variadic verbose when where window with
"""
RESERVED = frozenset(_WORDS.split())


def quoted(name: str) -> str:
    """An identifier for a statement; the quotes are left out only where nothing can be misread.

    Line breaks and other letters that do not print are spelt out, so that a statement is always one line, and acts on
    no terminal that it is shown on (documentation, 4.1.1: identifiers with Unicode escapes).
    """
    if _PLAIN.fullmatch(name) and name not in RESERVED:
        return name
    doubled = name.replace('"', '""')
    if name.isprintable():
        return f'"{doubled}"'
    return 'U&"' + "".join(map(_spelt, doubled.replace("\\", "\\\\"))) + '"'


def literal(value: str) -> str:
    """A text for a statement, on one line whatever is in it (documentation, 4.1.2.3)."""
    doubled = value.replace("'", "''").replace("\\", "\\\\")
    return "U&'" + "".join(map(_spelt, doubled)) + "'"


def _spelt(letter: str) -> str:
    return letter if letter.isprintable() else f"\\+{ord(letter):06X}"


def sql(relation: Relation) -> str:
    """The relation's full name for a statement, never looked up in a search_path."""
    return f"{quoted(relation.schema)}.{quoted(relation.name)}"
