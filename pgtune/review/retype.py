"""ALTER COLUMN ... TYPE by its text: does the table get a new file?

PostgreSQL rewrites unless the new type's values are the old one's bytes: a binary-coercible cast and a length that may
only grow (documentation, ALTER TABLE, Notes; ATColumnChangeRequiresRewrite in tablecmds.c).
"""

import re
from typing import NamedTuple

from pgtune.model.name import Name
from pgtune.review.scene import Scene
from pgtune.review.step import Command
from pgtune.sqltext.raw import type_name

TEXTS = {"text", "character varying", "citext"}
# Types that share their bytes (pg_cast.castmethod b), besides the texts.
SAME_BYTES = {("cidr", "inet"), ("xml", "text"), ("xml", "character varying"), ("bit", "bit varying")}
_TYPE = re.compile(r"(?P<base>[^(]+?)\s*\((?P<numbers>[-\d,\s]+)\)(?P<rest>.*)", re.DOTALL)


class Retyped(NamedTuple):
    """A changed type: `old` is "" if nobody knows it; `rewrites` None if it depends on what nobody knows."""

    old: str
    new: str
    rewrites: bool | None


def retyped(command: Command, table: Name, scene: Scene) -> Retyped:
    """What an AT_AlterColumnType does."""
    new = type_name(command.definition.get("typeName", {}))
    old = scene.facts.columns(table).get(command.name, "")
    if command.definition.get("raw_default"):
        plain = _plain_cast(command)
        if not plain:
            return Retyped(old, new, rewrites=True)
    return Retyped(old, new, _rewrites(old, new) if old else _likely(new))


def _plain_cast(command: Command) -> bool:
    """USING col or USING col::newtype, which say no more than the default conversion."""
    expression = command.definition["raw_default"]
    while "TypeCast" in expression:
        expression = expression["TypeCast"]["arg"]
    return "ColumnRef" in expression


def _likely(new: str) -> bool | None:
    """Without the old type: True where nothing but itself shares its bytes, False for the widest texts."""
    base, numbers = _parts(new)
    if base in TEXTS and not numbers:
        return False
    if base in TEXTS or base in {"numeric", "inet", "bit varying", "interval"} or base.startswith("time"):
        return None
    return True


def _rewrites(old: str, new: str) -> bool | None:
    (base, had), (target, has) = _parts(old), _parts(new)
    if base == target:
        return _narrower(base, had, has)
    if base in TEXTS and target in TEXTS:
        return bool(has)
    if (base, target) in SAME_BYTES:
        return bool(has)
    if {base, target} == {"timestamp without time zone", "timestamp with time zone"}:
        return None  # not while the session's time zone is UTC
    return True


def _narrower(base: str, had: tuple[int, ...], has: tuple[int, ...]) -> bool:
    """True if a modifier of the same type changes so that each value must be looked at."""
    if had == has or not has:
        return False if base not in {"character", "bit"} else had != has
    if not had:
        return True
    if base == "numeric":
        (precision, scale), (wanted, new_scale) = (*had, 0)[:2], (*has, 0)[:2]
        return new_scale != scale or wanted < precision
    return True if base in {"character", "bit"} else has[0] < had[0]


def _parts(name: str) -> tuple[str, tuple[int, ...]]:
    """`timestamp(3) without time zone` as its type and its modifiers."""
    found = _TYPE.fullmatch(name)
    if found is None:
        return name.strip(), ()
    return found["base"].strip() + found["rest"], tuple(int(each) for each in found["numbers"].split(","))
