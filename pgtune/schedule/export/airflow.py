"""A file for the folder of DAGs of Airflow 3: one DAG a policy."""

import json
import shlex
from collections.abc import Sequence

from pgtune.model.errors import BadInput
from pgtune.schedule.command import arguments
from pgtune.schedule.export import SLACK, Call, File, one_line, title
from pgtune.schedule.local import LOCAL
from pgtune.schedule.policy import Policy

HEAD = '''\
"""pgtune's maintenance. The connection comes from the worker's PGHOST, PGSERVICE and .pgpass."""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable
'''
DAG = """
with DAG(
    dag_id={dag},
    description={title},
    schedule=CronTriggerTimetable({cron}, timezone={zone}),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # a run decides what needs work, so a missed one needs no second
    max_active_runs=1,
):
    BashOperator(
        task_id="run",
        bash_command={command},
        append_env=True,
        skip_on_exit_code=5,  # it must not run here or now: a standby, or another run at work
        retries=0,
        execution_timeout={limit},
    )
"""


def airflow(policies: Sequence[Policy], call: Call) -> tuple[File, ...]:
    """One file with a DAG for every policy.

    Raises:
        BadInput: a policy's zone is the machine's own, and Airflow's machine may be another.
    """
    return (File("pgtune_maintenance.py", "dags", HEAD + "".join(_dag(policy, call) for policy in policies)),)


def _dag(policy: Policy, call: Call) -> str:
    if policy.timezone == LOCAL:
        raise BadInput(f"policy {policy.name}: name the zone of its times, as --timezone Europe/Berlin")
    words = one_line([call.program, *arguments(policy, call.conninfo)])
    return DAG.format(
        dag=json.dumps(f"pgtune-{policy.name}"),
        title=json.dumps(title(policy)),
        cron=json.dumps(str(policy.cron)),
        zone=json.dumps(policy.timezone),
        command=json.dumps(_verbatim(shlex.join(words)), ensure_ascii=False),
        limit=f"timedelta(seconds={round(policy.deadline + SLACK)})" if policy.deadline else None,
    )


def _verbatim(command: str) -> str:
    """The command with every brace that Airflow's templates would read written as a text of its own."""
    braced = command.replace("{", "\0").replace("}", '{{ "}" }}').replace("\0", '{{ "{" }}')
    return f"{braced} "  # what ends in .sh is taken for the name of a file
