"""A file of code: the queries in it, and the comments that speak to the review."""

import re

from pgtune.model.errors import NotSql
from pgtune.model.finding import Skipped
from pgtune.sources import code
from pgtune.sources.comments import comments
from pgtune.sources.decoding import decoded
from pgtune.sources.kinds import PYTHON, ending
from pgtune.sources.python import Source, elsewhere, queries
from pgtune.sources.sqlfile import Read
from pgtune.sources.strings import may_ask

# Code that a person writes is smaller; what is larger was generated or packed.
LARGEST = 1024 * 1024
_MIGRATION = re.compile(r"(?:^|/)(?:migrate|migrations?)/[^/]*$", re.IGNORECASE)
_MAKES = re.compile(
    r"ActiveRecord::Migration|queryRunner|queryInterface|knex|pgm\.|createTable|Schema::|migrationBuilder|AbstractMigration"
)
_RENDER = "a migration that is code: what it does is known only when it runs; review the SQL that its tool renders"


def read(path: str, content: bytes) -> Read:
    """What the file holds."""
    if len(content) > LARGEST:
        return Read(skipped=(Skipped(path, 0, f"code of more than {LARGEST // 1024} kB is not read"),))
    text = decoded(content)
    if text is None:
        return Read()
    made = bool(_MIGRATION.search(path) and _MAKES.search(text.text)) and ending(path) not in PYTHON
    lost = (Skipped(path, 0, _RENDER),) if made else ()
    if not may_ask(text.text):
        return Read(skipped=lost)
    found = _python(path, text.text) if ending(path) in PYTHON else _other(path, text.text)
    return found._replace(skipped=(*lost, *found.skipped))


def _python(path: str, text: str) -> Read:
    try:
        source = Source(text)
    except NotSql as error:
        return Read(skipped=(Skipped(path, 0, f"not Python: {error}"),))
    found = queries(source, path)
    if (found.statements or found.skipped) and (other := elsewhere(source)):
        return Read(skipped=(Skipped(path, 0, f"its driver, {other}, speaks to another database"),))
    said = tuple(comments(source.comments(), path, found.statements))
    return Read((), found.statements, said, found.skipped)


def _other(path: str, text: str) -> Read:
    try:
        tree = code.parsed(text, path)
    except NotSql as error:
        return Read(skipped=(Skipped(path, 0, str(error)),))
    found, places = code.queries(tree, path)
    said = tuple(comments(places, path, found.statements))
    return Read((), found.statements, said, found.skipped)
