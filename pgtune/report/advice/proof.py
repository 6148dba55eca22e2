"""What was predicted beside what was measured on the proving server."""

from pgtune.model.units import human_bytes
from pgtune.report.advice import words
from pgtune.report.advice.answer import Measured, Proof
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
    for note in proof.notes:
        lines += paper.wrapped(f"! {note}", 2, 2, role="warning")
    return lines


def told(query: Measured) -> str:
    """A query's figures in a sentence."""
    if query.why_not or query.before is None or query.after is None:
        return f"not run: {query.why_not or 'no reason is known'}"
    before, after = query.before, query.after
    predicted = f"{words.cost(query.predicted_before)} → {words.cost(query.predicted_after)}"
    return (
        f"cost {words.cost(before.cost)} → {words.cost(after.cost)} (predicted {predicted}) · "
        f"buffers {before.buffers:,} → {after.buffers:,} · {before.ms:.3g} → {after.ms:.3g} ms"
        + ("" if query.used else " · the new indexes are not used")
    )
