"""What is written for other schedulers, each read by the program or the schema that will read it in earnest."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import kubernetes_validate
import pytest
import yaml
from cronsim import CronSim

from pgtune import resources
from pgtune.model.errors import BadInput
from pgtune.schedule.command import arguments
from pgtune.schedule.cron import following
from pgtune.schedule.export import Call, Export
from pgtune.schedule.export.airflow import airflow
from pgtune.schedule.export.crontab import crontab
from pgtune.schedule.export.kubernetes import kubernetes
from pgtune.schedule.export.systemd import calendars, systemd
from pgtune.schedule.policy import Policy, load

SCHEDULES = Path(__file__).parents[3] / "schedules"
SHIPPED = load(resources.schedule("default.toml"), "default.toml")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KUBERNETES = "1.34"  # batch/v1 with timeZone is stable since 1.27
# What people name things, and what each of the readers takes for something else.
HOSTILE = """app_%, -$HOME, -"a b", 'x\\', $(PGPASSWORD), {{ dag }}, {% raw %}, %n, \\%, €ü😀, `id`, ;#"""
TEXT = """
[defaults]
timezone = "Europe/Berlin"
[night]
tasks = ["vacuum", "analyze"]
cron = "30 1 * * *"
window = "01:00-05:00"
deadline = "3h"
catch_up = "2h"
[weekend]
tasks = ["reindex"]
cron = "0,30 5 * * 6,0"
[either]
tasks = ["analyze"]
cron = "15 4 1,15 */3 fri"
[often]
tasks = ["leftovers"]
cron = "*/20 * * * *"
"""
POLICIES = load(TEXT, "f")
PLAIN = Call("/usr/bin/pgtune")


def named(policies: Sequence[Policy], name: str) -> Policy:
    return next(policy for policy in policies if policy.name == name)


def zoned(policies: Sequence[Policy], zone: str = "UTC") -> list[Policy]:
    return [replace(policy, timezone=zone) for policy in policies]


def hostile() -> list[Policy]:
    return [replace(policy, databases=HOSTILE) for policy in POLICIES]


def program(tmp_path: Path) -> Path:
    """A program that writes the words it was called with to a file beside it."""
    path = tmp_path / "pgtune $(x) %n"
    record = shlex.quote(str(tmp_path / "called.json"))
    code = "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} {record} "$@"\n')
    path.chmod(0o755)
    return path


def called(tmp_path: Path) -> list[str]:
    found: list[str] = json.loads((tmp_path / "called.json").read_text())
    return found


def need(name: str) -> str:
    """A program that reads what is exported. Where it is missing nothing was proven, so the test fails."""
    path = shutil.which(name)
    assert path, f"{name} is missing; apt-get install {'cron' if name == 'crontab' else 'systemd'}"
    return path


# cron ---------------------------------------------------------------------------------------------------------------


def lines(policies: Sequence[Policy], call: Call = PLAIN) -> list[str]:
    (file,) = crontab(policies, call)
    return [line for line in file.text.splitlines() if not line.startswith(("#", "CRON_TZ="))]


@pytest.mark.parametrize("policies", [SHIPPED, POLICIES, hostile()], ids=["shipped", "all", "hostile"])
def test_cron_takes_the_crontab(policies, tmp_path) -> None:
    """Debian's crontab checks the file and finds nothing wrong with it."""
    path = tmp_path / "crontab"
    path.write_text(crontab(policies, Call("/usr/bin/pgtune"))[0].text)
    done = subprocess.run([need("crontab"), "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_cron_would_call_at_the_same_times(policy) -> None:
    """The five fields mean to cron what they mean here, for its next hundred calls."""
    fields = " ".join(lines([policy])[0].split()[:5])
    theirs, moment = CronSim(fields, NOW.astimezone(policy.zone)), NOW
    for _ in range(100):
        moment = following(policy.cron, moment, policy.zone)
        assert next(theirs).astimezone(UTC) == moment


def test_what_cron_hands_to_the_shell_calls_with_the_policys_words(tmp_path) -> None:
    r"""As cron does it: a bare % would end the command, \% is %; the shell then calls the very words."""
    policy = named(hostile(), "night")
    line = lines([policy], Call(str(program(tmp_path)), "host=/tmp dbname='it''s 100%'"))[0]
    command = line.split(maxsplit=5)[5]
    assert not re.search(r"(?<!\\)%", command)
    subprocess.run(["/bin/sh", "-c", command.replace(r"\%", "%")], check=True)
    assert called(tmp_path) == list(arguments(policy, "host=/tmp dbname='it''s 100%'"))


def test_a_file_for_cron_d_names_the_account() -> None:
    """With a user it is the form of /etc/cron.d, which has one field more."""
    (file,) = crontab(SHIPPED, Call("/usr/bin/pgtune", user="postgres"))
    assert file.place == "/etc/cron.d"
    assert "30 1 * * * postgres /usr/bin/pgtune maintain run" in file.text


def test_a_zone_holds_for_its_lines_alone() -> None:
    """What runs by the machine's clock stands above the first CRON_TZ, since none can be taken back."""
    policies = [*zoned(SHIPPED[:1], "Europe/Berlin"), *SHIPPED[1:2], *zoned(SHIPPED[2:], "Asia/Tokyo")]
    kept = [line for line in crontab(policies, Call())[0].text.splitlines() if not line.startswith("#")]
    assert [line.split()[0] for line in kept] == ["0", "CRON_TZ=Europe/Berlin", "30", "CRON_TZ=Asia/Tokyo", "17"]


def test_a_command_that_cron_would_cut_is_refused() -> None:
    """Longer than 998 bytes Debian's cron takes half of it."""
    with pytest.raises(BadInput, match="policy daily: its command is longer"):
        crontab([replace(SHIPPED[0], databases="é" * 500)], Call())


# systemd ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "user"), [(SHIPPED, None), (POLICIES, "root"), (hostile(), None)], ids=["shipped", "all", "hostile"]
)
def test_systemd_takes_the_units(policies, user, tmp_path) -> None:
    """systemd-analyze verifies services and timers without a word."""
    files = systemd(policies, Call(shutil.which("true") or "/bin/true", "host=/tmp dbname='100%'", user=user))
    for file in files:
        (tmp_path / file.name).write_text(file.text)
    words = [need("systemd-analyze"), "verify", "--man=no", *(str(tmp_path / file.name) for file in files)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "pgtune" in line]
    assert (done.returncode, ours) == (0, [])


def test_systemd_would_have_complained(tmp_path) -> None:
    """The check can fail: a key that does not exist and a day that does not exist are found."""
    (file,) = [file for file in systemd(SHIPPED[1:2], Call("/bin/true")) if file.name.endswith(".timer")]
    (tmp_path / file.name).write_text(file.text.replace("Sun ", "Son ").replace("Persistent", "Persistant"))
    words = [need("systemd-analyze"), "verify", "--man=no", str(tmp_path / file.name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Persistant" in done.stderr


def elapses(text: str) -> list[datetime]:
    """The next ten moments of a calendar expression, from systemd itself."""
    words = ["calendar", "--iterations=10", f"--base-time={NOW:%Y-%m-%d %H:%M:%S} UTC", text]
    done = subprocess.run(
        [need("systemd-analyze"), *words], capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC"}
    )
    found = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC", done.stdout)
    return [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in found]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_systemd_would_call_at_the_same_times(policy) -> None:
    """systemd's own reckoning of the timer's calendar gives the moments that the daemon would take."""
    theirs = sorted({moment for text in calendars(policy) for moment in elapses(text)})[:10]
    assert len(theirs) == 10
    moment, ours = NOW, []
    for _ in range(10):
        moment = following(policy.cron, moment, policy.zone)
        ours.append(moment)
    assert theirs == ours


def test_systemd_units_are_persistent_and_bounded() -> None:
    """A missed run is made up for, a run that hangs is ended after its deadline, and nothing runs as root by itself."""
    service, timer = systemd(SHIPPED[:1], Call("/usr/bin/pgtune"))
    assert "\nPersistent=true\n" in timer.text
    assert "\nTimeoutStartSec=11700s\n" in service.text
    assert "\nDynamicUser=yes\n" in service.text
    assert "\nUser=postgres\n" in systemd(SHIPPED[:1], Call(user="postgres"))[0].text


def test_systemds_words_are_the_policys() -> None:
    """Undoing what systemd.service(5) says of quotes, % and $ gives back the words."""
    policy = named(hostile(), "night")
    (line,) = [each for each in systemd([policy], Call())[0].text.splitlines() if each.startswith("ExecStart=")]
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line.removeprefix("ExecStart="))]
    assert words == ["pgtune", *arguments(policy)]


# Kubernetes ---------------------------------------------------------------------------------------------------------


def documents(policies: Sequence[Policy], call: Call = PLAIN) -> list[dict[str, Any]]:
    (file,) = kubernetes(policies, call)
    return list(yaml.safe_load_all(file.text))


@pytest.mark.parametrize("policies", [zoned(SHIPPED), hostile()], ids=["shipped", "hostile"])
def test_kubernetes_takes_the_objects(policies) -> None:
    """The schema of Kubernetes' own release, strict: no field that it does not know."""
    for document in documents(policies):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_kubernetes_would_have_complained() -> None:
    """The check can fail: a field that does not exist is found."""
    (document,) = documents(zoned(SHIPPED[:1]))
    document["spec"]["timezone"] = document["spec"].pop("timeZone")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_kubernetes_jobs_do_not_overlap_repeat_or_hang() -> None:
    """Forbid, both deadlines, the zone, no retries, no rights."""
    spec = documents(POLICIES)[0]["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 1 * * *", "Europe/Berlin")
    assert (spec["concurrencyPolicy"], spec["startingDeadlineSeconds"]) == ("Forbid", 7200)
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 3 * 3600 + 900)
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_kubernetes_words_are_the_policys() -> None:
    """Undoing $$( gives back the words; everything else is taken as it is."""
    policy = named(hostile(), "night")
    (document,) = documents([policy], Call(conninfo="host=db1 dbname='$(x)'"))
    (container,) = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert not [word for word in container["args"] if re.search(r"(?<!\$)\$\(", word)]
    assert tuple(word.replace("$$(", "$(") for word in container["args"]) == arguments(policy, "host=db1 dbname='$(x)'")


@pytest.mark.parametrize("write", [kubernetes, airflow])
def test_local_time_is_no_zone_of_a_cluster(write: Export) -> None:
    """Where the machine that will run it is not known, its local time is not either."""
    with pytest.raises(BadInput, match="--timezone Europe/Berlin"):
        write(SHIPPED, Call())


# Airflow ------------------------------------------------------------------------------------------------------------


def test_airflow_file_is_python_and_calls_the_policys_words(tmp_path) -> None:
    """It compiles; what Jinja makes of the command, as Airflow has it do, calls the very words."""
    policy = named(hostile(), "night")
    (file,) = airflow([policy], Call(str(program(tmp_path))))
    tree = ast.parse(file.text)
    keywords = {node.arg: node.value for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    command = ast.literal_eval(keywords["bash_command"])
    assert "{%" not in command
    subprocess.run(["/bin/bash", "-c", jinja2.Template(command).render()], check=True)
    assert called(tmp_path) == list(arguments(policy))
    assert ast.literal_eval(keywords["max_active_runs"]) == 1
    assert ast.literal_eval(keywords["catchup"]) is False


# All of them ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [crontab, systemd, kubernetes, airflow])
def test_no_line_break_gets_into_a_file(write: Export) -> None:
    """A connection string with a line break would be a line of its own in somebody's crontab."""
    with pytest.raises(BadInput, match="cannot be printed"):
        write(zoned(SHIPPED), Call(conninfo="host=a\n* * * * * rm -rf /"))


SAMPLES: dict[str, tuple[Export, Sequence[Policy], Call]] = {
    "cron": (crontab, SHIPPED, Call("/usr/local/bin/pgtune")),
    "systemd": (systemd, SHIPPED, Call("/usr/local/bin/pgtune")),
    "kubernetes": (kubernetes, zoned(SHIPPED), Call()),
    "airflow": (airflow, zoned(SHIPPED), Call()),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_what_is_exported(name: str) -> None:
    """The samples beside the shipped schedule are its export, to the letter; PGTUNE_GOLDEN=write makes them anew."""
    write, policies, call = SAMPLES[name]
    folder = SCHEDULES / name
    files = {file.name: file.text for file in write(policies, call)}
    if os.environ.get("PGTUNE_GOLDEN") == "write":
        folder.mkdir(exist_ok=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()} == files
