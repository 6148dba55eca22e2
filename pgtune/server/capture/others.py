"""Statements for what few databases have of their own: aggregates, operators, casts, collations, text search."""

from collections.abc import Iterator, Mapping

from psycopg.rows import DictRow

from pgtune.model.design import quoted
from pgtune.server.capture import ddl
from pgtune.server.capture.catalog import Catalog
from pgtune.server.capture.order import Draft
from pgtune.sqltext.literals import quoted as literal

PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
PARALLEL = {"s": "SAFE", "r": "RESTRICTED"}
CONTEXTS = {"a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}
MODIFIES = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}


def drafts(catalog: Catalog) -> Iterator[Draft]:
    """All of them, in no order yet."""
    for row in catalog.rare["aggregates"]:
        signature = f"{ddl.name(row)}({row['arguments']})"
        yield Draft(("pg_proc", row["oid"]), "function", signature, _aggregate(row))
    for row in catalog.rare["operators"]:
        yield Draft(("pg_operator", row["oid"]), "operator", f"{row['schema']}.{row['name']}", _operator(row))
    for row in catalog.rare["casts"]:
        yield Draft(("pg_cast", row["oid"]), "operator", f"{row['source']} as {row['target']}", _cast(row))
    for row in catalog.rare["collations"]:
        yield Draft(("pg_collation", row["oid"]), "collation", str(ddl.name(row)), _collation(row))
    for row in catalog.rare["searches"]:
        yield from _search(row)


def _listed(parts: Mapping[str, str | int | None]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in parts.items() if value is not None)


def _aggregate(row: DictRow) -> str:
    parts: dict[str, str | int | None] = {
        "SFUNC": row["transition"],
        "STYPE": row["state"],
        "SSPACE": row["space"],
        "FINALFUNC": row["final"],
        "COMBINEFUNC": row["combine"],
        "SERIALFUNC": row["serial"],
        "DESERIALFUNC": row["deserial"],
        "INITCOND": _text(row["initial"]),
        "MSFUNC": row["moving"],
        "MINVFUNC": row["inverse"],
        "MSTYPE": row["moving_state"],
        "MFINALFUNC": row["moving_final"],
        "MINITCOND": _text(row["moving_initial"]),
        "SORTOP": row["sort_operator"],
        "PARALLEL": PARALLEL.get(row["parallel"]),
    }
    # Ordered-set aggregates change their state as they end, the others do not: what is usual need not be said.
    if row["final"] and row["final_modify"] != ("r" if row["aggregate_kind"] == "n" else "w"):
        parts["FINALFUNC_MODIFY"] = MODIFIES[row["final_modify"]]
    words = _listed(parts) + (", FINALFUNC_EXTRA" if row["final_extra"] else "")
    words += ", HYPOTHETICAL" if row["aggregate_kind"] == "h" else ""
    return f"CREATE AGGREGATE {ddl.name(row).sql} ({row['all_arguments'] or '*'}) ({words})"


def _text(value: str | None) -> str | None:
    return None if value is None else literal(value)


def _operator(row: DictRow) -> str:
    parts = {
        "FUNCTION": row["function"],
        "LEFTARG": row["left"],
        "RIGHTARG": row["right"],
        "COMMUTATOR": row["commutator"],
        "NEGATOR": row["negator"],
        "RESTRICT": row["restriction"],
        "JOIN": row["join"],
    }
    flags = (", MERGES" if row["merges"] else "") + (", HASHES" if row["hashes"] else "")
    return f"CREATE OPERATOR {quoted(row['schema'])}.{row['name']} ({_listed(parts)}{flags})"


def _cast(row: DictRow) -> str:
    how = {"f": f"WITH FUNCTION {row['function']}", "i": "WITH INOUT"}.get(row["method"], "WITHOUT FUNCTION")
    return f"CREATE CAST ({row['source']} AS {row['target']}) {how}{CONTEXTS.get(row['context'], '')}"


def _collation(row: DictRow) -> str:
    parts = {
        "provider": PROVIDERS[row["provider"]],
        "deterministic": None if row["deterministic"] else "false",
        "locale": _text(row["locale"]),
        "lc_collate": _text(row["collate"]),
        "lc_ctype": _text(row["ctype"]),
        "rules": _text(row["rules"]),
    }
    return f"CREATE COLLATION {ddl.name(row).sql} ({_listed(parts)})"


def _search(row: DictRow) -> Iterator[Draft]:
    """A dictionary, or a configuration and what it maps: both can miss files that the server has beside it."""
    key, name = (row["class"], row["oid"]), ddl.name(row)
    if row["class"] == "pg_ts_dict":
        options = f", {row['options']}" if row["options"] else ""
        text = f"CREATE TEXT SEARCH DICTIONARY {name.sql} (TEMPLATE = {row['base']}{options})"
        yield Draft(key, "search", str(name), text)
        return
    yield Draft(key, "search", str(name), f"CREATE TEXT SEARCH CONFIGURATION {name.sql} (PARSER = {row['base']})")
    for mapping in row["mappings"] or ():
        text = f"ALTER TEXT SEARCH CONFIGURATION {name.sql} ADD MAPPING FOR {mapping}"
        yield Draft((*key, mapping.partition(" ")[0]), "search", str(name), text, [key])
