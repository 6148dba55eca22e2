"""Which part of a database is taken: what was asked for, and what can be rebuilt."""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow

from pgtune.model.design import Name
from pgtune.model.errors import BadInput
from pgtune.server.capture import ddl
from pgtune.server.capture.catalog import Catalog
from pgtune.server.capture.order import DraftKey, Graph, without
from pgtune.server.capture.session import Session, named


@dataclass(frozen=True, slots=True)
class Choice:
    """Patterns of tables and of schemas; none at all is everything."""

    names: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()

    def tables(self, catalog: Catalog) -> list[DictRow]:
        """The tables, partitioned tables and materialised views asked for, with the children of each.

        Raises:
            BadInput: a pattern matches nothing.
        """
        everything = [row for row in catalog.relations if row["kind"] in "rpm"]
        if not self.names and not self.schemas:
            return everything
        self._demand_matches(everything)
        found = {row["oid"] for row in everything if self._asked_for(row)}
        for row in everything:  # a child has a higher identifier than its parent, or was attached: repeat until calm
            if found.intersection(row["parents"] or ()):
                found.add(row["oid"])
        return [row for row in everything if row["oid"] in found]

    def _asked_for(self, row: DictRow) -> bool:
        in_schema = not self.schemas or any(fnmatch.fnmatchcase(row["schema"], each) for each in self.schemas)
        return in_schema and (not self.names or any(_is_named(row, each) for each in self.names))

    def _demand_matches(self, everything: Sequence[DictRow]) -> None:
        for each in self.names:
            if not any(_is_named(row, each) for row in everything):
                raise BadInput(f"--tables {each}: no table of this name")
        for each in self.schemas:
            if not any(fnmatch.fnmatchcase(row["schema"], each) for row in everything):
                raise BadInput(f"--schemas {each}: no table in a schema of this name")

    def narrowed(self, whole: Graph, catalog: Catalog, chosen: Sequence[DictRow]) -> Graph:
        """Without the other tables and what needs them, and without what lives in other schemas and nothing needs."""
        if not self.names and not self.schemas:
            return whole
        kept: set[DraftKey] = {("pg_class", row["oid"]) for row in chosen}
        needed = _closure(whole, kept)
        others = [key for key, draft in whole.drafts.items() if draft.kind == "table" and len(key) == 2]
        smaller = without(whole, [key for key in others if key not in needed])
        homes = {
            ("pg_namespace", row["oid"]) for row in catalog.schemas if row["name"] in {r["schema"] for r in chosen}
        }
        roots = {key for key, needs in smaller.needs.items() if homes.intersection(needs) or kept.intersection(needs)}
        reached = _closure(smaller, roots | kept | homes)
        reached |= {key for key in smaller.drafts if reached.issuperset(smaller.needs[key]) and smaller.needs[key]}
        return without(smaller, [key for key in smaller.drafts if key not in reached])


def _is_named(row: DictRow, pattern: str) -> bool:
    own = (row["name"], f"{row['schema']}.{row['name']}", str(ddl.name(row)))
    return any(fnmatch.fnmatchcase(each, pattern) for each in own)


def _closure(whole: Graph, keys: set[DraftKey]) -> set[DraftKey]:
    found, waiting = set(keys), list(keys)
    while waiting:
        for need in whole.needs.get(waiting.pop(), ()):
            if need not in found:
                found.add(need)
                waiting.append(need)
    return found


def rebuildable(session: Session, whole: Graph) -> Graph:
    """Without what needs an object that no statement here makes; what is left out is named with that object."""
    if not whole.lost:
        return whole
    asked = sorted(set(whole.lost.values()))
    rows = session.rows("describe", classes=[each[0] for each in asked], oids=[each[1] for each in asked])
    texts = {(row["class"], row["oid"]): row["text"] for row in rows}
    for need in asked:
        users = [
            f"{whole.drafts[key].kind} {whole.drafts[key].name}" for key, each in whole.lost.items() if each == need
        ]
        session.lacks(named(users), f"{texts.get(need) or need[0]} is not rebuilt, and is needed")
    return without(whole, whole.lost)


def statistics(catalog: Catalog, chosen: Sequence[DictRow]) -> Iterator[tuple[DictRow, Name, Name]]:
    """Extended statistics of the chosen tables: the row, its name and its table's."""
    tables = {row["oid"]: ddl.name(row) for row in chosen}
    for row in catalog.attached:
        if row["kind"] == "statistics" and row["relation"] in tables:
            yield row, ddl.name(row), tables[row["relation"]]
