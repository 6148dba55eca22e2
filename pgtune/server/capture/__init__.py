"""A live database as a Snapshot: schema, sizes, statistics and workload, read over one read-only session."""

from collections.abc import Sequence

import psycopg
from psycopg.rows import DictRow

from pgtune.model.errors import Refused
from pgtune.server.asking import one_line
from pgtune.server.capture import catalog as catalogs
from pgtune.server.capture import choice, figures, objects, order, privileges, recorded
from pgtune.server.capture.catalog import Catalog
from pgtune.server.capture.paths import search_path
from pgtune.server.capture.relations import Relations
from pgtune.server.capture.session import Session, opened
from pgtune.server.connect import reading
from pgtune.snapshot.credentials import without_credentials
from pgtune.snapshot.snapshot import ExtendedStatistics, Object, Snapshot

ATTEMPTS = 3  # DDL of others between two of our statements makes pg_get_*def() fail: the next attempt sees it whole


def capture(
    conninfo: str = "", *, tables: Sequence[str] = (), schemas: Sequence[str] = (), workload: bool = True
) -> Snapshot:
    """Read a database as the planner sees it.

    `tables` and `schemas` narrow it: names, a table's with or without its schema, `*` and `?` as in a shell. What
    the role may not see, or others hold locked, is left out and named in `Snapshot.missing`; credentials are cut, and
    what held one is named in `Snapshot.cut`.

    Raises:
        BadInput: the conninfo cannot be parsed, or no table is named so.
        CannotConnect, NotAllowed, ConnectionLost, Refused: as the server answers.
    """
    for attempt in range(ATTEMPTS):
        with reading(conninfo) as connection:
            try:
                with opened(connection) as session:
                    found = _captured(session, choice.Choice(tuple(tables), tuple(schemas)), workload=workload)
                    return without_credentials(found)
            except CHANGED as error:
                if attempt == ATTEMPTS - 1:
                    first = str(error).strip().split("\n", 1)[0]
                    raise Refused(f"the schema keeps changing while it is read: {first}") from error
    raise AssertionError  # the last attempt returns or raises


# "cache lookup failed", "could not open relation with OID": what was there in our snapshot is there no more.
CHANGED = (psycopg.errors.InternalError_, psycopg.errors.UndefinedObject, psycopg.errors.UndefinedTable)


def _captured(session: Session, wanted: choice.Choice, *, workload: bool) -> Snapshot:
    identity = session.rows("identity")[0]
    session.role = one_line(identity["role_quoted"])
    settings = session.rows("settings")  # before forms.sql sets some of them
    session.rows("forms")
    catalog = catalogs.read(session)
    chosen = wanted.tables(catalog)
    statements, extended = _schema(session, catalog, wanted, chosen)
    found = figures.measure(session, catalog, chosen, identity["block_size"])
    privileges.note(session, catalog, chosen)
    privileges.note_prices(session, chosen)
    privileges.note_locked(session, catalog)
    recordings = _workload(session, catalog, identity) if workload else recorded.Recordings()
    return Snapshot(
        version=identity["version"],
        version_text=identity["version_text"],
        taken=identity["taken"],
        database=identity["database"],
        encoding=identity["encoding"],
        collate=identity["collate"],
        ctype=identity["ctype"],
        provider=identity["provider"],
        locale=identity["locale"],
        system_identifier=_system_identifier(session, identity),
        settings={row["name"]: row["value"] for row in settings},
        search_paths={row["role"] or "": search_path(row["value"]) for row in session.rows("search_paths")},
        extensions={row["name"]: row["version"] for row in catalog.extensions},
        objects=statements,
        tables=figures.tables(catalog, chosen, found),
        extended=extended,
        workload=recordings.statements,
        stats_reset=identity["stats_reset"],
        statements_reset=recordings.since,
        standbys=max(identity["walsenders"], identity["slots"]),
        in_recovery=identity["in_recovery"],
        missing=tuple(session.missing),
    )


def _schema(
    session: Session, catalog: Catalog, wanted: choice.Choice, chosen: Sequence[DictRow]
) -> tuple[tuple[Object, ...], tuple[ExtendedStatistics, ...]]:
    made = list(objects.drafts(catalog))
    holders = order.Holders({draft.key for draft in made}, catalog, Relations(catalog).inside)
    made += objects.comments(catalog, holders)
    rebuilt = choice.rebuildable(session, order.graph(made, catalog, holders))
    kept = wanted.narrowed(rebuilt, catalog, chosen)
    extended = (
        ExtendedStatistics(ddl_name, table, tuple(row["columns"] or ()), row["kinds"])
        for row, ddl_name, table in choice.statistics(catalog, chosen)
    )
    return order.ordered(kept), tuple(extended)


def _workload(session: Session, catalog: Catalog, identity: DictRow) -> recorded.Recordings:
    extension = next((row for row in catalog.extensions if row["name"] == "pg_stat_statements"), None)
    return recorded.read(session, extension, sees_all=identity["reads_statements"])


def _system_identifier(session: Session, identity: DictRow) -> str | None:
    if not identity["reads_control"]:
        session.lacks("system identifier", "the function is closed", "GRANT EXECUTE ON FUNCTION pg_control_system()")
        return None
    return str(session.rows("system_identifier")[0]["system_identifier"])
