"""CREATE statements made of what the catalogs say, for the objects that PostgreSQL has no pg_get_*def() for."""

from collections.abc import Iterable, Mapping, Sequence

from psycopg.rows import DictRow

from pgtune.model.design import Name, quoted
from pgtune.sqltext.literals import quoted as literal

STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
COMPRESSION = {"p": "pglz", "l": "lz4"}
COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}
REPLICA_IDENTITY = {"n": "NOTHING", "f": "FULL"}
FIRING = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def name(row: DictRow) -> Name:
    """The name of a row that has a schema and a name."""
    return Name(row["schema"], row["name"])


def _words(*words: str | bool | None) -> str:
    return " ".join(word for word in words if isinstance(word, str) and word)


def options(stored: Sequence[str] | None, prefix: str = "") -> list[str]:
    """Storage parameters (`fillfactor=70`) as WITH takes them."""
    pairs = (each.partition("=") for each in stored or ())
    return [f"{prefix}{quoted(key)}={literal(value)}" for key, _, value in pairs]


def with_options(found: Sequence[str]) -> str:
    """A WITH clause, or nothing."""
    return f"WITH ({', '.join(found)})" if found else ""


def schema(row: DictRow) -> str:
    """A schema; `public` is there already."""
    return f"CREATE SCHEMA IF NOT EXISTS {quoted(row['name'])}"


def extension(row: DictRow) -> str:
    """An extension, in whatever version there is."""
    return f"CREATE EXTENSION IF NOT EXISTS {quoted(row['name'])} WITH SCHEMA {quoted(row['schema'])}"


def a_type(row: DictRow, fields: Iterable[DictRow]) -> str:
    """An enum, a domain, a composite type or a range."""
    made = {"e": _enum, "d": _domain, "r": _range}
    if row["kind"] in made:
        return made[row["kind"]](row)
    listed = (_words(quoted(each["name"]), each["type"], _collated(each)) for each in fields)
    return f"CREATE TYPE {name(row).sql} AS ({', '.join(listed)})"


def _enum(row: DictRow) -> str:
    return f"CREATE TYPE {name(row).sql} AS ENUM ({', '.join(row['labels'] or ())})"


def _domain(row: DictRow) -> str:
    return _words(
        f"CREATE DOMAIN {name(row).sql} AS {row['base']}",
        _collated(row),
        f"DEFAULT {row['default']}" if row["default"] else "",
        "NOT NULL" if row["not_null"] else "",
        *(row["checks"] or ()),
    )


def _range(row: DictRow) -> str:
    parts = {
        "SUBTYPE": row["subtype"],
        "SUBTYPE_OPCLASS": row["opclass"],
        "COLLATION": row["range_collation"],
        "CANONICAL": row["canonical"],
        "SUBTYPE_DIFF": row["subdiff"],
        "MULTIRANGE_TYPE_NAME": row["multirange"],
    }
    listed = ", ".join(f"{key} = {value}" for key, value in parts.items() if value)
    return f"CREATE TYPE {name(row).sql} AS RANGE ({listed})"


def _collated(row: DictRow) -> str:
    return f"COLLATE {row['collation']}" if row["collation"] else ""


def sequence_options(row: DictRow) -> str:
    """How a sequence counts, all of it, so that no default of a version matters."""
    return _words(
        f"START WITH {row['start']} INCREMENT BY {row['increment']}",
        f"MINVALUE {row['minimum']} MAXVALUE {row['maximum']} CACHE {row['cache']}",
        "CYCLE" if row["cycle"] else "",
    )


def sequence(row: DictRow, owner: str | None) -> str:
    """A sequence; `owner` is the column that it goes with."""
    return _words(
        "CREATE",
        "UNLOGGED" if row["persistence"] == "u" else "",
        f"SEQUENCE {name(row).sql} AS {row['type']}",
        sequence_options(row),
        f"OWNED BY {owner}" if owner else "",
    )


def column(row: DictRow, table: DictRow, identity: DictRow | None, default: str | None) -> str:
    """A column inside CREATE TABLE, as `default` the expression that stands with it."""
    words = [quoted(row["name"]), row["type"], _collated(row)]
    if row["generated"]:
        words.append(f"GENERATED ALWAYS AS ({default}) {'STORED' if row['generated'] == 's' else 'VIRTUAL'}")
    elif identity is not None:
        kind = "ALWAYS" if row["identity"] == "a" else "BY DEFAULT"
        rules = f"SEQUENCE NAME {name(identity).sql} {sequence_options(identity)}"
        words.append(f"GENERATED {kind} AS IDENTITY ({rules})")
    elif default:
        words.append(f"DEFAULT {default}")
    return _words(*words, not_null(row, table))


def not_null(row: DictRow, table: DictRow) -> str:
    """NOT NULL, with its name where that is not the one it would get (from 18 on it has one)."""
    from_parent = row["not_null_local"] is False and not table["is_partition"]
    if not row["not_null"] or row["not_null_valid"] is False or from_parent:
        return ""
    own = row["not_null_name"]
    usual = own is None or own == f"{table['name']}_{row['name']}_not_null"
    return _words(
        "" if usual else f"CONSTRAINT {quoted(own)}", "NOT NULL", "NO INHERIT" if row["not_null_alone"] else ""
    )


def table(row: DictRow, columns: Sequence[str], parents: Sequence[Name]) -> str:
    """CREATE TABLE with what its columns and checks say."""
    head = _words("CREATE", "UNLOGGED" if row["persistence"] == "u" else "", f"TABLE {name(row).sql}")
    typed = f"OF {row['of_type']}" if row["of_type"] else ""
    listed = "(\n  " + ",\n  ".join(columns) + "\n)" if columns or not typed else ""
    stored = options(row["options"]) + options(row["toast_options"], "toast.")
    return _words(
        head,
        typed,
        listed,
        "INHERITS (" + ", ".join(parent.sql for parent in parents) + ")" if parents else "",
        f"PARTITION BY {row['partition_key']}" if row["partition_key"] else "",
        f"USING {quoted(row['method'])}" if row["method"] else "",
        with_options(stored),
    )


def column_settings(row: DictRow) -> list[str]:
    """What ALTER TABLE says of a column that CREATE TABLE cannot say in every version."""
    own = f"ALTER COLUMN {quoted(row['name'])}"
    actions = []
    if row["storage"]:
        actions.append(f"{own} SET STORAGE {STORAGE[row['storage']]}")
    if row["compression"]:
        actions.append(f"{own} SET COMPRESSION {COMPRESSION[row['compression']]}")
    if row["target"] is not None:
        actions.append(f"{own} SET STATISTICS {row['target']}")
    if row["options"]:
        actions.append(f"{own} SET ({', '.join(options(row['options']))})")
    return actions


def view(row: DictRow, definition: str) -> str:
    """A view or a materialised view without rows."""
    materialised = row["kind"] == "m"
    return _words(
        f"CREATE {'MATERIALIZED VIEW' if materialised else 'VIEW'} {name(row).sql}",
        f"USING {quoted(row['method'])}" if row["method"] else "",
        with_options(options(row["options"]) + options(row["toast_options"], "toast.")),
        "AS\n" + definition.rstrip().removesuffix(";"),
        "\nWITH NO DATA" if materialised else "",
    )


def policy(row: DictRow, on: Name) -> str:
    """A row-level security policy for the roles that it names, else for all."""
    return _words(
        f"CREATE POLICY {quoted(row['name'])} ON {on.sql}",
        "" if row["permissive"] else "AS RESTRICTIVE",
        f"FOR {COMMANDS[row['command']]}",
        "TO " + ", ".join(map(quoted, row["roles"])) if row["roles"] else "",
        f"USING ({row['using']})" if row["using"] else "",
        f"WITH CHECK ({row['checking']})" if row["checking"] else "",
    )


def role(own: str) -> str:
    """A role that cannot log in, unless there is one."""
    made = f"CREATE ROLE {quoted(own)} NOLOGIN"
    return f"DO {literal(f'BEGIN {made}; EXCEPTION WHEN duplicate_object THEN NULL; END')}"


def comment(row: DictRow) -> str:
    """COMMENT ON, by the words of pg_identify_object: a part of something (`table column`) says only which part."""
    word = PARTS.get(row["type"], row["type"])
    identity = row["identity"]
    if row["type"] == "domain constraint":
        inner, _, domain = identity.rpartition(" on ")
        identity = f"{inner} ON DOMAIN {domain}"
    return f"COMMENT ON {word.upper()} {identity} IS {literal(row['text'])}"


PARTS: Mapping[str, str] = {
    "table column": "column",
    "view column": "column",
    "materialized view column": "column",
    "composite type column": "column",
    "composite type": "type",
    "table constraint": "constraint",
    "domain constraint": "constraint",
    "statistics object": "statistics",
}
