"""What the role may not see, and the grant that would show it."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from pgtune.server.capture import ddl
from pgtune.server.capture.catalog import Catalog
from pgtune.server.capture.session import Session
from pgtune.snapshot.snapshot import Missing


def note(session: Session, catalog: Catalog, chosen: Sequence[DictRow]) -> None:
    """Name tables with rows whose statistics the role may not read, and indexes whose expressions it may not."""
    for row in chosen:
        if not row["rows"]:
            continue
        name = ddl.name(row)
        if row["hidden_by_policies"]:
            why = "row-level security hides them from this role"
            session.missing.append(Missing(f"statistics of {name}", why, f"ALTER ROLE {session.role} BYPASSRLS"))
        elif not all(each["readable"] for each in catalog.columns[row["oid"]]):
            why = "the role has no SELECT on it, or not on every column"
            session.lacks(f"statistics of {name}", why, f"GRANT SELECT ON {name.sql}")
        _note_expressions(session, catalog, row)


def _note_expressions(session: Session, catalog: Catalog, row: DictRow) -> None:
    for index in catalog.indexes_of[row["oid"]]:
        expressions = [key for key in index["keys"] if not _is_column(key, catalog.columns[row["oid"]])]
        hidden = not all(each["readable"] for each in catalog.columns[index["oid"]])
        if expressions and hidden:
            why = "statistics of an index's expressions show to its owner and to pg_read_all_data"
            session.lacks(f"statistics of {ddl.name(index)}", why, "GRANT pg_read_all_data")


def _is_column(key: str, columns: Sequence[DictRow]) -> bool:
    return any(key in (each["name"], '"' + each["name"].replace('"', '""') + '"') for each in columns)


def note_prices(session: Session, chosen: Sequence[DictRow]) -> None:
    """Name tablespaces with page costs of their own: the planner reckons with them, a snapshot does not hold them."""
    for space in sorted({row["priced_tablespace"] for row in chosen if row["priced_tablespace"]}):
        session.lacks(f"page costs of tablespace {space}", "a snapshot holds those of the whole server alone")


CLOSED = {"table": "another session holds it", "view": "another session holds what it reads"}


def note_locked(session: Session, catalog: Catalog) -> None:
    """Name the tables that somebody held locked all the while."""
    for row in catalog.locked:
        kind = "view" if row["kind"] == "v" else "table"
        session.lacks(f"{kind} {ddl.name(row)}", f"{CLOSED[kind]} locked; take the snapshot again later")
