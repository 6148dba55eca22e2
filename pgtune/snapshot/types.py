"""What a type's values are made of, as far as masking needs to know."""

import re
from collections.abc import Iterable, Mapping

from pgtune.snapshot.snapshot import Object

FAMILIES = {
    "text": ("text", "character varying", "character", "bpchar", "name", "citext", "varchar", "char", "string"),
    "integer": ("smallint", "integer", "bigint", "int2", "int4", "int8", "int"),
    "decimal": ("numeric", "decimal"),
    "float": ("real", "double precision", "float4", "float8"),
    "time": ("date", "timestamp without time zone", "timestamp with time zone", "timestamp", "timestamptz"),
    "clock": ("time without time zone", "time with time zone", "time", "timetz"),
    "uuid": ("uuid",),
    "address": ("inet", "cidr"),
    "json": ("json", "jsonb"),
    "lexemes": ("tsvector", "tsquery"),
    "path": ("jsonpath",),
    "plain": (
        "boolean", "bool", '"char"', "oid", "regclass", "regconfig", "regdictionary", "regproc", "regprocedure",
        "regtype", "regoper", "regoperator", "regnamespace", "regrole", "regcollation", "interval", "bit", "xid",
    ),
    "range": ("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange", "int4multirange",
              "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange"),
}  # fmt: skip
FAMILY = {name: family for family, names in FAMILIES.items() for name in names}
SUBTYPES = {
    "int4": "integer",
    "int8": "bigint",
    "num": "numeric",
    "date": "date",
    "ts": "timestamp",
    "tstz": "timestamp",
}
# The largest values that types hold: a mask must not be beyond.
LIMITS = {"smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63, "int2": 1 << 15, "int4": 1 << 31, "int8": 1 << 63}

ENUM = re.compile(r"CREATE TYPE (.+?) AS ENUM \(", re.DOTALL)
DOMAIN = re.compile(
    r'CREATE DOMAIN ((?:"(?:[^"]|"")*"\.?)+) AS (.+?)(?: COLLATE | DEFAULT | NOT NULL| CONSTRAINT |$)', re.DOTALL
)
RANGE = re.compile(r'CREATE TYPE ((?:"(?:[^"]|"")*"\.?)+) AS RANGE \(SUBTYPE = (.+?)(?:, [A-Z_]+ = |\)$)', re.DOTALL)
MULTIRANGE = re.compile(r"MULTIRANGE_TYPE_NAME = (.+?)(?:, [A-Z_]+ = |\)$)", re.DOTALL)
MODIFIER = re.compile(r"\(([\d, -]+)\)")


def declared(objects: Iterable[Object]) -> Mapping[str, tuple[str, str]]:
    """Families of the types that a schema declares, by name without quotes, and what each is made of."""
    made: dict[str, tuple[str, str]] = {}
    for each in objects:
        if each.kind != "type":
            continue
        if found := ENUM.match(each.sql):
            made[bare(found[1])] = ("text", "")
        elif found := DOMAIN.match(each.sql):
            made[bare(found[1])] = ("domain", found[2])
        elif found := RANGE.match(each.sql):
            made[bare(found[1])] = ("range", found[2])
            if multi := MULTIRANGE.search(each.sql):
                made[bare(multi[1])] = ("range", found[2])
    return made


def bare(name: str) -> str:
    """A type's name without quotes and modifier, so that it is the same however it is written."""
    return MODIFIER.sub("", name).replace('"', "").strip() if name != '"char"' else name


def modifier(name: str) -> tuple[int, ...]:
    """The figures behind a type's name: (10, 2) of numeric(10,2)."""
    found = MODIFIER.search(name)
    return tuple(int(each) for each in found[1].split(",")) if found else ()


def family(name: str, own: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """The family of a type and what it is made of: a range's subtype, a domain's base; unknown ones are `unknown`."""
    plain = bare(name)
    found = own.get(plain) or own.get(plain.rpartition(".")[2]) or (FAMILY.get(plain.rpartition(".")[2], "unknown"), "")
    if found[0] == "range" and not found[1]:
        return "range", SUBTYPES[plain.removesuffix("range").removesuffix("multi")]
    return found
