"""Other people's queries as they may be shown: without their values, among which may be a password."""

import re

# Strings with backslashes, plain strings, dollar quotes; each also unfinished, for a query is cut where it is long
# (documentation, 4.1.2). Comments may quote anything and are no less secret.
_VALUE = re.compile(
    r"""
    [eE]'(?:[^'\\]|''|\\.)*(?:'|\\?\Z)
  | '(?:[^']|'')*(?:'|\Z)
  | \$([^\W\d]\w*)?\$.*?(?:\$(?(1)\1)\$|\Z)
  | --[^\r\n]*
  | /\*.*?(?:\*/|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)


def masked(query: str | None) -> str | None:
    """The query with `?` for each string and nothing for each comment; None where there is none to see."""
    return None if query is None else _VALUE.sub(_mask, query)


def _mask(match: re.Match[str]) -> str:
    return " " if match[0].startswith(("--", "/*")) else "?"
