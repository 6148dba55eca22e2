"""Storage not wasted: big indexes of a chosen set exchanged for small ones that do nearly as well."""

from pgtune.indexes.chosen import Model, State
from pgtune.indexes.pool import bits

FORGONE = 0.015


def frugal(model: Model, chosen: int, share: float) -> int:
    """The set with big indexes exchanged for small ones that do nearly as well.

    `share` of the workload's cost is what all exchanges together may lose, each saving half of its index's size; one
    that saves nine tenths may also lose a little of what the index brings (`FORGONE`).
    """
    state = State(model, chosen)
    left = share * state.total
    for number in sorted(bits(chosen), key=lambda each: (-model.sizes[each], each)):
        brings = -state.gain(state.chosen & ~(1 << number))
        for loss, saved, other in sorted(_smaller(state, number)):
            if loss <= left or (loss <= FORGONE * brings and saved >= 0.9 * model.sizes[number]):
                left -= max(loss, 0.0) if loss <= left else 0.0
                state.become(other)
                break
    return state.chosen


def _smaller(state: State, number: int) -> list[tuple[float, int, int]]:
    """Sets without one index, with what another plan of a query that uses it needs: loss, bytes saved, set."""
    model, less, found = state.model, state.chosen & ~(1 << number), []
    plans = (used for query in model.queries((number,)) for used, _cost in model.plans[query] if not used >> number & 1)
    for other in dict.fromkeys(less | used for used in plans):
        saved = state.size - state.size_of(other)
        if saved * 2 >= model.sizes[number] and state.fits(other):
            found.append((-state.gain(other), saved, other))
    return found
