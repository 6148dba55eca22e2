"""The candidates of one access, in two helpings: what comes to mind first, and variants of that."""

from collections.abc import Iterator
from dataclasses import dataclass

from pgtune.indexes import btree, others
from pgtune.indexes.access import Access
from pgtune.indexes.candidate import Candidate
from pgtune.indexes.facts import Facts, TableFacts
from pgtune.indexes.keys import KeyMaker
from pgtune.indexes.redundancy import leads


@dataclass(frozen=True, slots=True)
class Proposer:
    """Makes candidates; `columns` is the most that a B-tree may have as keys."""

    facts: Facts
    columns: int

    def natural(self, access: Access) -> Iterator[Candidate]:
        """What the access's own terms suggest."""
        make = self._maker(access)
        if make is None:
            return
        for source in (btree.natural(access, make, self.columns), others.inverted(access, make)):
            yield from self._fresh(source, make.table)
        yield from others.block_range(access, make)
        yield from others.spatial(access, make)
        yield from others.hashed(access, make)

    def variants(self, access: Access) -> Iterator[Candidate]:
        """Pairs of terms, partial indexes, and covering ones."""
        make = self._maker(access)
        if make is None:
            return
        yield from self._fresh(btree.pairs(access, make), make.table)
        yield from btree.partial(access, make, self.columns)
        bases = dict.fromkeys(each.index for each in btree.natural(access, make, self.columns))
        for base in bases:
            yield from btree.covering(base, access, make, self.columns)

    def _maker(self, access: Access) -> KeyMaker | None:
        table = self.facts.table(access.table)
        if table is None or table.tiny or table.table.kind == "f":  # a foreign table is indexed at its own server
            return None
        return KeyMaker(self.facts, table)

    @staticmethod
    def _fresh(candidates: Iterator[Candidate], table: TableFacts) -> Iterator[Candidate]:
        """Without those that an index of the table already does the work of."""
        for each in candidates:
            if not any(leads(stored, each.index) for stored in table.table.indexes):
                yield each
