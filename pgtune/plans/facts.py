"""What is known of the database that plans and migrations are judged by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgtune.model import units
from pgtune.model.name import Name

if TYPE_CHECKING:  # the room of snapshots takes as long to load as a small change is judged
    from pgtune.snapshot.snapshot import Table


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the database: its tables by name, and the planner's settings as pg_settings has them.

    Empty for a plan from nowhere: then no rule can say how big a relation is, and says so.
    """

    tables: "Mapping[Name, Table]" = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: Name | None) -> "Table | None":
        """The table; a plan without VERBOSE names no schema, then the one table of that name."""
        if name is None or name in self.tables:
            return self.tables.get(name) if name else None
        found = [table for each, table in self.tables.items() if each.name == name.name and not name.schema]
        return found[0] if len(found) == 1 else None

    def bytes(self, setting: str, default: int) -> float:
        """A memory setting in bytes."""
        try:
            return units.parse_bytes(self.settings[setting])
        except (KeyError, ValueError):
            return default

    def resolve(self, schema: str, name: str) -> Name | None:
        """As a catalog of SQL text: the table of that name."""
        table = self.table(Name(schema, name))
        return table.name if table else None

    def columns(self, table: Name) -> Mapping[str, str]:
        """As a catalog of SQL text: columns and their types."""
        found = self.tables.get(table)
        return {column.name: column.type for column in found.columns} if found else {}
