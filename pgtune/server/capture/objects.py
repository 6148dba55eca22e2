"""The schema as statements: one draft for everything that can fail alone."""

from collections.abc import Iterator

from pgtune.model.design import Name, quoted
from pgtune.server.capture import ddl, others
from pgtune.server.capture.catalog import Catalog
from pgtune.server.capture.order import Draft, Holders
from pgtune.server.capture.relations import Relations


def drafts(catalog: Catalog) -> Iterator[Draft]:
    """Every statement of the schema but comments, in no order yet."""
    for row in catalog.schemas:
        yield Draft(("pg_namespace", row["oid"]), "schema", row["name"], ddl.schema(row))
    for row in catalog.extensions:
        yield Draft(("pg_extension", row["oid"]), "extension", row["name"], ddl.extension(row))
    for row in catalog.types:
        fields = catalog.columns.get(row["relation"], ())
        yield Draft(("pg_type", row["oid"]), "type", str(ddl.name(row)), ddl.a_type(row, fields))
    for row in catalog.functions:
        signature = f"{ddl.name(row)}({row['arguments']})"
        yield Draft(("pg_proc", row["oid"]), "function", signature, row["definition"].rstrip())
    yield from others.drafts(catalog)
    yield from Relations(catalog).drafts()
    yield from _attached(catalog)
    yield from _policies(catalog)


def comments(catalog: Catalog, holders: Holders) -> Iterator[Draft]:
    """Comments on what the drafts make; those on extensions come with them."""
    for row in catalog.comments:
        subject = holders.of((row["class"], row["oid"]))
        if subject is not None and (row["class"], row["oid"]) not in catalog.owner_of:
            key = ("comment", row["oid"], f"{row['class']}:{row['part']}")
            yield Draft(key, "comment", f"{row['type']} {row['identity']}", ddl.comment(row), [subject])


def _attached(catalog: Catalog) -> Iterator[Draft]:
    """Rules, triggers and extended statistics."""
    for row in catalog.attached:
        on = catalog.relation.get(row["relation"])
        if on is None:
            continue
        key, table = (row["class"], row["oid"]), ddl.name(on)
        own = str(Name(row["schema"], row["name"])) if row["schema"] else f"{row['name']} on {table}"
        yield Draft(key, row["kind"], own, row["definition"].rstrip().removesuffix(";"))
        if row["enabled"] in ddl.FIRING:
            what = f"{ddl.FIRING[row['enabled']]} {row['kind'].upper()} {quoted(row['name'])}"
            yield Draft((*key, "firing"), row["kind"], own, f"ALTER TABLE {table.sql} {what}", [key])
        elif row["kind"] == "statistics" and row["enabled"]:
            text = f"ALTER STATISTICS {ddl.name(row).sql} SET STATISTICS {row['enabled']}"
            yield Draft((*key, "target"), row["kind"], own, text, [key])


def _policies(catalog: Catalog) -> Iterator[Draft]:
    roles: set[str] = set()
    for row in catalog.policies:
        on = catalog.relation.get(row["relation"])
        if on is None:
            continue
        named = sorted(row["roles"] or ())
        roles.update(named)
        own = f"{row['name']} on {ddl.name(on)}"
        needs = [("role", 0, each) for each in named]
        yield Draft(("pg_policy", row["oid"]), "policy", own, ddl.policy(row, ddl.name(on)), needs)
    for each in sorted(roles):
        yield Draft(("role", 0, each), "role", each, ddl.role(each))
