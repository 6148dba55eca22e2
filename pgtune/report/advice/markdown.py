"""Advice for a ticket or a wiki, in GitHub's Markdown: statements in fences, queries in tables."""

from collections.abc import Iterable, Iterator, Sequence

from tabulate import tabulate

from pgtune.indexes.advice import Drop, IndexRecommendation, Served
from pgtune.model.units import human_bytes
from pgtune.partitions.advice import Partitioning
from pgtune.report.advice import proof, words
from pgtune.report.advice.answer import Answer
from pgtune.report.markdown import code, text


def markdown(answer: Answer) -> str:
    """The whole answer."""
    parts = [f"# {text(words.title(answer))}", text(words.workload(answer)), f"**{text(words.summary(answer))}**"]
    parts += _indexes(answer)
    for title, drops in (
        ("Drop", [each for each in answer.indexes.drops if each.ddl]),
        ("Watch", [each for each in answer.indexes.drops if not each.ddl]),
    ):
        parts += [f"## {title}", *(part for each in drops for part in _drop(each))] if drops else []
    parts += _others(answer)
    for each in answer.partitions.partitionings:
        parts += _partitioning(each)
    if answer.proof:
        rows = [(code(words.statement(each.text)), text(proof.told(each))) for each in answer.proof.queries]
        parts += ["## Proof", text(f"Measured on {answer.proof.target}"), _table(("query", "measured"), rows)]
        parts += ["\n".join(f"- {text(each)}" for each in proof.remarks(answer.proof))]
    parts += _list("Left alone, and why", (f"{what}: {why}" for what, why in words.left_out(answer)))
    parts += _list("Notes", answer.notes)
    return "\n\n".join(parts) + "\n"


def fence(sql: str) -> str:
    """A block of SQL, fenced by more backticks than it holds."""
    longest = max((len(run) for run in sql.replace("\n", " ").split(" ") if set(run) == {"`"}), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}sql\n{words.script(sql.rstrip())}\n{marks}"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return str(tabulate(list(rows), headers=headers, tablefmt="pipe", disable_numparse=True))


def _list(heading: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {text(item)}" for item in items]
    return [f"## {heading}", "\n".join(lines)] if lines else []


def _indexes(answer: Answer) -> Iterator[str]:
    if not answer.indexes.recommendations:
        return
    yield "## Create, in this order"
    yield text(f"{words.effect(answer)} {words.bound(answer)} {words.COSTS}")
    for number, each in enumerate(answer.indexes.recommendations, 1):
        yield f"### {number}. {text(words.keys(each.index))}"
        yield f"{text(words.facts(each))}"
        yield text(each.why)
        yield from (f"**{text(doubt)}**" for doubt in each.doubts)
        yield fence("\n".join([*(f"{needed.rstrip(';')};" for needed in each.needs), each.script]))
        yield _queries(each)


def _queries(each: IndexRecommendation) -> str:
    rows = [
        (code(words.statement(query.text)), words.weight(query.weight), *map(words.cost, _both(query)))
        for query in each.queries
    ]
    return _table(("query", "times", "cost before", "after"), rows)


def _both(query: Served) -> tuple[float, float]:
    return query.cost_before, query.cost_after


def _drop(each: Drop) -> Iterator[str]:
    yield f"**{text(str(each.index))}** ({human_bytes(each.size_bytes)}): {text(words.dropped(each))}. {text(each.why)}"
    if each.ddl:
        yield fence(f"{each.ddl.rstrip(';')};\n-- brings it back: {words.statement(each.restore, 2000)}")


def _others(answer: Answer) -> Iterator[str]:
    if answer.indexes.merges:
        yield "## Merge: create first, drop afterwards"
    for merge in answer.indexes.merges:
        replaced = ", ".join(map(str, merge.replaces))
        yield f"**{text(words.keys(merge.index))}** replaces {text(replaced)}. {text(merge.why)}"
        yield fence(merge.script)
    if answer.indexes.statistics:
        yield "## Statistics"
    for each in answer.indexes.statistics:
        yield text(each.why)
        yield fence(f"{each.ddl.rstrip(';')};")


def _partitioning(each: Partitioning) -> Iterator[str]:
    yield f"## Partition {text(str(each.table))} by {each.scheme.strategy} ({text(', '.join(each.scheme.key))})"
    change = words.change(each.cost_before, each.cost_after)
    yield text(f"Cost {words.cost(each.cost_before)} → {words.cost(each.cost_after)} ({change}). {each.why}")
    yield "\n".join(f"- {text(item)}" for item in (*each.consequences, *(item.strip() for item in each.upkeep)))
    yield f"<details><summary>The online migration</summary>\n\n{fence(each.script)}\n\n</details>"
    if each.partman:
        yield f"<details><summary>pg_partman instead</summary>\n\n{fence(each.partman)}\n\n</details>"
