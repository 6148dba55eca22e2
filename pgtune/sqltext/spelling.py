"""A statement with `$n` written with the placeholders of the text that it was made from."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pgtune.sqltext.parse import tokens
from pgtune.sqltext.placeholders import spellings

# What a named placeholder is written like; a new one is written so too.
_FORMS = (
    (re.compile(r":\w*[^\W\d]\w*"), ":{}"), (re.compile(r":'.*'", re.DOTALL), ":'{}'"), (re.compile(r"@\w+"), "@{}"),
    (re.compile(r"%\(.*\)s", re.DOTALL), "%({})s"), (re.compile(r"sqlc\..*", re.DOTALL), "sqlc.arg({})"),
)  # fmt: skip


def spelled(original: str, made: str, origins: Sequence[int], names: Mapping[int, str]) -> str:
    """The text `made` with the placeholders of the original; as it is where that cannot be told.

    `origins`: which parameter of the original each `$n` of `made` was, 0 for a new one, called as `names` says.

    Raises:
        NotSql: a text cannot be cut into words.
    """
    marks = spellings(original)
    words = [word for word in tokens(made) if word.name == "PARAM"]
    if not marks or not all(marks) or _ambiguous(marks[0], made):
        return made
    order = [int(word.text[1:]) for word in words]
    if set(marks) <= {"?", "%s"}:
        written = dict.fromkeys(order, marks[0]) if _in_order(order, origins) else None
    else:
        written = _named(marks, order, origins, names)
    return made if written is None else "".join(_replaced(made, written))


def _ambiguous(mark: str, made: str) -> bool:
    """True if an operator of the text would be taken for a placeholder of this kind."""
    sign = mark[0]
    return sign in "?%@" and any(sign in word.text for word in tokens(made) if word.name in {"Op", "ASCII_37"})


def _in_order(order: Sequence[int], origins: Sequence[int]) -> bool:
    """True if each parameter stands there once, and those of the original in their order."""
    old = [origins[number - 1] for number in order if origins[number - 1]]
    return max(Counter(order).values(), default=1) == 1 and old == sorted(old)


def _named(
    marks: Sequence[str], order: Sequence[int], origins: Sequence[int], names: Mapping[int, str]
) -> dict[int, str] | None:
    form = next((form for pattern, form in _FORMS if pattern.fullmatch(marks[0])), None)
    if form is None:
        return None
    written: dict[int, str] = {}
    for number in order:
        origin, name = origins[number - 1], names.get(number, "")
        plain = name if re.fullmatch(r"[a-z_]\w*", name) else f"after_{number}"
        new = form.format(plain)
        written[number] = marks[origin - 1] if origin else form.format(f"last_{plain}") if new in marks else new
    return written


def _replaced(made: str, written: Mapping[int, str]) -> Iterator[str]:
    at = 0
    for word in tokens(made):
        if word.name == "PARAM":
            yield made[at : word.start]
            yield written[int(word.text[1:])]
            at = word.end
    yield made[at:]
