"""A search_path as it was typed, as the names that it means."""

import re

# A name between double quotes (two of them are one), or one without, which PostgreSQL folds to lower case.
NAME = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s]+))\s*(?:,|$)')


def search_path(text: str) -> tuple[str, ...]:
    """The schemas of a search_path: `"$user", public` is ("$user", "public")."""
    names = []
    for found in NAME.finditer(text):
        quoted, plain = found.groups()
        names.append(quoted.replace('""', '"') if quoted is not None else plain.lower())
    return tuple(name for name in names if name)
