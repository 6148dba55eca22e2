"""How the migration's statements are written: names, constants, blocks that nothing in them can end."""

from dataclasses import dataclass

from pgtune.model.design import Name
from pgtune.partitions.schemes import literal, named

__all__ = ["Names", "block", "commented", "dollar", "literal", "names_of"]


@dataclass(frozen=True, slots=True)
class Names:
    """The relations and functions of a migration, all in the table's schema."""

    old: Name
    new: Name
    kept: Name
    changes: Name
    note: Name
    catch_up: Name


def names_of(table: Name) -> Names:
    """Everything that belongs to the migration of this table."""

    def own(suffix: str) -> Name:
        return Name(table.schema, named(table, suffix))

    return Names(
        table, own("partitioned"), own("unpartitioned"), own("changes"), own("note_change"), own("catch_up")
    )  # fmt: skip


def dollar(text: str) -> str:
    """The text between dollar quotes whose tag does not occur in it."""
    number = next(each for each in range(1000) if f"$pgtune{each or ''}$" not in text)
    tag = f"$pgtune{number or ''}$"
    return f"{tag}{text}{tag}"


def block(body: str) -> str:
    """An anonymous block of PL/pgSQL."""
    return f"do {dollar(chr(10) + body + chr(10))};"


def commented(name: Name) -> str:
    """A name inside a comment, which a line break in it must not end."""
    return " ".join(name.sql.split())
