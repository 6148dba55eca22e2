"""What each statement needs, and an order in which all of them can be run."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pgtune.server.capture.catalog import Catalog, Key
from pgtune.snapshot.snapshot import Object

# What comes first where nothing else decides. Children are attached before their parents get indexes.
RANKS = (
    "role", "schema", "extension", "collation", "type", "sequence", "function", "operator", "search", "table", "view",
    "default", "check", "attachment", "column", "constraint", "index", "index attachment", "foreign key", "statistics",
    "rule", "trigger", "policy", "setting", "comment",
)  # fmt: skip
RANK = {kind: rank for rank, kind in enumerate(RANKS)}
# Finer kinds than a snapshot tells apart.
PLAIN = {
    "check": "constraint", "foreign key": "constraint", "attachment": "table", "column": "table", "setting": "table",
    "index attachment": "index",
}  # fmt: skip

DraftKey = tuple[str, int] | tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement on its way to an Object. `needs` are those that pg_depend does not know of, `after` mere order."""

    key: DraftKey
    kind: str
    name: str
    sql: str
    needs: Sequence[DraftKey] = ()
    after: Sequence[DraftKey] = ()

    @property
    def id(self) -> str:
        """The key as text."""
        return ":".join(map(str, self.key))


@dataclass(frozen=True, slots=True)
class Graph:
    """Drafts and what each needs; `lost` says of a draft which object it needs that nothing here makes."""

    drafts: Mapping[DraftKey, Draft]
    needs: Mapping[DraftKey, Collection[DraftKey]]
    lost: Mapping[DraftKey, Key] = field(default_factory=dict)


def graph(drafts: Iterable[Draft], catalog: Catalog, holders: "Holders") -> Graph:
    """Join drafts with what pg_depend knows."""
    known = {draft.key: draft for draft in drafts}
    needs: dict[DraftKey, set[DraftKey]] = {key: set(draft.needs) for key, draft in known.items()}
    lost: dict[DraftKey, Key] = {}
    for row in catalog.dependencies:
        source = holders.of((row["class"], row["oid"]))
        needed = (row["needed_class"], row["needed_oid"])
        if source is None or (source[0] == "pg_extension" and needed[0] != "pg_namespace"):
            continue
        target = holders.of(needed)
        if target is None:
            if needed[1] >= FIRST_OF_USERS and not catalog.is_parent(source, needed):
                lost.setdefault(source, needed)
        elif target != source and not catalog.is_parent(source, needed):
            needs[source].add(target)
    return Graph(known, needs, lost)


FIRST_OF_USERS = 16384  # FirstNormalObjectId of access/transam.h


class Holders:
    """Which draft makes an object: its own, one that holds it, its extension, or that of what it is internal to.

    `inside` says which draft holds a default or a check that has none of its own; a domain holds its checks.
    """

    def __init__(self, known: Collection[DraftKey], catalog: Catalog, inside: Mapping[Key, Key]) -> None:
        self._known, self._inside, self._members = known, inside, catalog.owner_of
        self._internal = {
            (row["class"], row["oid"]): (row["needed_class"], row["needed_oid"])
            for row in catalog.dependencies
            if row["kind"] == "i" or (row["class"], row["needed_class"]) == ("pg_constraint", "pg_type")
        }

    def of(self, key: Key) -> DraftKey | None:
        """The draft's key, None where nothing makes the object."""
        for _ in range(4):  # an array of a row type of a table is three steps away
            if key in self._known:
                return key
            if key in self._members:
                return ("pg_extension", self._members[key])
            if key in self._inside:
                key = self._inside[key]
            elif key in self._internal:
                key = self._internal[key]
            else:
                return None
        return None


def without(whole: Graph, removed: Iterable[DraftKey]) -> Graph:
    """The graph without some drafts and all that needs them."""
    gone, waiting = set(removed), list(removed)
    users = defaultdict(list)
    for key, needs in whole.needs.items():
        for need in needs:
            users[need].append(key)
    while waiting:
        for user in users[waiting.pop()]:
            if user not in gone:
                gone.add(user)
                waiting.append(user)
    return Graph(
        {key: draft for key, draft in whole.drafts.items() if key not in gone},
        {key: needs for key, needs in whole.needs.items() if key not in gone},
        {key: need for key, need in whole.lost.items() if key not in gone},
    )


def ordered(whole: Graph) -> tuple[Object, ...]:
    """The statements, each after all that it needs; a circle is opened where it costs the least."""
    waiting = {key: {need for need in (*whole.needs[key], *draft.after) if need in whole.drafts and need != key}
               for key, draft in whole.drafts.items()}  # fmt: skip
    users = defaultdict(list)
    for key, needs in waiting.items():
        for need in needs:
            users[need].append(key)
    ready = [(_priority(whole.drafts[key]), key) for key, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    made: dict[DraftKey, Object] = {}
    while len(made) < len(whole.drafts):
        if not ready:
            stuck = min((key for key in waiting if key not in made), key=lambda key: _priority(whole.drafts[key]))
            ready.append((_priority(whole.drafts[stuck]), stuck))
        _, key = heapq.heappop(ready)
        if key in made:
            continue
        made[key] = _object(whole, key, made)
        for user in users[key]:
            waiting[user].discard(key)
            if not waiting[user] and user not in made:
                heapq.heappush(ready, (_priority(whole.drafts[user]), user))
    return tuple(made.values())


def _priority(draft: Draft) -> tuple[int, int, str]:
    return RANK[draft.kind], draft.key[1], draft.id


def _object(whole: Graph, key: DraftKey, made: Mapping[DraftKey, Object]) -> Object:
    draft = whole.drafts[key]
    needs = sorted(made[need].id for need in whole.needs[key] if need in made and need != key)
    return Object(draft.id, PLAIN.get(draft.kind, draft.kind), draft.name, draft.sql, tuple(needs))
