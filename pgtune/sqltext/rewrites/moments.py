"""`date_trunc('month', at) = '2026-05-01'` and its kin: a range of the bare column."""

import re

from sqlglot import exp

from pgtune.sqltext.rewrites.tree import TypeOf, expression, qualifier
from pgtune.sqltext.rewrites.turned import Compared, Turned, between, compared, shown, text_of, versus

PLAIN, ZONED = "timestamp without time zone", "timestamp with time zone"
MOMENTS = (PLAIN, ZONED)
INTERVALS = {"DAY": "1 day", "WEEK": "1 week", "MONTH": "1 month", "QUARTER": "3 months", "YEAR": "1 year"}
# Where a date has to end for it to be the beginning of such a span; of a week only a calendar knows.
BEGINS = {"DAY": "", "MONTH": "-01", "QUARTER": "-(01|04|07|10)-01", "YEAR": "-01-01"}
DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]00:00(?::00)?)?")
# In time zones whose clocks change at midnight a day may begin at one o'clock, or twice (documentation, 8.5.3).
MIDNIGHT = "in a time zone whose clocks change at midnight the hour of the change may count differently"
FORMATS = {"%Y-%m-%d": ("DAY", r"\d{4}-\d{2}-\d{2}", ""), "%Y-%m": ("MONTH", r"\d{4}-\d{2}", "-01")}


def truncated(node: exp.Expression, type_of: TypeOf) -> Turned | None:
    """date_trunc(unit, column) compared with the beginning of such a span, or equal to a parameter."""
    found = compared(node)
    if found is None or not isinstance(found.hidden, exp.TimestampTrunc) or found.hidden.args.get("zone"):
        return None
    unit, column = str(found.hidden.args["unit"].name).upper(), found.hidden.this
    kind = _moment(column, type_of)
    if unit not in INTERVALS or not kind:
        return None
    start = _cast(found.value, kind)
    if _begins(found.value, unit):
        return _turned(node, _spanned(column, found.operator, start, INTERVALS[unit]), kind)
    if found.operator != "=" or not _simple(found.value):
        return None
    guard = exp.EQ(this=exp.TimestampTrunc(this=start.copy(), unit=exp.Var(this=unit)), expression=start.copy())
    return _turned(node, exp.And(this=_spanned(column, "=", start, INTERVALS[unit]), expression=guard), kind)


def _spanned(column: exp.Expression, operator: str, start: exp.Expression, length: str) -> exp.Expression:
    """The condition on the bare column; the span after `start` begins `length` later."""
    following = exp.Add(this=start.copy(), expression=expression(f"interval '{length}'"))
    if operator == "=":
        return between(column, start, following)
    bound = start if operator in {">=", "<"} else following
    return versus(column, ">=" if operator in {">=", ">"} else "<", bound)


def extracted(node: exp.Expression, type_of: TypeOf) -> Turned | None:
    """The year of a column, or its day or month as text, compared with a constant."""
    found = compared(node)
    if found is None or found.operator != "=":
        return None
    if isinstance(found.hidden, exp.Extract) and str(found.hidden.this.name).upper() == "YEAR":
        year = found.value.this if isinstance(found.value, exp.Literal) and not found.value.is_string else ""
        return _span(node, found.hidden.expression, f"{year}-01-01", "1 year", type_of)
    if isinstance(found.hidden, exp.TimeToStr) and (text := text_of(found.value)):
        unit, form, rest = FORMATS.get(str(found.hidden.args["format"].this), ("", "(?!)", ""))
        if re.fullmatch(form, text):
            return _span(node, found.hidden.this, text + rest, INTERVALS[unit], type_of)
    return None


def _span(node: exp.Expression, column: exp.Expression, start: str, length: str, type_of: TypeOf) -> Turned | None:
    kind = _moment(column, type_of, "date")
    if not kind or not DATE.fullmatch(start) or start.startswith("0000"):
        return None
    first = _cast(exp.Literal.string(start), kind)
    return _turned(node, _spanned(column, "=", first, length), kind)


def cast(node: exp.Expression, type_of: TypeOf) -> Turned | None:
    """The date of a moment, as `at::date` or `date(at)`, compared with a date."""
    if isinstance(node, exp.Between):
        low, high = (Compared(node.this, op, node.args[end]) for op, end in ((">=", "low"), ("<=", "high")))
        parts = [_dated(each, type_of) for each in (low, high)]
        return _turned(node, exp.And(this=parts[0], expression=parts[1]), _of(low, type_of)) if all(parts) else None
    found = compared(node)
    condition = _dated(found, type_of) if found else None
    return _turned(node, condition, _of(found, type_of)) if found and condition else None


def _dated(found: Compared, type_of: TypeOf) -> exp.Expression | None:
    kind = _of(found, type_of)
    if not kind or not _a_date(found.value):
        return None
    day = _cast(found.value, "date")
    following = exp.Add(this=day.copy(), expression=exp.Literal.number(1))
    column = found.hidden.this
    if found.operator == "=":
        return between(column, day, following)
    bound = day if found.operator in {">=", "<"} else following
    return versus(column, ">=" if found.operator in {">=", ">"} else "<", bound)


def _of(found: Compared, type_of: TypeOf) -> str:
    """The type of the column behind the cast to date, empty if it is no such cast."""
    hidden = found.hidden
    if isinstance(hidden, exp.Date) and not hidden.expressions and hidden.args.get("zone") is None:
        return _moment(hidden.this, type_of)
    return _moment(hidden.this, type_of) if isinstance(hidden, exp.Cast) and hidden.is_type("date") else ""


def _a_date(value: exp.Expression) -> bool:
    """True for a date's text, a parameter (then of type date), today, and what is cast to date."""
    if isinstance(value, exp.Literal):
        return bool(value.is_string and DATE.fullmatch(str(value.this)))
    return isinstance(value, (exp.Parameter, exp.CurrentDate)) or (
        isinstance(value, exp.Cast) and value.is_type("date")
    )


def _begins(value: exp.Expression, unit: str) -> bool:
    """True if a constant is known to be the beginning of such a span."""
    found = DATE.fullmatch(text_of(value) or "")
    return found is not None and unit in BEGINS and re.search(f"{BEGINS[unit]}$", found[1]) is not None


def _simple(value: exp.Expression) -> bool:
    return isinstance(value, exp.Parameter) or text_of(value) is not None


def _moment(column: exp.Expression, type_of: TypeOf, *more: str) -> str:
    """The column's type if it is a moment's (or one of the others), else empty."""
    if not isinstance(column, exp.Column):
        return ""
    kind = re.sub(r"\(\d\)", "", type_of(qualifier(column), column.name))
    return kind if kind in (*MOMENTS, *more) else ""


def _cast(value: exp.Expression, kind: str) -> exp.Expression:
    while isinstance(value, (exp.Cast, exp.Paren)) and text_of(value) is not None:
        value = value.this
    name = {PLAIN: "timestamp", ZONED: "timestamptz"}.get(kind, kind)
    return exp.cast(value.copy(), name, dialect="postgres")


def _turned(node: exp.Expression, condition: exp.Expression, kind: str) -> Turned:
    return Turned(condition, f"{shown(node)} is a range of the bare column", MIDNIGHT if kind == ZONED else "")
