"""Which index can have a part in the plan of which access: what is not relevant need not be planned."""

from pgtune.indexes.access import Access
from pgtune.model.design import Index


def usable(index: Index, access: Access) -> bool:
    """True if a condition, a join, an order or a group of the access can use the index, or it holds all that is read.

    A partial index needs its condition among the access's own, word by word: the planner proves more than that, but
    candidates are made from those words.
    """
    if index.where and index.where not in {each.sql for each in access.certain}:
        return False
    names = {key.column or key.expression for key in index.keys}
    if index.method == "btree":
        first = index.keys[0]
        return (first.column or first.expression) in _starts(access) or _holds_all(index, access)
    return bool(names & {each.term.sql for each in access.predicates} | names & _columns(access))


def skippable(index: Index, access: Access) -> bool:
    """True if the access asks for a key of a B-tree behind the first: from 18 on it may be read by skipping."""
    if index.where or index.method != "btree":
        return False
    return not {key.column or key.expression for key in index.keys[1:]}.isdisjoint(_starts(access))


def _starts(access: Access) -> set[str]:
    """What a useful B-tree can begin with."""
    terms = [each.term for each in (*access.certain, *access.arms)]
    terms += [*access.joined, *access.group, *access.extremes]
    if access.order:
        terms.append(access.order[0].term)
    return {term.column or term.sql for term in terms}


def _columns(access: Access) -> set[str]:
    return {each.term.column for each in access.predicates if each.term.column}


def _holds_all(index: Index, access: Access) -> bool:
    held = {key.column for key in index.keys if key.column} | set(index.include)
    return not access.whole and bool(access.reads) and held.issuperset(access.reads)
