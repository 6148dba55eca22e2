"""Schemas that experts indexed, from packages that carry their SQL or make it, with sizes as if they were in use."""

import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pgtune.snapshot.snapshot import Column, ColumnStats, Snapshot, Table
from pgtune.sqltext.parse import split
from pgtune.sqltext.psql import without_psql

Load = Callable[[str], int]
"""Makes a schema in the database of this conninfo and answers how many statements could not be run there."""

# Distribution, and the ends of the paths of the files in it that make a schema.
PACKAGES = (
    ("procrastinate", ("sql/schema.sql",)),
    ("matrix-synapse", ("main/full_schemas/72/full.sql.postgres",)),
    ("matrix-synapse", ("state/full_schemas/72/full.sql.postgres",)),
    ("mbdata", tuple(f"mbdata/sql/Create{each}.sql" for each in ("Types", "Tables", "PrimaryKeys", "Indexes"))),
)
# Django's own applications and others', by the module that has to be there.
CONTRIB = tuple(f"django.contrib.{each}" for each in ("auth", "contenttypes", "sessions", "sites", "flatpages"))
WAGTAIL = ("taggit", "modelcluster", "wagtail", *(
    f"wagtail.{each}" for each in ("admin", "users", "documents", "images", "search", "embeds", "contrib.forms",
                                   "contrib.redirects", "contrib.settings")
))  # fmt: skip
DJANGO = (("wagtail", WAGTAIL), ("django_q", ("django_q",)))
MIGRATE = """
import sys
import django
from django.conf import settings
from django.core.management import call_command

host, port, user, name, passfile, *apps = sys.argv[1:]
database = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "PORT": port, "USER": user, "NAME": name,
            "OPTIONS": {"passfile": passfile}}
settings.configure(**{"DATABASES": {"default": database}, "INSTALLED_APPS": apps, "USE_TZ": True, "SITE_ID": 1,
                      "SECRET_KEY": "made up", "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
                      "WAGTAIL_SITE_NAME": "made up", "STATIC_URL": "/static/"})
django.setup()
call_command("migrate", verbosity=0, skip_checks=True)
"""
ROWS = 200_000
A_PAGE = 40


def schemas() -> Iterator[tuple[str, Load]]:
    """Name and maker of each schema whose package is installed."""
    for name, endings in PACKAGES:
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found = [file for ending in endings for file in files if str(file).endswith(ending)]
        script = "\n".join(without_psql(file.read_text()) for file in found)
        yield f"{name} {endings[0].split('/')[0]}", partial(_run, script)
    for module, apps in DJANGO:
        if importlib.util.find_spec("django") and importlib.util.find_spec(module):
            yield module, partial(_migrate, (*CONTRIB, *apps))


def _run(script: str, conninfo: str) -> int:
    """Each statement by itself: what needs an extension or a collation that is not there is left out."""
    refused = 0
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for piece in split(script):
            if piece.text.strip().rstrip(";").upper() in {"BEGIN", "COMMIT"}:
                continue
            try:
                connection.execute(piece.text.encode())
            except psycopg.Error:
                refused += 1
    return refused


def _migrate(apps: tuple[str, ...], conninfo: str) -> int:
    """The migrations of Django applications, in a process of their own."""
    place = conninfo_to_dict(conninfo)
    values = [str(place.get(each) or "") for each in ("host", "port", "user", "dbname", "passfile")]
    subprocess.run([sys.executable, "-c", MIGRATE, *values, *apps], check=True)
    return 0


def in_use(snapshot: Snapshot) -> Snapshot:
    """Every table with rows, pages and statistics: an index is about size and distinct values, not about the rows."""
    return replace(snapshot, tables=tuple(_filled(table) for table in snapshot.tables))


def _filled(table: Table) -> Table:
    pages = ROWS // A_PAGE
    indexes = tuple(replace(index, pages=ROWS // 250, tuples=float(ROWS), height=2) for index in table.indexes)
    columns = tuple(replace(column, stats=(_stats(column),)) for column in table.columns)
    return replace(
        table, pages=pages, relpages=pages, rows=float(ROWS), all_visible=pages, indexes=indexes, columns=columns
    )


def _stats(column: Column) -> ColumnStats:
    """Names say it: what ends in id or key has many values, the rest a hundred; flags have two."""
    distinct = -0.3 if column.name.endswith(("id", "key", "ts", "ordering", "at")) else 100.0
    return ColumnStats(
        inherited=False, null_frac=0.0, avg_width=max(column.length, 12 if column.length < 0 else 1),
        n_distinct=2.0 if column.type == "boolean" else distinct, correlation=0.1,
    )  # fmt: skip
