"""Advice for a terminal: what to create in which order, what to drop, what was left out, and why."""

from collections.abc import Iterator, Sequence
from itertools import repeat

from pgtune.indexes.advice import Drop, IndexRecommendation, Served
from pgtune.model.units import human_bytes
from pgtune.partitions.advice import Partitioning
from pgtune.report.advice import proof, words
from pgtune.report.advice.answer import Answer
from pgtune.report.paper import Paper, visible
from pgtune.report.plain import count

INDENT, BODY = 2, 5
SHOWN = 4  # statements under an index; JSON has them all
LEFT_OUT = 12  # reasons on the screen; JSON has them all

Steps = Sequence[tuple[str, str]]

LIVE: Steps = (
    ("pgtune advise --prove STAGING", "builds and measures them on a copy first"),
    ("pgtune advise --apply", "creates them concurrently; `pgtune undo` drops them"),
    ("pgtune advise --output html", "the whole answer as a page, with every query"),
)
OFFLINE: Steps = (
    ("pgtune advise --output html", "the whole answer as a page, with every query"),
    ("pgtune advise CONNINFO --apply", "creates them on the server itself"),
)


def table(answer: Answer, paper: Paper | None = None, steps: Steps = LIVE) -> str:
    """The whole answer for a terminal; `steps` are the commands that go on from here."""
    paper = paper or Paper()
    parts = [
        [*paper.wrapped(words.title(answer), role="title"), *paper.wrapped(words.workload(answer), role="faint")],
        paper.wrapped(words.summary(answer), role="heading" if answer.advises else "good"),
        _indexes(answer, paper),
        _drops(answer, paper),
        _others(answer, paper),
        _partitions(answer, paper),
        proof.section(answer.proof, paper) if answer.proof else [],
        _left_out(answer, paper),
        _titled("Notes", paper.bullets(answer.notes, repeat("-")), paper),
        _titled("How to go on", _steps(steps, paper), paper) if steps and answer.indexes.recommendations else [],
    ]
    return paper.finish(line for part in parts if part for line in ["", *part])


def _titled(title: str, body: list[str], paper: Paper) -> list[str]:
    return [paper.paint(title, "heading"), *body] if body else []


def _indexes(answer: Answer, paper: Paper) -> list[str]:
    """The indexes in the order to create them in."""
    found = answer.indexes.recommendations
    if not found:
        return []
    lines = [paper.paint("Create, in this order", "heading")]
    lines += paper.wrapped(f"{words.effect(answer)} {words.bound(answer)} {words.COSTS}", role="faint")
    for number, each in enumerate(found, 1):
        lines += ["", *_index(number, each, paper)]
    return lines


def _index(number: int, each: IndexRecommendation, paper: Paper) -> list[str]:
    lines = paper.wrapped(f"{number}. {words.keys(each.index)}", INDENT, 3, role="name")
    lines += paper.wrapped(words.facts(each), BODY, role="new")
    lines += paper.wrapped(each.why, BODY)
    for doubt in each.doubts:
        lines += paper.wrapped(f"! {visible(doubt)}", BODY, 2, role="warning")
    for needed in each.needs:
        lines += paper.wrapped(f"{needed.rstrip(';')};", BODY, 2)
    lines += _script(each.script, BODY, paper)
    return lines + _queries(each.queries, paper)


def _script(script: str, indent: int, paper: Paper) -> list[str]:
    """One statement, or those of a partitioned table: of many partitions the first ones."""
    statements = script.split("\n")
    lines = [line for each in statements[:SHOWN] for line in paper.wrapped(each, indent, 2)]
    if len(statements) > SHOWN:
        rest = (
            f"and {len(statements) - SHOWN} more for the other partitions: --apply runs all, --output markdown has all"
        )
        lines += paper.wrapped(rest, indent, 2, role="faint")
    return lines


def _queries(queries: Sequence[Served], paper: Paper) -> list[str]:
    """The statements that gain most, one line each."""
    order = sorted(queries, key=lambda each: (-each.weight * (each.cost_before - each.cost_after), each.fingerprint))
    shown = order[:SHOWN]
    costs = [f"{words.cost(each.cost_before)} → {words.cost(each.cost_after)}" for each in shown]
    width = max(map(len, costs), default=0)
    lines = []
    for each, both in zip(shown, costs, strict=True):
        head = f"{' ' * BODY}{both:{width}}  "
        room = max(20, paper.room - len(head))
        lines.append(paper.paint(head + words.statement(visible(each.text), room), "faint"))
    more = len(order) - len(shown)
    return lines + (paper.wrapped(f"and {count(more, 'query', 'queries')} more", BODY, role="faint") if more else [])


def _drops(answer: Answer, paper: Paper) -> list[str]:
    now = [each for each in answer.indexes.drops if each.ddl]
    watch = [each for each in answer.indexes.drops if not each.ddl]
    lines: list[str] = []
    if now:
        total = human_bytes(sum(each.size_bytes for each in now))
        lines += [paper.paint(f"Drop: frees {total}", "heading")]
        lines += [line for each in now for line in _drop(each, paper)]
    if watch:
        lines += [*([""] if lines else []), paper.paint("Watch: no DDL, the evidence is not enough", "heading")]
        lines += [line for each in watch for line in _drop(each, paper)]
    return lines


def _drop(each: Drop, paper: Paper) -> Iterator[str]:
    yield from paper.wrapped(
        f"- {each.index} ({human_bytes(each.size_bytes)}): {words.dropped(each)}", INDENT, 2, role="name"
    )
    yield from paper.wrapped(each.why, INDENT + 2)
    if each.ddl:
        yield from paper.wrapped(f"{each.ddl.rstrip(';')};", INDENT + 2, 2)


def _others(answer: Answer, paper: Paper) -> list[str]:
    """Merges and statistics."""
    lines: list[str] = []
    for merge in answer.indexes.merges:
        replaced = ", ".join(map(str, merge.replaces))
        saved = f"{human_bytes(merge.size_before)} → {human_bytes(merge.size_after)}"
        lines += paper.wrapped(f"- {words.keys(merge.index)} replaces {replaced} ({saved})", INDENT, 2, role="name")
        lines += [*paper.wrapped(merge.why, INDENT + 2), *_script(merge.script, INDENT + 2, paper)]
    parts = _titled("Merge: create first, drop afterwards", lines, paper)
    lines = []
    for each in answer.indexes.statistics:
        lines += paper.wrapped(f"- {each.ddl.rstrip(';')};", INDENT, 2, role="name")
        lines += paper.wrapped(f"{each.why} · confidence {each.confidence}", INDENT + 2)
    statistics = _titled("Statistics", lines, paper)
    return [*parts, *([""] if parts and statistics else []), *statistics]


def _partitions(answer: Answer, paper: Paper) -> list[str]:
    lines: list[str] = []
    for each in answer.partitions.partitionings:
        lines += [*([""] if lines else []), *_partitioning(each, paper)]
    return _titled("Partition", lines, paper)


def _partitioning(each: Partitioning, paper: Paper) -> list[str]:
    key = ", ".join(each.scheme.key)
    lines = paper.wrapped(f"- {each.table} by {each.scheme.strategy} ({key})", INDENT, 2, role="name")
    saved = f"{words.cost(each.cost_before)} → {words.cost(each.cost_after)}"
    change = words.change(each.cost_before, each.cost_after)
    lines += paper.wrapped(f"cost {saved} ({change}) with the indexes above in place", INDENT + 2, role="new")
    lines += paper.wrapped(each.why, INDENT + 2)
    lines += [line for text in each.consequences for line in paper.wrapped(f"! {text}", INDENT + 2, 2)]
    lines += [
        line for text in each.upkeep for line in paper.wrapped(text.strip(), INDENT + 2 + 2 * text.startswith(" "), 2)
    ]
    hint = "--scripts FOLDER writes the online migration and the configuration of pg_partman"
    return lines + paper.wrapped(hint, INDENT + 2, role="faint")


def _left_out(answer: Answer, paper: Paper) -> list[str]:
    found = words.left_out(answer)
    lines = paper.bullets((f"{what}: {why}" for what, why in found[:LEFT_OUT]), repeat("-"))
    if len(found) > LEFT_OUT:
        lines += paper.wrapped(f"and {len(found) - LEFT_OUT} more: --output json has them all", INDENT, role="faint")
    return _titled("Left alone, and why", lines, paper)


def _steps(steps: Steps, paper: Paper) -> list[str]:
    """A command a line, with what it does beside it, or under it where there is no room."""
    width = max(len(command) for command, _ in steps)
    lines: list[str] = []
    for command, what in steps:
        beside = f"{' ' * INDENT}{command:{width}}  {what}"
        fits = len(beside) <= paper.room
        lines += [beside] if fits else [*paper.wrapped(command, INDENT), *paper.wrapped(what, INDENT * 2)]
    return lines
