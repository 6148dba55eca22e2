"""`pgtune schedule export`: policies as the files of other schedulers."""

from collections.abc import Sequence

from pgtune.model.errors import BadInput
from pgtune.schedule.export import Call, File
from pgtune.schedule.export.airflow import airflow
from pgtune.schedule.export.crontab import crontab
from pgtune.schedule.export.kubernetes import kubernetes
from pgtune.schedule.export.systemd import systemd
from pgtune.schedule.policy import Policy
from pgtune.server.connect import holds_password

EXPORTS = {"cron": crontab, "systemd": systemd, "kubernetes": kubernetes, "airflow": airflow}


def export(kind: str, policies: Sequence[Policy], call: Call) -> tuple[File, ...]:
    """The files that another scheduler reads.

    Raises:
        BadInput: a password would get into them, or they cannot say what a policy says.
    """
    if holds_password(call.conninfo):
        raise BadInput("no password is written into a file; leave it to .pgpass, PGSERVICE or a secret")
    return EXPORTS[kind](policies, call)
