"""EXPLAIN's plain text read as its JSON would be: the same labels, the same figures."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pgtune.model.errors import BadInput

Entry = dict[str, Any]

_NODE = re.compile(
    r"(?P<indent>\s*)(?:->\s+)?(?P<what>\S.*?)  \(cost=(?P<startup>[\d.]+)\.\.(?P<total>[\d.]+) rows=(?P<rows>\d+)"
    r" width=(?P<width>\d+)\)(?: \((?P<actual>actual [^()]*|never executed)\))?\s*$"
)
_ACTUAL = re.compile(r"(?:time=([\d.]+)\.\.([\d.]+) )?rows=([\d.]+) loops=(\d+)")
_BELOW = re.compile(r"\s*(?P<name>(?P<kind>SubPlan|InitPlan|CTE) \S.*?)\s*$")
_PROPERTY = re.compile(r"(?P<indent>\s*)(?P<label>[A-Z][A-Za-z0-9 -]*): +(?P<value>\S.*?)\s*$")
_JOIN = re.compile(r"(?:(Hash|Merge)(?: (\w+(?: \w+)?))? Join|(Nested Loop)(?: (\w+(?: \w+)?) Join)?)$")
_STRATEGIES = {"HashAggregate": "Hashed", "GroupAggregate": "Sorted", "MixedAggregate": "Mixed", "Aggregate": "Plain"}
_NAME = r'(?:"(?:[^"]|"")+"|[^\s."]+)'
_TARGET = re.compile(rf"(?:(?P<schema>{_NAME})\.)?(?P<name>{_NAME})(?: (?P<alias>{_NAME}))?$")
_FIRST_WORDS = (
    ("Parallel ", "Parallel Aware", True), ("Async ", "Async Capable", True),
    ("Partial ", "Partial Mode", "Partial"), ("Finalize ", "Partial Mode", "Finalize"),
)  # fmt: skip
_WRITES = ("Insert", "Update", "Delete", "Merge")


@dataclass(slots=True)
class _Open:
    """A node whose lines may still come."""

    indent: int
    entry: Entry
    below: tuple[str, str] | None = field(default=None)  # SubPlan, InitPlan or CTE: what the next child is


def entry_of(lines: Iterable[str]) -> Entry:
    """The plan as EXPLAIN (FORMAT JSON) would give it; lines before its first node are passed over.

    Raises:
        BadInput: there is no line with a cost.
    """
    stack: list[_Open] = []
    root: Entry | None = None
    for line in lines:
        found = _NODE.match(line)
        if found:
            opened = _opened(found, stack)
            root = root or opened.entry
            stack.append(opened)
        elif stack:
            _more(line, stack)
    if root is None:
        raise BadInput("there is no plan in this text: no line has (cost=...)")
    return root


def _opened(found: re.Match[str], stack: list[_Open]) -> _Open:
    indent = len(found["indent"])
    while stack and (stack[-1].indent >= indent):
        stack.pop()
    entry: Entry = _what(found["what"]) | {
        "Startup Cost": float(found["startup"]), "Total Cost": float(found["total"]),
        "Plan Rows": float(found["rows"]), "Plan Width": int(found["width"]),
    } | _actual(found["actual"])  # fmt: skip
    if stack:
        parent = stack[-1]
        if parent.below:
            entry |= {"Parent Relationship": parent.below[0], "Subplan Name": parent.below[1]}
            parent.below = None
        parent.entry.setdefault("Plans", []).append(entry)
    return _Open(indent, entry)


def _actual(text: str | None) -> Entry:
    if text is None:
        return {}
    if text.startswith("never"):
        return {"Actual Rows": 0, "Actual Loops": 0}
    found = _ACTUAL.search(text)
    if found is None:
        return {}
    times = {"Actual Startup Time": float(found[1]), "Actual Total Time": float(found[2])} if found[1] else {}
    return {**times, "Actual Rows": float(found[3]), "Actual Loops": int(found[4])}


def _what(text: str) -> Entry:
    """The node's kind and what it works on, out of its first words."""
    entry: Entry = {}
    for word, label, value in _FIRST_WORDS:
        if text.startswith(word):
            text, entry[label] = text.removeprefix(word), value
    kind, _on, target = text.partition(" on ")
    kind, _using, index = kind.partition(" using ")
    if kind.endswith(" Backward"):
        kind, entry["Scan Direction"] = kind.removesuffix(" Backward"), "Backward"
    entry |= _kind(kind)
    if index:
        entry["Index Name"] = _plain(index)
    return entry | (_target(entry["Node Type"], target) if target else {})


def _kind(kind: str) -> Entry:
    join = _JOIN.match(kind)
    if join:
        return {"Node Type": join[3] or f"{join[1]} Join", "Join Type": join[2] or join[4] or "Inner"}
    if kind in _STRATEGIES:
        return {"Node Type": "Aggregate", "Strategy": _STRATEGIES[kind]}
    return {"Node Type": "ModifyTable", "Operation": kind} if kind in _WRITES else {"Node Type": kind}


def _target(kind: str, text: str) -> Entry:
    found = _TARGET.match(text)
    if found is None:
        return {}
    name = _plain(found["name"])
    if kind == "Bitmap Index Scan":
        return {"Index Name": name}
    labels = {"CTE Scan": "CTE Name", "Function Scan": "Function Name", "WorkTable Scan": "CTE Name"}
    if kind in {"Subquery Scan", "Values Scan", "Table Function Scan"}:
        return {"Alias": name}
    entry = {labels.get(kind, "Relation Name"): name, "Alias": _plain(found["alias"] or found["name"])}
    return entry | ({"Schema": _plain(found["schema"])} if found["schema"] else {})


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _more(line: str, stack: list[_Open]) -> None:
    """A line below a node: what its next child is, or a property."""
    indent = len(line) - len(line.lstrip())
    owner = next((each for each in reversed(stack) if each.indent < indent), None)
    below, found = _BELOW.match(line), _PROPERTY.match(line)
    if below and owner and not found:
        kind = "InitPlan" if below["kind"] == "CTE" else below["kind"]
        owner.below = (kind, below["name"])
    elif found and owner and not found["label"].startswith("Worker "):
        owner.entry |= dict(_properties(found["label"], found["value"], owner.entry["Node Type"]))


def _properties(label: str, value: str, kind: str) -> Iterator[tuple[str, Any]]:
    if label in _SPECIAL:
        yield from _SPECIAL[label](value, kind)
    elif label in {"Sort Key", "Group Key", "Presorted Key", "Output"}:
        yield label, list(_list(value))
    else:
        yield label, _number(value)


def _number(value: str) -> Any:
    return float(value) if re.fullmatch(r"\d+\.\d+", value) else int(value) if value.isdigit() else value


def _list(value: str) -> Iterator[str]:
    """The items of a list, whose commas stand outside parentheses and quotes."""
    depth, quote, item = 0, "", ""
    for letter in value:
        if letter == "," and not depth and not quote:
            yield item.strip()
            item = ""
            continue
        if letter in "'\"" and quote in {"", letter}:
            quote = "" if quote else letter
        depth += 0 if quote else (letter in "([") - (letter in ")]")
        item += letter
    yield item.strip()


def _sort(value: str, _kind: str) -> Iterator[tuple[str, Any]]:
    method, _, space = value.partition("  ")
    yield "Sort Method", method
    found = re.match(r"(Disk|Memory): (\d+)kB", space)
    if found:
        yield from (("Sort Space Type", found[1]), ("Sort Space Used", int(found[2])))


def _pairs(value: str, kind: str) -> Iterator[tuple[str, Any]]:
    """`Buckets: 1024  Batches: 4  Memory Usage: 9kB`: several labels on one line, sizes in kB as JSON has them."""
    batches = {"Hash": "Hash Batches", "Aggregate": "HashAgg Batches"}.get(kind, "Batches")
    names = {"Batches": batches, "Buckets": "Hash Buckets", "Memory Usage": "Peak Memory Usage"}
    names |= {label: f"Cache {label}" for label in ("Hits", "Misses", "Evictions", "Overflows")}
    for label, text in re.findall(r"([A-Z][A-Za-z ]+): (\S+)", value):
        yield names.get(label, label), _number(text.removesuffix("kB"))


def _blocks(value: str, _kind: str) -> Iterator[tuple[str, Any]]:
    yield from ((f"{word.capitalize()} Heap Blocks", int(n)) for word, n in re.findall(r"(exact|lossy)=(\d+)", value))


def _buffers(value: str, _kind: str) -> Iterator[tuple[str, Any]]:
    for where, numbers in re.findall(r"(shared|local|temp)((?: \w+=\d+)+)", value):
        for word, number in re.findall(r"(\w+)=(\d+)", numbers):
            yield f"{where.capitalize()} {word.capitalize()} Blocks", int(number)


def _first(label: str) -> Callable[[str, str], Iterator[tuple[str, Any]]]:
    return lambda value, kind: _pairs(f"{label}: {value}", kind)


_SPECIAL: dict[str, Callable[[str, str], Iterator[tuple[str, Any]]]] = {
    "Sort Method": _sort,
    "Heap Blocks": _blocks,
    "Buffers": _buffers,
    **{label: _first(label) for label in ("Buckets", "Batches", "Planned Partitions", "Hits", "Storage")},
}
