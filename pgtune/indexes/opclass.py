"""Which method and operator class serves which type and operator. What is not here gets no index.

From the documentation of PostgreSQL 18, chapters 65 to 71 (tables of built-in operator classes), and of pg_trgm.
"""

from dataclasses import dataclass

ORDERED = frozenset({
    "smallint", "integer", "bigint", "oid", "real", "double precision", "numeric", "money", "text", "character varying",
    "character", "name", "bytea", "date", "time without time zone", "time with time zone", "interval",
    "timestamp without time zone", "timestamp with time zone", "boolean", "uuid", "inet", "cidr", "macaddr",
    "bit", "bit varying", "pg_lsn", "tsvector", "jsonb", '"char"',
})  # fmt: skip
TEXTS = frozenset({"text", "character varying", "character"})
BRIN_TYPES = frozenset({
    "smallint", "integer", "bigint", "real", "double precision", "numeric", "date", "time without time zone",
    "timestamp without time zone", "timestamp with time zone", "interval", "oid", "uuid", "pg_lsn",
})  # fmt: skip
RANGES = frozenset({"int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"})
GEOMETRIC = frozenset({"point", "box", "polygon", "circle"})

PATTERN_OPS = {
    "text": "text_pattern_ops",
    "character varying": "varchar_pattern_ops",
    "character": "bpchar_pattern_ops",
}

ARRAY_OPERATORS = frozenset({"@>", "<@", "&&", "="})
JSONB_PATH_OPERATORS = frozenset({"@>", "@?", "@@"})
JSONB_OPERATORS = JSONB_PATH_OPERATORS | {"?", "?|", "?&"}
RANGE_OPERATORS = frozenset({"@>", "<@", "&&", "<<", ">>", "&<", "&>", "-|-"})
GEOMETRIC_OPERATORS = frozenset({"@>", "<@", "&&", "~=", "<->"})
TRIGRAM_OPERATORS = frozenset({"~~", "~~*", "~", "~*"})

# What a B-tree's key can be asked: `null` and `true` are tests of sqltext, not operators.
BTREE_TESTS = frozenset({"equal", "in", "range", "null"})

# Functions and operators of PostgreSQL that give the same for the same arguments, whatever the settings (pg_proc).
IMMUTABLE = frozenset({
    "lower", "upper", "initcap", "btrim", "ltrim", "rtrim", "length", "char_length", "octet_length", "md5", "reverse",
    "left", "right", "substr", "substring", "replace", "split_part", "abs", "round", "floor", "ceil", "trunc", "mod",
    "sign", "coalesce", "nullif", "greatest", "least", "jsonb_array_length", "cardinality", "array_length",
    "jsonb_typeof", "jsonb_extract_path_text", "jsonb_extract_path",
    "starts_with", "strpos", "translate", "sha256", "hashtext",
})  # fmt: skip
# These are immutable for plain timestamps and dates, not for those with a time zone.
IMMUTABLE_WITHOUT_ZONE = frozenset({"date_trunc", "date_part", "extract"})
ZONED = frozenset({"timestamp with time zone", "time with time zone"})
# A text cast to one of these reads nothing but the text.
PURE_CASTS = frozenset({
    "int2", "int4", "int8", "integer", "bigint", "smallint", "numeric", "float4", "float8", "text", "varchar", "bool",
    "uuid", "bpchar", "boolean",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inverted:
    """A GIN operator class; `extension` must be there for it."""

    opclass: str
    operators: frozenset[str]
    extension: str = ""


def inverted(kind: str) -> tuple[Inverted, ...]:
    """The GIN operator classes of a type, the smallest first; `opclass` empty is the default one."""
    if kind == "jsonb":
        return (Inverted("jsonb_path_ops", JSONB_PATH_OPERATORS), Inverted("", JSONB_OPERATORS))
    if kind == "tsvector":
        return (Inverted("", frozenset({"@@", "@@@"})),)
    if kind.endswith("[]"):
        return (Inverted("", ARRAY_OPERATORS),)
    if kind in TEXTS:
        return (Inverted("gin_trgm_ops", TRIGRAM_OPERATORS, "pg_trgm"),)
    return ()


def gist_operators(kind: str) -> frozenset[str]:
    """The operators that GiST's default operator class of a type serves; none where it has no such class."""
    if kind in RANGES:
        return RANGE_OPERATORS
    return GEOMETRIC_OPERATORS if kind in GEOMETRIC else frozenset()
