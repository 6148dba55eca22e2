"""A relation's name, as the catalogs hold it, and as SQL: what nearly every room speaks of."""

import re
from dataclasses import dataclass

LONGEST_NAME = 63  # NAMEDATALEN - 1 bytes
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def quoted(name: str) -> str:
    """The name as an SQL identifier, always between double quotes, so that no reserved word needs to be known."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A relation's schema and name."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """As SQL, both parts quoted."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def __str__(self) -> str:
        parts = (part if _PLAIN.fullmatch(part) else quoted(part) for part in (self.schema, self.name))
        return ".".join(parts)
