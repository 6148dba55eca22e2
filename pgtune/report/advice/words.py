"""The words that the forms of advice share."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from pgtune.indexes.advice import Drop, IndexAdvice, IndexRecommendation
from pgtune.model.design import Index, Key
from pgtune.model.units import human_bytes
from pgtune.report.advice.answer import Answer
from pgtune.report.paper import visible
from pgtune.report.plain import count

NOTHING = "Nothing worth doing: no index, drop or partition would make this workload noticeably cheaper."
COSTS = "Costs are the planner's units; a statement's cost counts once for each recorded call."
MOST = 0.95  # of the gain: whoever wants few indexes stops there


def title(answer: Answer) -> str:
    """Whose advice it is."""
    return f"{answer.target}: PostgreSQL {answer.version}"


def workload(answer: Answer) -> str:
    """What was looked at."""
    found = answer.indexes
    parts = [f"{count(len(found.queries), 'query', 'queries')} from {answer.source}"]
    if found.unplanned:
        parts.append(f"{len(found.unplanned)} could not be planned")
    if answer.left_out:
        parts.append(f"{len(answer.left_out)} left out")
    return ", ".join(parts)


def summary(answer: Answer) -> str:
    """What there is to do, in one sentence."""
    if not answer.advises:
        return NOTHING
    found = answer.indexes
    drops = [drop for drop in found.drops if drop.ddl]
    parts = [
        f"{count(len(found.recommendations), 'index', 'indexes')} to create" if found.recommendations else "",
        f"{count(len(drops), 'index', 'indexes')} to drop" if drops else "",
        f"{count(len(found.merges), 'merge')}" if found.merges else "",
        f"{count(len(found.statistics), 'set')} of statistics to make" if found.statistics else "",
        f"{count(len(answer.partitions.partitionings), 'table')} to partition"
        if answer.partitions.partitionings
        else "",
    ]
    return ", ".join(part for part in parts if part)


def effect(answer: Answer) -> str:
    """What the new indexes do to the whole workload."""
    found = answer.indexes
    return (
        f"They take the workload's cost from {cost(found.cost_before)} to {cost(found.cost_after)} "
        f"({change(found.cost_before, found.cost_after)}) and need {storage(answer)}.{most(found)}"
    )


def most(found: IndexAdvice) -> str:
    """How many of the new indexes, the first in order, bring nearly all of the gain; "" where that takes all."""
    total = sum(each.gain for each in found.recommendations)
    reached = accumulate(each.gain for each in found.recommendations)
    needed = next((number for number, gain in enumerate(reached, 1) if gain >= MOST * total), 0)
    if not 0 < needed < len(found.recommendations):
        return ""
    size = human_bytes(sum(each.size_bytes for each in found.recommendations[:needed]))
    which = "The first alone brings" if needed == 1 else f"The first {needed} bring"
    return f" {which} {MOST:.0%} of that with {size}.".replace("%", " %")


def storage(answer: Answer) -> str:
    """What the new indexes take, of the budget if there is one."""
    size = human_bytes(answer.indexes.size_bytes)
    return f"{size} of the budget of {human_bytes(answer.budget_bytes)}" if answer.budget_bytes is not None else size


def bound(answer: Answer) -> str:
    """How far from the best the answer is."""
    found = answer.indexes
    above = found.above_bound
    near = "as low as all candidates together could bring it" if above < 0.0005 else (
        f"{above * 100:.1f} % above what all {found.candidates} candidates together could reach"
    )  # fmt: skip
    return f"That is {near}, by the planner's model."


def cost(value: float) -> str:
    """A cost with the digits that count."""
    if value >= 1e7:
        return f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def change(before: float, after: float) -> str:
    """How much less (or more) the second is, in percent."""
    if before <= 0:
        return "no change"
    share = (after - before) / before
    if abs(share) < 0.0005:
        return "no change"
    digits = 1 if abs(share) > 0.99 or abs(share) < 0.1 else 0
    return f"{'+' if share > 0 else '-'}{abs(share) * 100:.{digits}f} %"


def keys(index: Index) -> str:
    """The index for a person: its table, keys and what else is not ordinary."""
    text = f"{index.table} ({', '.join(map(_key, index.keys))})"
    text += f" INCLUDE ({', '.join(index.include)})" if index.include else ""
    return text + (f" WHERE {index.where}" if index.where else "")


def _key(key: Key) -> str:
    words = [key.column or f"({key.expression})", *([key.opclass] if key.opclass else [])]
    return " ".join([*words, *(["DESC"] if key.descending else [])])


def tax(each: IndexRecommendation) -> str:
    """What writes pay for it, beside what it saves."""
    if each.write_tax <= 0:
        return "no write tax"
    share = each.write_tax / (each.gain + each.write_tax)
    return f"write tax {cost(each.write_tax)} ({share * 100:.1f} % of what it saves)"


def facts(each: IndexRecommendation) -> str:
    """Method, size, effect, tax and confidence in one line."""
    saved = f"{cost(each.cost_before)} → {cost(each.cost_after)} ({change(each.cost_before, each.cost_after)})"
    size = human_bytes(each.size_bytes)
    return f"{each.index.method}, {size} · cost {saved} · {tax(each)} · confidence {each.confidence}"


def statement(text: str, most: int = 200) -> str:
    """A statement on one line, its end cut off if it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3].rstrip() + "..."


def script(text: str) -> str:
    """A script line by line as it is, in which nothing can act on a terminal or turn the direction of writing."""
    lines = (f"{line[: len(line) - len(line.lstrip())]}{visible(line)}" for line in text.split("\n"))
    return "\n".join(lines)


def weight(value: float) -> str:
    """How often a statement counts."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"


def dropped(drop: Drop) -> str:
    """Why an index is in the list, in a word or two."""
    words = {"unused": "unused", "duplicate": "duplicate", "prefix": "redundant", "invalid": "invalid"}
    return words[drop.kind] + (f", {drop.covered_by} does its work" if drop.covered_by else "")


def left_out(answer: Answer) -> list[tuple[str, str]]:
    """Everything that has no part in the advice, and why: tables declined, statements not planned, texts left out."""
    declined: Iterable[tuple[str, str]] = [
        *((str(each.table), each.why) for each in answer.indexes.declined),
        *((str(each.table), f"not partitioned: {each.why}") for each in answer.partitions.declined),
    ]
    unplanned = ((f"{each.origin}: {statement(each.text, 60)}", each.why) for each in answer.indexes.unplanned)
    return [*declined, *unplanned, *_texts(answer)]


FEW = 2  # texts that were left out for one reason are named up to here, and counted beyond


def _texts(answer: Answer) -> Iterator[tuple[str, str]]:
    """The statements that are no part of the workload; many of one reason are one line."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in answer.left_out:
        reasons.setdefault((each.origin.split(":", 1)[0], each.why), []).append(each.text)
    for (origin, why), found in reasons.items():
        if len(found) > FEW:
            yield f"{origin}: {len(found)} statements", why
        else:
            yield from ((f"{origin}: {statement(text, 60)}", why) for text in found)
