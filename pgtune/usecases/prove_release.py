"""Which of the new indexes a proof gives up: the queries run on the copy without some of them until none is slower."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pgtune.indexes import timing
from pgtune.indexes.advice import IndexAdvice
from pgtune.indexes.slowed import Release
from pgtune.indexes.timing import Timing
from pgtune.model.design import Name
from pgtune.model.errors import Refused
from pgtune.report.advice.answer import Slowed
from pgtune.server import proving
from pgtune.server.connect import Connection
from pgtune.server.proving import Execution
from pgtune.usecases import prove_trials
from pgtune.usecases.prove_trials import Trial

LEAST = 60.0  # seconds in which a slower query may be looked into, however short the queries are


@dataclass(frozen=True, slots=True)
class Measures:
    """The executions of each query by its text, or why there is none: without the indexes, and with those that stay."""

    before: Mapping[str, Execution | str]
    after: Mapping[str, Execution | str]
    slowed: tuple[Slowed, ...] = ()
    notes: tuple[str, ...] = ()


def released(trials: Sequence[Trial], before: Mapping[str, Execution | str], after: Mapping[str, Execution | str],
             advice: IndexAdvice, session: Connection, say: Callable[[str], None]) -> Measures:  # fmt: skip
    """What is given up for the queries that are slower, and how all of them run without it.

    To find that out may take as long as all the measuring before it, or LEAST seconds.
    """
    queries = {trial.query.text: trial for trial in trials}
    indexes = [each.index for each in advice.recommendations]
    by_name = {index.name: index for index in indexes}

    def names(without: frozenset[str]) -> list[Name]:
        if time.monotonic() > until:
            raise Refused("it would take longer than all the measuring before")
        say(f"measuring without {len(without)} of {len(by_name)} indexes")
        return [Name(by_name[each].table.schema, each) for each in sorted(without)]

    def plan(text: str, without: frozenset[str]) -> str:
        return proving.plan(session, queries[text].query, names(without))

    def measure(text: str, without: frozenset[str], most: float) -> Execution:
        return prove_trials.run(session, queries[text].query, names(without), most / 1000 + 1)

    both = {
        text: (first, second)
        for text, first in before.items()
        if isinstance(first, Execution) and isinstance(second := after.get(text), Execution)
    }
    spent = sum(first.ms + second.ms for first, second in both.values()) * proving.RUNS / 1000
    until = time.monotonic() + max(LEAST, spent)
    weighed = {text: timing.Trial(queries[text].cost.weight, first.ms) for text, (first, _second) in both.items()}
    times = Timing(frozenset(by_name), weighed, {text: ran for text, (_first, ran) in both.items()}, plan, measure)
    needed = frozenset(index.name for each in advice.queries if each.text not in both for index in each.indexes)
    release = Release(times, needed)
    notes = []
    try:
        release.run()
    except Refused as error:
        notes.append(f"which indexes make a query slower was not found out to the end: {error}")
    notes += [
        f"slower with the indexes, and nothing was found to give up for it: {' '.join(text.split())[:60]} "
        f"({times.trials[text].before:.3g} ms before, {times.now[text].ms:.3g} ms after)"
        for text in release.unhelped()
    ]
    found = tuple(
        Slowed(each.query, tuple(by_name[name] for name in each.indexes), each.before, each.after, each.without,
               each.others, each.kept)
        for each in release.found
    )  # fmt: skip
    return Measures(before, {**after, **times.now}, found, tuple(notes))
