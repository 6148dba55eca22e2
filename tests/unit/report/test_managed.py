"""The forms for managed services and operators: run by a real shell, read by a real YAML parser."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pgtune.report.managed import FORMS
from pgtune.report.managed.amazon import AURORA, MOST
from pgtune.report.managed.kubernetes import FIXED
from pgtune.settings.tuning import Line, Tuning
from tests.unit.report.golden import check
from tests.unit.report.sample import HOSTILE, LINES, NOTHING, TUNING

GOLDEN = Path(__file__).parent / "golden"
SHELL = ("rds", "aurora", "azure", "cloudsql")
YAML = ("cloudnativepg", "zalando", "patroni")
ROOTS = {"cloudnativepg": ("spec", "postgresql"), "zalando": ("spec", "postgresql"), "patroni": ("postgresql",)}
VARIABLES = {"PARAMETER_GROUP": "my group", "RESOURCE_GROUP": "rg", "SERVER": "db 1", "INSTANCE": "in'st"}
EVIL = HOSTILE.lines[0].proposed


@pytest.fixture
def run(tmp_path: Path):
    """run(form, tuning): execute the printed commands with stand-ins that record their words; [] for none."""
    log, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    for name in ("aws", "az", "gcloud"):
        program = folder / name
        record = "import json, sys; print(json.dumps(sys.argv[2:]), file=open(sys.argv[1], 'a'))"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{record}" {log} {name} "$@"\n', encoding="utf-8")
        program.chmod(0o755)

    def execute(form: str, tuning: Tuning, variables=VARIABLES) -> list[list[str]]:
        environment = {"PATH": f"{folder}:/usr/bin:/bin"} | variables
        done = subprocess.run(
            ["/bin/sh"], input=FORMS[form](tuning), text=True, capture_output=True, env=environment, check=False
        )
        execute.stderr, execute.code = done.stderr, done.returncode
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    return execute


def parameters(form: str, tuning: Tuning = TUNING) -> dict[str, str]:
    """What the YAML of a form says, under postgresql."""
    document = yaml.safe_load(FORMS[form](tuning))
    for key in ROOTS[form]:
        document = document[key]
    return document


def shorthand(word: str) -> dict[str, str]:
    """The key=value,... of the AWS command line, whose quoted values may hold commas."""
    found, rest = {}, word
    while rest:
        key, rest = rest.split("=", 1)
        if rest.startswith('"'):
            value, at = "", 1
            while rest[at] != '"':
                at += rest[at] == "\\"
                value += rest[at]
                at += 1
            rest = rest[at + 1 :].removeprefix(",")
        else:
            value, _, rest = rest.partition(",")
        found[key] = value
    return found


@pytest.mark.parametrize("form", FORMS)
def test_golden(form: str) -> None:
    """Each form is as somebody last looked at it."""
    check(FORMS[form](TUNING), GOLDEN / f"managed-{form}.txt")


@pytest.mark.parametrize("form", FORMS)
def test_every_line_is_set_or_left_out_with_a_reason(form: str) -> None:
    """No setting disappears: it is in the commands or YAML, or a comment says why it is not."""
    text = FORMS[form](TUNING)
    active = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    comments = " ".join(line.lstrip("# ") for line in text.splitlines() if line.lstrip().startswith("#"))
    for line in LINES:
        left_out = f"Left out: {line.name} = {line.proposed}: " in comments
        assert (line.name in active) != left_out, line.name


@pytest.mark.parametrize("form", FORMS)
def test_nothing_to_set(form: str, run) -> None:
    """Without changes a form is comments only, and says so."""
    text = FORMS[form](NOTHING)
    assert "Nothing to set" in text
    if form in SHELL:
        assert run(form, NOTHING) == []
    else:
        assert yaml.safe_load(text) is None


def test_rds(run) -> None:
    """One request with bare numbers in the unit of pg_settings, switches as 0 and 1, and the right method for each."""
    [call] = run("rds", TUNING)
    assert call[:5] == ["aws", "rds", "modify-db-parameter-group", "--db-parameter-group-name", "my group"]
    assert call[5] == "--parameters"
    given = {one["ParameterName"]: one for one in map(shorthand, call[6:])}
    assert given["shared_buffers"]["ParameterValue"] == "786432"  # 6GB in pages of 8kB
    assert given["shared_buffers"]["ApplyMethod"] == "pending-reboot"
    assert given["work_mem"] == {"ParameterName": "work_mem", "ParameterValue": "65536", "ApplyMethod": "immediate"}
    assert given["jit"]["ParameterValue"] == "0"
    assert given["track_io_timing"]["ParameterValue"] == "1"
    assert given["wal_compression"]["ParameterValue"] == "pglz"
    assert {line.name for line in LINES} == given.keys()


@pytest.mark.parametrize(("version", "value"), [(140010, "1"), (150004, "on")])
def test_rds_wal_compression_is_a_choice_from_15_on(run, version: int, value: str) -> None:
    """`on` is a switch of 14, which the service calls 1, and a word of the choices that 15 has."""
    line = replace(next(line for line in LINES if line.name == "wal_compression"), proposed="on", raw="on")
    [call] = run("rds", replace(TUNING, version=version, lines=(line,)))
    assert shorthand(call[6])["ParameterValue"] == value


def test_rds_splits_requests(run) -> None:
    """A request takes at most 20 parameters: more lines are more commands, and none is lost."""
    lines = tuple(Line(f"s_{n}", "1", "2", "why", "source", False, "default", "io", "2") for n in range(2 * MOST + 1))
    calls = run("rds", replace(TUNING, lines=lines))
    assert [len(call) - 6 for call in calls] == [MOST, MOST, 1]
    assert [shorthand(word)["ParameterName"] for call in calls for word in call[6:]] == [line.name for line in lines]


def test_aurora_leaves_wal_and_buffers_alone(run) -> None:
    """Aurora has no checkpoints of PostgreSQL's kind and no page cache: those settings stay out, with the reason."""
    [call] = run("aurora", TUNING)
    assert call[2:5] == ["modify-db-cluster-parameter-group", "--db-cluster-parameter-group-name", "my group"]
    names = {shorthand(word)["ParameterName"] for word in call[6:]}
    out = {"max_wal_size", "min_wal_size", "checkpoint_timeout", "wal_compression", "shared_buffers", "jit"}
    assert not names & (out | {"effective_cache_size"})
    assert {"work_mem", "max_connections", "random_page_cost"} <= names
    assert names <= (AURORA.offered or set())


def test_azure(run) -> None:
    """One command for each setting with its bare value; the restart is offered, not run."""
    calls = run("azure", TUNING)
    assert len(calls) == len(LINES)
    head = ["az", "postgres", "flexible-server", "parameter", "set", "--resource-group", "rg", "--server-name", "db 1"]
    assert calls[1] == [*head, "--name", "shared_buffers", "--value", "786432"]
    assert "# az postgres flexible-server restart" in FORMS["azure"](TUNING)
    reloads = replace(TUNING, lines=tuple(line for line in LINES if not line.restart))
    assert "flexible-server restart" not in FORMS["azure"](reloads)


def test_azure_read_only(run) -> None:
    """What the service does not let one change is left out."""
    line = replace(LINES[-1], name="synchronous_commit")
    assert run("azure", replace(TUNING, lines=(line,))) == []
    assert "read-only" in FORMS["azure"](replace(TUNING, lines=(line,)))


def test_cloudsql_says_that_it_replaces_every_flag(run) -> None:
    """The flags come in one list, which overwrites the instance's others: the warning stands before the command."""
    describe, patch = run("cloudsql", TUNING)
    assert describe[:5] == ["gcloud", "sql", "instances", "describe", "in'st"]
    assert patch[:5] == ["gcloud", "sql", "instances", "patch", "in'st"]
    [flags] = patch[5:]
    given = dict(pair.split("=", 1) for pair in flags.removeprefix("--database-flags=").split(","))
    assert given["shared_buffers"] == "786432"
    assert given["max_wal_size"] == "4096"
    assert given["jit"] == "off"
    assert "shared_preload_libraries" not in given
    text = FORMS["cloudsql"](TUNING)
    assert text.index("WARNING: this replaces ALL flags") < text.index("gcloud sql instances patch")


def test_cloudsql_value_with_a_comma(run) -> None:
    """A value with a comma makes another separator, announced as the command line wants it."""
    lines = (replace(LINES[1]), replace(LINES[-1], name="search_path", raw="a,b"))
    flags = run("cloudsql", replace(TUNING, lines=lines))[1][5]
    assert flags == "--database-flags=^;^shared_buffers=786432;search_path=a,b"


@pytest.mark.parametrize("form", SHELL)
def test_commands_fail_without_a_name(form: str, run) -> None:
    """Pasted without saying which group or instance, nothing runs."""
    assert run(form, TUNING, {}) == []
    assert run.code != 0


@pytest.mark.parametrize("form", SHELL)
def test_hostile_value_reaches_the_command_as_it_is(form: str, run) -> None:
    """Quotes, line breaks, substitutions: the shell acts on none, and the value arrives letter by letter."""
    hostile = replace(HOSTILE, lines=(replace(HOSTILE.lines[0], name="work_mem"),))
    last = run(form, hostile)[-1][-1]
    if form in {"rds", "aurora"}:
        last = shorthand(last)["ParameterValue"]
    assert last.removeprefix("--database-flags=work_mem=") == EVIL


@pytest.mark.parametrize("form", YAML)
def test_yaml_values_are_strings(form: str) -> None:
    """Operators want strings: `on`, 1.1 and 200 stay what they are, under the key that the operator reads."""
    given = parameters(form)["parameters"]
    for line in LINES:
        if line.name != "shared_preload_libraries":
            assert given[line.name] == line.proposed
    assert all(isinstance(value, str) for value in given.values())


@pytest.mark.parametrize("form", YAML)
def test_yaml_hostile_value(form: str) -> None:
    """A hostile value is one string, and a hostile reason adds no key."""
    assert parameters(form, HOSTILE) == {"parameters": {"log_line_prefix": EVIL}}


def test_cloudnativepg_libraries_are_a_list() -> None:
    """The operator takes libraries as a list of their own, not as a parameter."""
    line = replace(
        next(x for x in LINES if x.name == "shared_preload_libraries"), proposed="pgaudit, pg_stat_statements"
    )
    given = parameters("cloudnativepg", replace(TUNING, lines=(line,)))
    assert given == {"shared_preload_libraries": ["pgaudit", "pg_stat_statements"]}


@pytest.mark.parametrize("name", FIXED)
def test_cloudnativepg_fixed_parameters_are_left_out(name: str) -> None:
    """The operator refuses a manifest with one of these, so none gets in."""
    text = FORMS["cloudnativepg"](replace(TUNING, lines=(replace(LINES[-1], name=name),)))
    assert yaml.safe_load(text) is None
    assert f"Left out: {name} = on: fixed" in text


def test_patroni_names_what_only_the_dynamic_configuration_sets() -> None:
    """max_connections in patroni.yml has no effect: the form says where it goes, and in which order to restart."""
    text = FORMS["patroni"](TUNING)
    assert "in patroni.yml Patroni ignores max_connections." in text
    assert text.index("--role replica") < text.index("--role primary")
    assert "patronictl edit-config --apply" in text.replace("\n#   ", " ")


@pytest.mark.parametrize("form", ["rds", "azure", "cloudsql"])
def test_replicas_first(form: str) -> None:
    """Where a setting that a replica must have too is raised, the form says so, and not with ALTER SYSTEM."""
    text = FORMS[form](TUNING).replace("\n#   ", " ")
    assert "read replicas, raise max_connections on them first" in text
    assert "ALTER SYSTEM" not in text
