"""What a proof does for queries that are slower with the new indexes: these become others, as mending.py has it.

The queries run on the copy with other indexes until none is slower, or no better ones are found.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgtune.indexes import timing
from pgtune.indexes.facts import Facts
from pgtune.indexes.mending import Further, Mending
from pgtune.indexes.slowed import GivenUp, unhelped
from pgtune.indexes.timing import Timing
from pgtune.indexes.tried import Trying
from pgtune.model.design import Index, Name
from pgtune.model.errors import Refused
from pgtune.report.advice.answer import Filled, Slowed, Widened
from pgtune.server import proving
from pgtune.server.proving import Execution
from pgtune.usecases import prove_trials
from pgtune.usecases.advise import Advised
from pgtune.usecases.prove_copy import Copy

LEAST = 60.0  # seconds in which slower queries may be looked into, however short they are


@dataclass(frozen=True, slots=True)
class Measures:
    """The executions of each query by its text, or why there is none: without any index, and with `indexes`."""

    before: Mapping[str, Execution | str]
    after: Mapping[str, Execution | str]
    indexes: frozenset[Index]
    widened: tuple[Widened, ...] = ()
    slowed: tuple[Slowed, ...] = ()
    filled: tuple[Filled, ...] = ()
    notes: tuple[str, ...] = ()


def mended(
    advised: Advised,
    copy: Copy,
    before: Mapping[str, Execution | str],
    after: Mapping[str, Execution | str],
    further: Further,
    may_lose: float,
) -> Measures:
    """The indexes that are left when something was done for each slower query, and how all of them run with those.

    `further` says what would be advised without some; `may_lose` is the share of the gain that may be lost for it.
    To find it out may take as long as all the measuring before it, or LEAST seconds, and what builds take.
    """
    both = {
        text: (first, second)
        for text, first in before.items()
        if isinstance(first, Execution) and isinstance(second := after.get(text), Execution)
    }
    spent = sum(first.ms + second.ms for first, second in both.values()) * proving.RUNS / 1000
    indexes = {each.index.name: each.index for each in copy.built}
    times = _timing(copy, both, frozenset(indexes), time.monotonic() + max(LEAST, spent))
    unbuilt = advised.design.indexes - {*indexes.values()}
    sizes = {each.index.name: each.bytes for each in copy.built}
    limits = advised.answer.budget_bytes, advised.max_indexes
    trying = Trying(times, copy, indexes, sizes, *limits, _needed(advised, frozenset(both)))
    mending = Mending(trying, Facts(advised.snapshot), further, may_lose)
    late = ""
    try:
        mending.run()
    except Refused as error:
        late = str(error)
    return Measures(
        before,
        {**after, **times.now},
        unbuilt.union(trying.left),
        tuple(
            Widened(each.query, each.index, each.instead, each.room, each.before, each.after, each.then, each.others)
            for each in mending.widened
        ),
        tuple(_slowed(each, copy) for each in mending.slowed),
        tuple(Filled(each.index, each.gain) for each in mending.filled),
        tuple(_notes(mending, late)),
    )  # fmt: skip


def _slowed(given: GivenUp, copy: Copy) -> Slowed:
    known = {each.index.name: each.index for each in copy.built}
    indexes = tuple(known[name] for name in given.indexes)
    return Slowed(given.query, indexes, given.before, given.after, given.without, given.others, given.kept)


def _timing(
    copy: Copy, both: Mapping[str, tuple[Execution, Execution]], indexes: frozenset[str], until: float
) -> Timing[Execution]:
    """The queries on the copy, by their text; refused after `until`, later by what is built meanwhile."""
    session, trials, first = copy.session, copy.trials, len(copy.built)

    def names(without: frozenset[str]) -> list[Name]:
        if time.monotonic() - sum(each.seconds for each in copy.built[first:]) > until:
            raise Refused("it would take longer than all the measuring before")
        copy.builder.say(f"measuring without {len(without)} of {len(indexes)} indexes")
        schemas = {each.index.name: each.index.table.schema for each in copy.built}
        return [Name(schemas[each], each) for each in sorted(without)]

    def plan(text: str, without: frozenset[str]) -> str:
        return proving.plan(session, trials[text].query, names(without))

    def measure(text: str, without: frozenset[str], most: float) -> Execution:
        return prove_trials.run(session, trials[text].query, names(without), most / 1000 + 1)

    weighed = {text: timing.Trial(trials[text].cost.weight, first.ms) for text, (first, _second) in both.items()}
    return Timing(indexes, weighed, {text: ran for text, (_first, ran) in both.items()}, plan, measure)


def _needed(advised: Advised, run: frozenset[str]) -> frozenset[str]:
    """The indexes that queries rest on which were not run."""
    unrun = (each for each in advised.answer.indexes.queries if each.text not in run)
    return frozenset(index.name for each in unrun for index in each.indexes)


def _notes(mending: Mending[Execution], late: str) -> Iterator[str]:
    if late:
        yield f"what helps queries that are slower was not found out to the end: {late}"
    for text in unhelped(mending.trying.timing, mending.slowed):
        trial, now = mending.trying.timing.trials[text], mending.trying.timing.now[text]
        yield (
            f"slower with the indexes, and nothing was found to do for it: {' '.join(text.split())[:60]} "
            f"({trial.before:.3g} ms before, {now.ms:.3g} ms after)"
        )
