"""What was predicted beside what was measured on the proving server."""

from pgtune.model.units import human_bytes
from pgtune.report.advice import words
from pgtune.report.advice.answer import Filled, Measured, Proof, Run, Slowed, Widened
from pgtune.report.paper import Paper, visible


def section(proof: Proof, paper: Paper) -> list[str]:
    """Sizes, then one block a query, for a terminal."""
    lines = [paper.paint("Proof", "heading"), *paper.wrapped(f"measured on {proof.target}", 2, role="faint")]
    for each in proof.built:
        lines += paper.wrapped(
            f"{each.index.name}: {human_bytes(each.bytes)} where {human_bytes(each.predicted_bytes)} were predicted, "
            f"built in {each.seconds:.1f} s", 2, 2,
        )  # fmt: skip
    for query in proof.queries:
        text = words.statement(visible(query.text), max(20, paper.room - 4))
        lines += ["", paper.paint(f"  {text}", "faint"), *paper.wrapped(told(query), 4, 2)]
    notes = remarks(proof)
    lines += [""] if notes else []
    for note in notes:
        lines += paper.wrapped(f"! {visible(note)}", 2, 2, role="warning")
    return lines


def remarks(proof: Proof) -> list[str]:
    """What a reader must know beside the figures: indexes that slow a query first."""
    return [*map(_widened, proof.widened), *map(_slowed, proof.slowed), *map(_filled, proof.filled), *proof.notes]


def _widened(each: Widened) -> str:
    keys, query = words.keys(each.index), f'"{words.statement(each.text, 60)}"'
    names = each.instead.name + "".join(f", and in the room of {index.name}" for index in each.room)
    return (
        f"widened: {each.index.name} on {keys} in place of {names}: most of what was looked up there was "
        f"thrown away. {query} took {_ms(each.after_ms)} with that, {_ms(each.then_ms)} with this, "
        f"{_ms(each.before_ms)} today; the others take {_others(each.others)} with this"
    )


def _slowed(each: Slowed) -> str:
    names = " and ".join(index.name for index in each.indexes)
    query = f'"{words.statement(each.text, 60)}"'
    times = f"took {_ms(each.after_ms)} with it, {_ms(each.without_ms)} without, {_ms(each.before_ms)} today"
    if each.kept:
        price = f"the others would take {each.others * 100:.0f} % longer, or more, too much for --may-lose"
        return f"kept: {names}, though {query} {times}: {price}"
    return f"given up: {names}. {query} {times}; the others take {_others(each.others)} without it"


def _filled(each: Filled) -> str:
    return (
        f"filled up: {each.index.name} on {words.keys(each.index)} in the room of what was given up; all take "
        f"{_others(-each.gain)} with it"
    )


def _others(share: float) -> str:
    if abs(share) < 0.0005:
        return "no longer"
    return f"{abs(share) * 100:.1f} % {'longer' if share > 0 else 'less'}"


def _ms(ms: float) -> str:
    return f"{ms:,.0f} ms" if ms >= 100 else f"{ms:.3g} ms"


def told(query: Measured) -> str:
    """A query's figures in a sentence."""
    if query.why_not or query.before is None or query.after is None:
        return f"not run: {query.why_not or 'no reason is known'}"
    before, after = query.before, query.after
    predicted = f"{words.cost(query.predicted_before)} → {words.cost(query.predicted_after)}"
    return (
        f"cost {words.cost(before.cost)} → {words.cost(after.cost)} (predicted {predicted}) · "
        f"buffers {_buffers(before)} → {_buffers(after)} · {_times(before, after)}"
        + ("" if query.used else " · the new indexes are not used")
    )


def _times(before: Run, after: Run) -> str:
    if not before.cut_off and not after.cut_off:
        return f"{before.ms:.3g} → {after.ms:.3g} ms"
    return " → ".join(f"more than {_ms(each.ms)}" if each.cut_off else _ms(each.ms) for each in (before, after))


def _buffers(run: Run) -> str:
    return "not known" if run.cut_off else f"{run.buffers:,}"
