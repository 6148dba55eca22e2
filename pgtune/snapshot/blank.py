"""A snapshot of a database in which there is nothing yet: where a project's whole history can be applied."""

from pgtune.snapshot.snapshot import Object, Snapshot


def blank(major: int) -> Snapshot:
    """A new database of this major version, with the schema `public` alone; no table's size is known in it."""
    public = Object("schema public", "schema", "public", "CREATE SCHEMA public")
    return Snapshot(major * 10000, str(major), "", "", objects=(public,))
