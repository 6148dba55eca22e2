"""`pgtune review` on real repositories, with a snapshot of a real server and with none."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jsonschema
import psutil
import psycopg
import pytest

from pgtune.model.errors import BadInput, ServerNotFound
from pgtune.snapshot import dump, load
from tests.db.reviewing import QUERY, Repository, codes, enlarged, fill, said
from tests.db.reviewing import SCHEMA as SHOP

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/pgtune.review.1.json").read_text())
TIMEOUTS = "SET lock_timeout = '2s';\nSET statement_timeout = '1h';\n\n"
REWRITE = f"{TIMEOUTS}ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 4);\n"
QUIET = f"{TIMEOUTS}ALTER TABLE orders ALTER COLUMN note TYPE varchar(64);\n"
CHANGE = "db/migrations/0002_change.sql"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory, clusters, binaries_of):
    """The shop's snapshot as a file, taken from a server of PostgreSQL 18."""
    server = clusters.copy(binaries_of(18))
    try:
        server.start()
        fill(server.conninfo())
        file = tmp_path_factory.mktemp("review") / "prod.pgtune"
        file.write_bytes(dump(enlarged(server.conninfo())))
    finally:
        server.remove()
    return file


def pgtune(*words, **more):
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pgtune", "review", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **more)


def test_the_whole_command(repository, snapshot):
    """A rewrite of a big table is an error on its line, sized; JSON is as its schema says; data alone on stdout."""
    repository.write(CHANGE, REWRITE)
    done = pgtune("--diff", "main", "--snapshot", snapshot, "--output", "json")
    assert (done.returncode, done.stderr) == (1, "")
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, SCHEMA)
    first = answer["findings"][0]
    assert (first["severity"], first["path"], first["line"], first["verified"]) == ("error", CHANGE, 4, True)
    assert re.search(r"rewrites .*orders.* \([\d.]+ GB\)", first["message"])


def test_exit_codes_and_forms(repository, snapshot, tmp_path):
    """Below the threshold it is 0; one run writes every form that is asked for."""
    repository.write(CHANGE, REWRITE)
    files = {form: tmp_path / f"review.{form}" for form in ("table", "sarif", "html", "markdown", "junit", "gitlab")}
    also = [word for form, file in files.items() for word in ("--also", f"{form}={file}")]
    done = pgtune("--diff", "main", "--snapshot", snapshot, "--fail-on", "never", "--output", "github", *also)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"::error file={CHANGE},line=4,title=")
    assert all(file.read_text() for file in files.values())
    page = files["html"].read_text()
    assert "What the migrations lock" in page
    assert "ACCESS EXCLUSIVE" in page


def test_a_harmless_change_is_quiet(repository, snapshot):
    """A wider varchar rewrites nothing, a new table is nobody's, a query by its index is fine: exit code 0."""
    repository.write(CHANGE, f"{QUIET}CREATE TABLE sizes (id bigint PRIMARY KEY, width bigint NOT NULL DEFAULT 3);\n")
    repository.write("queries/new.sql", "SELECT name FROM customers WHERE id = $1;\n")
    done = pgtune("--diff", "main", "--snapshot", snapshot)
    assert done.returncode == 0, done.stdout
    assert "Nothing to say" in done.stdout


def test_only_what_the_change_adds_or_alters(repository, snapshot):
    """An old query stays unsaid, an altered one is said on its line, a moved one stays unsaid."""
    old = "SELECT * FROM customers WHERE email = $1;\n"
    repository.write("queries/customers.sql", f"{old}\n{QUERY}")
    repository.git("checkout", "--quiet", "main")
    repository.commit()
    repository.git("checkout", "--quiet", "-B", "feature")
    repository.write(
        "queries/customers.sql", f"-- moved\n\n{old}\nSELECT id FROM customers\n WHERE email = $1;\n{QUERY}"
    )
    found = repository.review(snapshot=snapshot)
    lines = {each.line for each in found.findings}
    assert lines
    assert lines <= {5, 6}
    everything = repository.review(snapshot=snapshot, base=None)
    assert 3 in {each.line for each in everything.findings}


def test_a_missing_index_is_proven(repository, snapshot):
    """The index is named as SQL that PostgreSQL takes, with the cost before and after; the page shows both plans."""
    repository.write("queries/new.sql", "SELECT id FROM customers WHERE email = $1;\n")
    found = repository.review(snapshot=snapshot)
    fixes = [each for each in found.findings if "CREATE INDEX CONCURRENTLY" in each.fix]
    assert [each.line for each in fixes] == [1]
    assert "email" in fixes[0].fix
    titles = [picture.title for shown in found.plans if shown.path == "queries/new.sql" for picture in shown.pictures]
    assert titles == ["as it is", "with the index"]


def test_known_queries_that_a_change_makes_dearer(repository, snapshot, tmp_path):
    """The drop of an index is an error with the queries that used it; their constants are not shown unless asked."""
    known = tmp_path / "known.sql"
    known.write_text("SELECT id FROM orders WHERE customer_id = 4711 AND note = 'top secret';\n")
    repository.write(CHANGE, "SET lock_timeout = '2s';\nDROP INDEX orders_customer_id_idx;\n")
    found = repository.review(snapshot=snapshot, workload=(known,))
    regressions = [each for each in found.findings if each.code == "migration.regression"]
    assert [(each.severity, each.line) for each in regressions] == [("error", 2)]
    assert "times dearer" in regressions[0].message
    shown = repr((found.findings, found.plans))
    assert "top secret" not in shown
    assert "4711" not in shown
    asked = repository.review(snapshot=snapshot, workload=(known,), show_values=True)
    assert "top secret" in repr(asked.plans)


def test_known_queries_that_a_change_breaks(repository, snapshot, tmp_path):
    """A column that is dropped while queries ask for it."""
    known = tmp_path / "known.sql"
    known.write_text("SELECT note FROM orders WHERE id = $1;\n")
    repository.write(CHANGE, "SET lock_timeout = '2s';\nALTER TABLE orders DROP COLUMN note;\n")
    found = repository.review(snapshot=snapshot, workload=(known,))
    broken = [each for each in found.findings if each.code == "migration.breaks-query"]
    assert [(each.severity, each.line) for each in broken] == [("error", 2)]
    assert "note" in broken[0].message


def unrecorded(snapshot, tmp_path):
    """The same production, of which nobody recorded what it is asked."""
    file = tmp_path / "unrecorded.pgtune"
    file.write_bytes(dump(replace(load(snapshot.read_bytes()), workload=())))
    return file


def test_the_code_stands_for_queries_that_nobody_recorded(repository, snapshot, tmp_path):
    """An index that code needs is dropped: named are the files and lines of that code, though the change leaves it."""
    repository.write("queries/notes.sql", "SELECT id FROM orders WHERE customer_id = $1 AND note = $2;\n")
    repository.commit()
    repository.write(CHANGE, "SET lock_timeout = '2s';\nDROP INDEX orders_customer_id_idx;\n")
    found = repository.review(base="HEAD", snapshot=unrecorded(snapshot, tmp_path))
    dearer = [each for each in found.findings if each.code == "migration.regression"]
    assert [(each.severity, each.line) for each in dearer] == [("error", 2)]
    # the other query, with its LIMIT, may or may not become much dearer: that hangs on what ANALYZE sampled
    assert re.match(r"1 query of the code becomes|2 queries of the code become", dearer[0].message)
    assert "(queries/notes.sql:1" in dearer[0].message
    assert any("2 queries of the project's own files stand for it" in each for each in found.notes)


@pytest.mark.parametrize("sized", [True, False])
def test_code_that_a_change_breaks(repository, snapshot, tmp_path, sized):
    """A column that code asks for is dropped: known without sizes too. What is added breaks nothing."""
    repository.write("app/notes.py", 'def read(db):\n    return db.execute("SELECT note FROM orders WHERE id = %s")\n')
    repository.write("queries/new.sql", "SELECT paid FROM orders WHERE id = $1;\n")
    repository.write(CHANGE, "ALTER TABLE orders ADD COLUMN paid boolean;\nALTER TABLE orders DROP COLUMN note;\n")
    found = repository.review(**({"snapshot": unrecorded(snapshot, tmp_path)} if sized else {}))
    broken = [each for each in found.findings if each.code == "migration.breaks-query"]
    assert [each.line for each in broken] == [2]
    assert "(app/notes.py:2)" in broken[0].message
    assert not [each for each in found.findings if each.code == "migration.regression"]


def test_queries_meet_the_schema_that_the_change_makes(repository, snapshot):
    """A query of a column that the same change adds is planned."""
    repository.write(CHANGE, "SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN paid boolean;\n")
    repository.write("queries/new.sql", "SELECT id, paid FROM orders WHERE customer_id = $1;\n")
    found = repository.review(snapshot=snapshot)
    assert found.looked.planned == 1
    assert found.skipped == ()


def test_without_a_snapshot_nothing_cries_wolf(repository):
    """The base's migrations make the schema; what depends on sizes is unverified, and no error."""
    repository.write(CHANGE, REWRITE)
    repository.write("queries/new.sql", "SELECT id FROM customers WHERE email = $1;\n")
    found = repository.review()
    assert found.findings
    assert not [each for each in found.findings if each.severity == "error"]
    assert not [each for each in found.findings if each.verified and "rewrites" in each.message]
    assert found.looked.planned == 1
    assert "sizes and statistics are not known" in found.notes[0]


def test_a_schema_instead(repository, tmp_path):
    """A schema as SQL is where the change begins."""
    schema = tmp_path / "schema.sql"
    schema.write_text("CREATE TABLE parcels (id bigint PRIMARY KEY, weight numeric(5, 1));\n")
    repository.write("queries/new.sql", "SELECT weight FROM parcels WHERE id = $1;\nSELECT missing FROM parcels;\n")
    found = repository.review(schema=schema)
    assert found.looked.planned == 1
    assert [(each.line, "missing" in each.why) for each in found.skipped] == [(2, True)]


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
def test_a_server_is_read_from_and_then_left_alone(repository, own_server, major):
    """--dsn takes a snapshot, read-only, and nothing of the review stays on the server; on every version."""
    server = own_server(major)
    fill(server.conninfo())
    repository.write(CHANGE, REWRITE)
    # No transaction of it gets an ID, so none writes.
    state = "select pg_snapshot_xmax(pg_current_snapshot())::text, (select count(*) from pg_class)"
    sessions = "select count(*) from pg_stat_activity where application_name = 'pgtune'"
    with psycopg.connect(server.conninfo(), autocommit=True) as watching:
        before = watching.execute(state).fetchone()
        done = pgtune("--diff", "main", "--dsn", server.conninfo(), "--output", "json")
        assert watching.execute(state).fetchone() == before
        assert watching.execute(sessions).fetchone() == (0,)
    assert done.returncode in {0, 1}, done.stderr
    assert CHANGE in {each["path"] for each in json.loads(done.stdout)["findings"]}


def test_comments_silence_with_a_reason(repository, snapshot):
    """With code and reason the finding is silenced and shown as such; without a reason it stays."""
    repository.write(CHANGE, REWRITE)
    errors = {code for severity, code, _, _ in said(repository.review(snapshot=snapshot)) if severity == "error"}
    assert errors
    listed = ", ".join(sorted(errors))
    change = REWRITE.replace("\n\nALTER", f"\n-- pgtune: ignore {listed} the shop is closed on Sunday\nALTER")
    repository.write(CHANGE, change)
    found = repository.review(snapshot=snapshot)
    assert {each.finding.code for each in found.silenced} == errors
    assert not found.failing
    repository.write(CHANGE, change.replace(" the shop is closed on Sunday", ""))
    found = repository.review(snapshot=snapshot)
    assert errors <= codes(found)
    assert "review.suppression-reason" in codes(found)


def test_a_baseline_outlives_moved_lines(repository, snapshot, tmp_path):
    """What it knows is counted, not said, though its lines moved; what is new is said."""
    repository.write(CHANGE, REWRITE)
    known = tmp_path / "known.json"
    done = pgtune("--snapshot", snapshot, "--baseline", known, "--write-baseline")
    assert done.returncode == 0, done.stderr
    written = known.read_text()
    moved = REWRITE.replace("ALTER TABLE orders ALTER", "alter  table orders\n  alter")
    repository.write(CHANGE, f"-- one line more\n{moved}")
    found = repository.review(snapshot=snapshot, baseline=known, base=None)
    assert found.findings == ()
    assert found.known == len(json.loads(written)["findings"]) > 0
    repository.write("queries/new.sql", "SELECT id FROM customers WHERE email = $1;\n")
    assert {each.path for each in repository.review(snapshot=snapshot, baseline=known, base=None).findings} == {
        "queries/new.sql"
    }


def test_a_branch_cannot_switch_its_own_review_off(repository, snapshot):
    """Policy and baseline are the base's: what the branch adds to them counts once it is merged."""
    repository.write(CHANGE, REWRITE)
    honest = repository.review(snapshot=snapshot)
    everything = "\n".join(f'"{code}" = "off"' for code in sorted(codes(honest)))
    repository.write("pgtune.toml", f"[review]\nfail-on = 'never'\nignore = ['**']\n[review.severity]\n{everything}\n")
    empty = repository.root.parent / "empty.toml"
    empty.write_text("")
    pgtune("--snapshot", snapshot, "--baseline", "known.json", "--write-baseline", "--policy", empty)
    repository.commit()
    found = repository.review(snapshot=snapshot, baseline=Path("known.json"))
    assert (said(found), found.failing) == (said(honest), honest.failing)
    assert sum("comes with the change itself" in each for each in found.notes) == 2
    repository.git("checkout", "--quiet", "main")
    repository.write("pgtune.toml", "[review]\nfail-on = 'never'\n")
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "later")
    repository.write(CHANGE, REWRITE)
    repository.write("pgtune.toml", "this is no TOML")
    found = repository.review(snapshot=snapshot)
    assert found.findings
    assert found.failing == ()


def test_a_branch_does_not_say_how_big_the_tables_are(repository, snapshot):
    """A snapshot that is committed is the base's, whatever the branch makes of it; so is a schema."""
    repository.git("checkout", "--quiet", "main")
    repository.write("prod.pgtune", snapshot.read_bytes())
    repository.write("base.sql", SHOP)
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "later")
    repository.write(CHANGE, REWRITE)
    repository.write("prod.pgtune", b"nothing")
    repository.write("base.sql", "CREATE TABLE nothing (a int);")
    assert repository.review(snapshot=Path("prod.pgtune")).failing
    assert CHANGE in {each.path for each in repository.review(schema=Path("base.sql")).findings}
    assert repository.review(schema=Path("base.sql")).moved


def test_the_policy_of_the_project(repository, snapshot):
    """Severities, paths and what cannot be silenced, as the base has them."""
    repository.git("checkout", "--quiet", "main")
    repository.write("pgtune.toml", "[review]\nignore = ['legacy/**']\n[review.severity]\n'migration.*' = 'note'\n")
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "later")
    repository.write(CHANGE, REWRITE)
    repository.write("legacy/x.sql", "SELECT id FROM customers WHERE email = $1;\n")
    found = repository.review(snapshot=snapshot)
    assert {each.severity for each in found.findings} == {"note"}
    assert {each.path for each in found.findings} == {CHANGE}


def test_what_cannot_be_read_is_said_and_the_rest_reviewed(repository, snapshot):
    """A binary, a statement that is none, one of a table that is not there."""
    repository.write("queries/a.sql", b"\x00\x01\x02\xff")
    repository.write("queries/b.sql", "SELECT FROM WHERE;\nSELECT id FROM customers WHERE email = $1;\n")
    repository.write("queries/c.sql", "SELECT 1 FROM nowhere;\n")
    found = repository.review(snapshot=snapshot)
    assert {(each.path, each.line) for each in found.skipped} == {
        ("queries/a.sql", 0), ("queries/b.sql", 1), ("queries/c.sql", 1)
    }  # fmt: skip
    assert ("queries/b.sql", 2) in {(each.path, each.line) for each in found.findings}


def test_without_any_server_of_our_own_the_texts_are_judged(repository, snapshot, monkeypatch):
    """No PostgreSQL on the machine: static rules speak, and it is said that nothing was planned."""

    def nowhere(_major):
        raise ServerNotFound("no PostgreSQL on this machine")

    monkeypatch.setattr("pgtune.twin.raising.find", nowhere)
    repository.write(CHANGE, REWRITE)
    found = repository.review(snapshot=snapshot)
    assert CHANGE in {each.path for each in found.findings}
    assert found.looked.planned == 0
    assert any("nothing was planned or traced" in each for each in found.notes)


def test_the_time_limit(repository, snapshot):
    """What the time did not suffice for is said, query by query."""
    repository.write("queries/new.sql", "".join(f"SELECT name FROM customers WHERE id = {n};\n" for n in range(20)))
    found = repository.review(snapshot=snapshot, seconds=0.0)
    assert len([each for each in found.skipped if "time" in each.why]) == 20


def test_ctrl_c_leaves_nothing_behind(repository, snapshot):
    """Interrupted while it works, it ends with 130; no process and no folder of its twin is left."""
    repository.write("queries/new.sql", "".join(f"SELECT {n} FROM orders o, orders p;\n" for n in range(5000)))
    command = [sys.executable, "-m", "pgtune", "review", "--diff", "main", "--snapshot", str(snapshot)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            servers = _servers_of(running.pid)
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=60)
        finally:
            running.kill()
    assert len(servers) > 3
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert not [each for each in servers if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def _servers_of(pid):
    """The postgres processes below a command, once there are those of a running server."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(psutil.NoSuchProcess):
            below = psutil.Process(pid).children(recursive=True)
            servers = [each for each in below if each.name().startswith("postgres")]
            if len(servers) > 3:
                return servers
        time.sleep(0.05)
    return []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--diff", "nowhere"], "git knows no 'nowhere'"),
        (["nowhere.sql"], "no such file"),
        (["--snapshot", "nowhere"], "No such file"),
        (["--schema", "nowhere"], "No such file"),
        (["--baseline", "nowhere"], "no such file"),
        (["--policy", "nowhere"], "no such file"),
        (["--workload", "nowhere"], "no such file"),
        (["--render", "false"], "exit code 1"),
        (["--snapshot", "x", "--dsn", "y"], "give one"),
        (["--write-baseline"], "--baseline FILE"),
        (["--also", "sarif"], "no FORM=FILE"),
        (["--output", "pdf"], "pdf"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_usage_errors_are_one_line(words, why):
    """Exit code 2, one line that says what is wrong, nothing on stdout."""
    done = pgtune(*words)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_known_queries_without_sizes_are_said_to_be_left_out(repository):
    """Nobody waits for a comparison that cannot be made."""
    found = repository.review(workload=(repository.root / "queries/orders.sql",))
    assert any("--workload" in note for note in found.notes)


@pytest.mark.usefixtures("repository")
def test_a_server_that_does_not_answer_is_exit_code_3():
    """Nobody is there to take a snapshot of."""
    done = pgtune("--dsn", "host=127.0.0.1 port=1 dbname=x password=hush")
    assert done.returncode == 3
    assert "hush" not in done.stderr + done.stdout


def test_rendered_migrations_are_reviewed(repository, snapshot):
    """What the user's own command prints is a migration of the change."""
    found = repository.review(
        snapshot=snapshot, render="echo 'ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 4);'"
    )
    assert ("error", "rendered.sql") in {(each.severity, each.path) for each in found.findings}


def test_outside_a_repository(tmp_path, monkeypatch, snapshot):
    """Without git paths work; --diff says what it needs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sql").write_text("SELECT id FROM customers WHERE email = $1;\n")
    done = pgtune("a.sql", "--snapshot", snapshot, "--output", "json")
    assert {each["path"] for each in json.loads(done.stdout)["findings"]} == {"a.sql"}
    with pytest.raises(BadInput):
        Repository.review(None, snapshot=snapshot)


def test_a_dump_of_the_schema_is_no_migration(repository, snapshot):
    """What a tool writes anew after each migration is not reviewed beside it; without a snapshot it is the schema."""
    repository.git("checkout", "--quiet", "main")
    repository.write("db/schema.sql", f"{SHOP}CREATE TABLE only_here (id bigint PRIMARY KEY);\n")
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "later")
    repository.write(CHANGE, REWRITE)
    repository.write("db/schema.sql", SHOP.replace("numeric(10, 2)", "numeric(12, 4)"))
    assert {each.path for each in repository.review(snapshot=snapshot).findings} == {CHANGE}
    repository.write("queries/new.sql", "SELECT id FROM only_here WHERE id = $1;\n")
    assert repository.review().looked.planned == 1


def test_migrations_that_take_others_back_only_when_asked(repository, snapshot):
    """Down migrations are not reviewed unless --down says so."""
    repository.write("db/steps/0002_total.up.sql", QUIET)
    repository.write("db/steps/0002_total.down.sql", REWRITE)
    assert repository.review(snapshot=snapshot).findings == ()
    asked = repository.review(snapshot=snapshot, down=True)
    assert {each.path for each in asked.findings} == {"db/steps/0002_total.down.sql"}


def test_sql_inside_code(repository, snapshot):
    """A query in Python is found on its line; what is dynamic is said to be, not guessed at."""
    repository.write(
        "app/orders.py",
        """\
def page(cursor, number, name):
    cursor.execute("SELECT id FROM customers ORDER BY id LIMIT 20 OFFSET %s", (number,))
    cursor.execute(f"SELECT id FROM customers WHERE {name} = 1")
""",
    )
    found = repository.review(snapshot=snapshot)
    assert ("app/orders.py", 2) in {(each.path, each.line) for each in found.findings}
    assert ("app/orders.py", 3) in {(each.path, each.line) for each in found.skipped}
    assert ("app/orders.py", 3) not in {(each.path, each.line) for each in found.findings}


def test_a_repository_elsewhere_is_reviewed_from_its_top(repository, tmp_path, monkeypatch):
    """From another repository, and from no repository at all, the same files are found and told by the same paths."""
    repository.write("queries/new.sql", "SELECT id FROM orders ORDER BY id LIMIT 20 OFFSET 900;\n")
    (tmp_path / "other").mkdir()
    other = Repository(tmp_path / "other")
    for place in (other.root, tmp_path):
        monkeypatch.chdir(place)
        found = repository.review(base=None, paths=(repository.root / "queries",))
        assert found.looked.files == 2
        assert {each.path for each in found.findings} == {"queries/new.sql"}
