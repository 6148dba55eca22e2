"""Which of a key's known values fall into which partition: the server knows the types and the bounds."""

import re
from collections.abc import Mapping

import psycopg

from pgtune import resources
from pgtune.model.design import Scheme, quoted
from pgtune.model.errors import NotPlannable
from pgtune.snapshot.snapshot import Column, ColumnStats, Table
from pgtune.twin.planner import Planner
from pgtune.twin.resample import histograms
from pgtune.twin.slices import KeyValues
from pgtune.workload.arrays import numbers

RANGE = re.compile(
    r"FROM \((MINVALUE|'(?:[^']|'')*'|-?[0-9.]+)\) TO \((MAXVALUE|'(?:[^']|'')*'|-?[0-9.]+)\)", re.IGNORECASE
)


def key_values(planner: Planner, scheme: Scheme, table: Table, schema: str) -> Mapping[str, KeyValues]:
    """For each partition what is in it of the statistics of a key that is one column; nothing for other keys."""
    column = next((each for each in table.columns if (each.name,) == scheme.key and each.stats), None)
    if column is None:
        return {}
    stats = min(column.stats, key=lambda each: each.inherited)
    bounds = {each.name: each.bound for each in scheme.partitions}
    try:
        (rows,) = planner.asked([(resources.sql("twin/partitions"), (schema, table.name.name))])
        asked = [(str(name, "utf-8"), str(condition or b"true", "utf-8")) for name, condition in rows if name]
        answers = planner.asked([_question(column, stats, bounds[name], condition) for name, condition in asked])
    except (psycopg.Error, NotPlannable):
        return {}
    shares = numbers(stats.most_common_freqs)
    ends = {name: found.groups() for name, bound in bounds.items() if (found := RANGE.fullmatch(bound.strip()))}
    even = histograms(
        planner, column.type, stats.histogram_bounds, {name: (low, high) for name, (low, high) in ends.items()}
    )
    return {name: _values(answer[0], shares, even.get(name)) for (name, _), answer in zip(asked, answers, strict=True)}


def _question(column: Column, stats: ColumnStats, bound: str, condition: str) -> tuple[str, tuple[str | None, ...]]:
    """Common values and histogram bounds in one partition; where a range cuts through a bin, its end is a bound."""
    name, kind = quoted(column.name), column.type
    found = RANGE.fullmatch(bound.strip())
    ends = [each for each in (found.groups() if found else ()) if not each.upper().endswith("VALUE")]
    cuts = [f"SELECT {each}::{kind} FROM whole WHERE {each}::{kind} > first AND {each}::{kind} < last" for each in ends]  # noqa: S608
    more = "".join(f" UNION {each}" for each in cuts)
    words = QUESTION.format(name=name, kind=kind, condition=condition, more=more)
    return words, (stats.histogram_bounds or "{}", stats.most_common_vals or "{}")


QUESTION = """
WITH known AS (SELECT * FROM pg_catalog.unnest($1::pg_catalog.text::{kind}[]) WITH ORDINALITY AS k ({name}, "#")),
     whole AS (SELECT min({name}) AS first, max({name}) AS last FROM known),
     inside AS (SELECT {name} FROM known WHERE {condition}{more}),
     common AS (SELECT * FROM pg_catalog.unnest($2::pg_catalog.text::{kind}[]) WITH ORDINALITY AS c ({name}, "#"))
SELECT (SELECT pg_catalog.array_agg({name} ORDER BY {name})::pg_catalog.text FROM inside),
       (SELECT pg_catalog.array_agg({name} ORDER BY "#")::pg_catalog.text FROM common WHERE {condition}),
       (SELECT pg_catalog.array_agg("#" ORDER BY "#")::pg_catalog.text FROM common WHERE {condition})
"""


def _values(row: tuple[bytes | None, ...], shares: tuple[float, ...], even: str | None) -> KeyValues:
    bounds, common, places = (None if each is None else str(each, "utf-8") for each in row)
    few = bounds is None or "," not in bounds
    return KeyValues(
        even or (None if few else bounds), common, tuple(shares[int(each) - 1] for each in numbers(places))
    )
