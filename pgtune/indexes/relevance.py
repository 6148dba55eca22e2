"""Which index can have a part in the plan of which access: what is not relevant need not be planned."""

from dataclasses import dataclass
from typing import Self

from pgtune.indexes.access import Access
from pgtune.model.design import Index


@dataclass(frozen=True, slots=True)
class Use:
    """What an index could do for an access, worked out once: thousands of indexes are held against it.

    `starts` are terms that a useful B-tree can begin with, `terms` what other methods can search by, `conditions` the
    texts of those that every row meets, `reads` all columns that are read, empty where `*` is or nothing is known.
    """

    starts: frozenset[str]
    terms: frozenset[str]
    conditions: frozenset[str]
    reads: frozenset[str]

    @classmethod
    def of(cls, access: Access) -> Self:
        """The use of an access."""
        terms = {each.term.sql for each in access.predicates}
        columns = {each.term.column for each in access.predicates if each.term.column}
        return cls(
            frozenset(_starts(access)),
            frozenset(terms | columns),
            frozenset(each.sql for each in access.certain),
            frozenset() if access.whole else frozenset(access.reads),
        )

    def usable(self, index: Index) -> bool:
        """True if a condition, a join, an order or a group can use the index, or it holds all that is read.

        A partial index needs its condition among the access's own, word by word: the planner proves more than that, but
        candidates are made from those words.
        """
        if index.where and index.where not in self.conditions:
            return False
        if index.method == "btree":
            first = index.keys[0]
            return (first.column or first.expression) in self.starts or self._held_by(index)
        return not self.terms.isdisjoint(key.column or key.expression for key in index.keys)

    def skippable(self, index: Index) -> bool:
        """True if a key of a B-tree behind the first is asked for: from 18 on it may be read by skipping."""
        if index.where or index.method != "btree":
            return False
        return not self.starts.isdisjoint(key.column or key.expression for key in index.keys[1:])

    def _held_by(self, index: Index) -> bool:
        held = {key.column for key in index.keys if key.column} | set(index.include)
        return bool(self.reads) and self.reads <= held


def _starts(access: Access) -> set[str]:
    terms = [each.term for each in (*access.certain, *access.arms)]
    terms += [*access.joined, *access.group, *access.extremes]
    if access.order:
        terms.append(access.order[0].term)
    return {term.column or term.sql for term in terms}
