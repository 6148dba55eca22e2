"""What a proof does for queries that are slower with the new indexes: one of these is made wider, or some are given up.

The queries run on the copy with other indexes until none is slower, or no better ones are found.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgtune.indexes import timing
from pgtune.indexes.facts import Facts
from pgtune.indexes.slowed import Release
from pgtune.indexes.timing import Timing
from pgtune.indexes.widened import Widening
from pgtune.model.design import Index, Name
from pgtune.model.errors import Refused
from pgtune.report.advice.answer import Slowed, Widened
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
    notes: tuple[str, ...] = ()


def mended(
    advised: Advised,
    copy: Copy,
    before: Mapping[str, Execution | str],
    after: Mapping[str, Execution | str],
    may_lose: float,
) -> Measures:
    """The indexes that are left when something was done for each slower query, and how all of them run with those.

    `may_lose` is the share of the gain that may be lost for it. To find it out may take as long as all the measuring
    before it, or LEAST seconds, and what builds take.
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
    widening = Widening(
        times, Facts(advised.snapshot), copy, indexes, {each.index.name: each.bytes for each in copy.built},
        advised.answer.budget_bytes,
    )  # fmt: skip
    release, late = Release(times, may_lose), ""
    try:
        widening.run()
        release.needed = _needed(advised, widening, frozenset(both))
        release.run()
    except Refused as error:
        late = str(error)
    known = indexes | {each.instead.name: each.instead for each in widening.found}
    return Measures(
        before,
        {**after, **times.now},
        unbuilt | {index for name, index in indexes.items() if name not in release.gone},
        tuple(
            Widened(each.query, each.index, each.instead, each.before, each.after, each.then, each.others)
            for each in widening.found
        ),
        tuple(
            Slowed(each.query, tuple(known[name] for name in each.indexes), each.before, each.after, each.without,
                   each.others, each.kept)
            for each in release.found
        ),
        tuple(_notes(release, late)),
    )  # fmt: skip


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


def _needed(advised: Advised, widening: Widening[Execution], run: frozenset[str]) -> frozenset[str]:
    """The indexes that queries rest on which were not run."""
    wide = {each.instead.name: each.index.name for each in widening.found}
    names = (index.name for each in advised.answer.indexes.queries if each.text not in run for index in each.indexes)
    return frozenset(wide.get(name, name) for name in names)


def _notes(release: Release[Execution], late: str) -> Iterator[str]:
    if late:
        yield f"what helps queries that are slower was not found out to the end: {late}"
    for text in release.unhelped():
        trial, now = release.timing.trials[text], release.timing.now[text]
        yield (
            f"slower with the indexes, and nothing was found to do for it: {' '.join(text.split())[:60]} "
            f"({trial.before:.3g} ms before, {now.ms:.3g} ms after)"
        )
