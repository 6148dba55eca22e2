"""The order in which to create a chosen set: what brings most for its storage first."""

import heapq
from collections.abc import Iterator

from pgtune.indexes.chosen import Model, State
from pgtune.indexes.pool import bits


def in_order(model: Model, chosen: int) -> Iterator[tuple[int, float]]:
    """Each candidate of the set with what it saves when it is created, in the order of creation.

    Next comes what gains most a byte, alone or together with what its plans also use. What was created makes some sets
    worth more, which are reckoned anew; what others are still worth is reckoned when it is their turn.
    """
    state = State(model)
    alone = [1 << number for number in bits(chosen)]
    heap = [_entry(state, each) for each in dict.fromkeys([*alone, *_within(model.bundles, chosen)])]
    heapq.heapify(heap)
    while heap:
        bundle = heapq.heappop(heap)[2]
        created = bundle & ~state.chosen
        if not created:
            continue
        entry = _entry(state, bundle)
        if heap and entry > heap[0]:
            heapq.heappush(heap, entry)
            continue
        for number in bits(created):
            larger = state.chosen | 1 << number
            yield number, state.gain(larger)
            state.become(larger)
        raised = state.raised(created)
        parts = (1 << number for each in raised for number in bits(each & chosen))
        for other in dict.fromkeys([*_within(raised, chosen), *parts]):
            if other & ~state.chosen:
                heapq.heappush(heap, _entry(state, other))


def _within(sets: list[int], chosen: int) -> Iterator[int]:
    return (each for each in sets if not each & ~chosen)


def _entry(state: State, bundle: int) -> tuple[float, int, int]:
    """Its place in a heap whose top is the best: the gain a byte, then the fewer and the earlier candidates."""
    rest = bundle & ~state.chosen
    return -state.gain(state.chosen | bundle) / max(state.model.size(rest), 1), rest.bit_count(), bundle
