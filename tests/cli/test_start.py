"""How little a command loads before it begins: its start is most of what a small job takes."""

import json
import subprocess
import sys

import pytest

from pgtune.cli import tune
from pgtune.report.managed import FORMS
from pgtune.settings.situation import PROFILES

SAYS = "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
HELP = f"""
import sys
from pgtune.cli import root
root.main(["--help"], standalone_mode=False)
{SAYS}
"""
LINT = f"""
import sys
from pgtune import sources
from pgtune.review.migrations import findings
from pgtune.usecases.spread import spread
text = "ALTER TABLE t ADD a int NOT NULL; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT a FROM t $$;"
made = sources.read({{"migrations/1_a.sql": text.encode()}}, each=spread).migrations
assert list(findings(made, each=spread))
{SAYS}
"""
NIGHT = f"""
import sys
import pgtune.cli.maintain.run, pgtune.usecases.maintain_run, pgtune.report.maintain.run
import pgtune.usecases.maintain_plan, pgtune.usecases.maintain_after
{SAYS}
"""
# What takes long to load: libraries of other jobs, and what the standard library pulls behind it.
HEAVY = {"asyncio", "email", "http", "jinja2", "psutil", "psycopg", "sqlglot", "ssl", "subprocess", "tabulate"}
OF_HELP = HEAVY | {"pglast", "pgtune.settings", "pgtune.report.managed", "pgtune.usecases"}
OF_LINT = HEAVY | {"click", "hashlib", "pgtune.model.design", "pgtune.snapshot", "pglast.stream", "uuid"}

OF_NIGHT = {"http", "jinja2", "pglast", "sqlglot", "pgtune.settings", "pgtune.server.run", "pgtune.server.autoconf"}


@pytest.mark.parametrize(
    ("code", "heavy"), [(HELP, OF_HELP), (LINT, OF_LINT), (NIGHT, OF_NIGHT)], ids=["help", "lint", "night"]
)
def test_nothing_heavy_is_loaded(code, heavy):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy.intersection(json.loads(done.stderr))


def test_what_help_says_of_tune_is_what_the_rooms_have():
    assert tuple(FORMS) == tune.SERVICES
    assert PROFILES == tune.PROFILES
