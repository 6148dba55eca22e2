"""pgtune's maintenance. The connection comes from the worker's PGHOST, PGSERVICE and .pgpass."""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

with DAG(
    dag_id="pgtune-daily",
    description="pgtune daily: vacuum, analyze",
    schedule=CronTriggerTimetable("30 1 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # a run decides what needs work, so a missed one needs no second
    max_active_runs=1,
):
    BashOperator(
        task_id="run",
        bash_command="pgtune maintain run --task vacuum,analyze --databases USER_DATABASES --window 01:00-05:00 --timezone UTC --deadline 3h ",
        append_env=True,
        skip_on_exit_code=5,  # it must not run here or now: a standby, or another run at work
        retries=0,
        execution_timeout=timedelta(seconds=11700),
    )

with DAG(
    dag_id="pgtune-weekly",
    description="pgtune weekly: reindex",
    schedule=CronTriggerTimetable("0 5 * * sun", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # a run decides what needs work, so a missed one needs no second
    max_active_runs=1,
):
    BashOperator(
        task_id="run",
        bash_command="pgtune maintain run --task reindex --databases USER_DATABASES --window 05:00-09:00 --timezone UTC --deadline 4h ",
        append_env=True,
        skip_on_exit_code=5,  # it must not run here or now: a standby, or another run at work
        retries=0,
        execution_timeout=timedelta(seconds=15300),
    )

with DAG(
    dag_id="pgtune-hourly",
    description="pgtune hourly: leftovers",
    schedule=CronTriggerTimetable("17 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # a run decides what needs work, so a missed one needs no second
    max_active_runs=1,
):
    BashOperator(
        task_id="run",
        bash_command="pgtune maintain run --task leftovers --databases USER_DATABASES --deadline 10min ",
        append_env=True,
        skip_on_exit_code=5,  # it must not run here or now: a standby, or another run at work
        retries=0,
        execution_timeout=timedelta(seconds=1500),
    )
