"""Kubernetes CronJobs."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgtune.model.errors import BadInput
from pgtune.schedule.command import arguments
from pgtune.schedule.export import SLACK, Call, File, one_line, title
from pgtune.schedule.local import LOCAL
from pgtune.schedule.policy import Policy

SECRET = "pgtune"  # noqa: S105  (the name of the object, not what is in it)
UID = 65532  # the account of docker/Dockerfile
LEAST_START = 60  # seconds: below 10 the controller, which looks every 10, may never start a job
HEAD = f"""\
# The connection comes from the Secret {SECRET}, made of a file with PGHOST, PGUSER, PGPASSWORD and the like:
#   kubectl create secret generic {SECRET} --from-env-file=FILE
# The history stays in the database after `pgtune maintain init`; a file of its own would end with the pod.
"""
# What YAML reads as text without quotes, whatever its version: no number, no date, no yes or no.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/.-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def kubernetes(policies: Sequence[Policy], call: Call) -> tuple[File, ...]:
    """One file with a CronJob for every policy.

    Raises:
        BadInput: a policy's zone is the machine's own, which is no zone of a cluster.
    """
    documents = ["\n".join(_yaml(cron_job(policy, call))) for policy in policies]
    return (File("pgtune.yaml", "kubectl apply -f", HEAD + "---\n" + "\n---\n".join(documents) + "\n"),)


def cron_job(policy: Policy, call: Call) -> dict[str, Any]:
    """The object of one policy.

    Raises:
        BadInput: its zone is the machine's own.
    """
    if policy.timezone == LOCAL:
        raise BadInput(f"policy {policy.name}: a cluster has no local time; name a zone, as --timezone Europe/Berlin")
    labels = {"app.kubernetes.io/name": "pgtune", "app.kubernetes.io/component": policy.name}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": f"pgtune-{policy.name}",
            "labels": labels,
            "annotations": {"description": title(policy)},
        },
        "spec": {
            "schedule": str(policy.cron),
            "timeZone": policy.timezone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": round(max(policy.catch_up, LEAST_START)),
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": _job(policy, call, labels)},
        },
    }


def _job(policy: Policy, call: Call, labels: dict[str, str]) -> dict[str, Any]:
    limit = {"activeDeadlineSeconds": round(policy.deadline + SLACK)} if policy.deadline else {}
    return {
        **limit,
        "backoffLimit": 0,  # the next run goes on where this one ended
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 300,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": UID,
                    "runAsGroup": UID,
                    "fsGroup": UID,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [_container(policy, call)],
                "volumes": [{"name": name, "emptyDir": {}} for name in ("home", "tmp")],
            },
        },
    }


def _container(policy: Policy, call: Call) -> dict[str, Any]:
    return {
        "name": "pgtune",
        "image": call.image,
        # Kubernetes would put a variable in the place of $(NAME).
        "args": [word.replace("$(", "$$(") for word in one_line(arguments(policy, call.conninfo))],
        "envFrom": [{"secretRef": {"name": SECRET}}],
        "env": [{"name": "PGTUNE_HOME", "value": "/var/lib/pgtune"}],
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "home", "mountPath": "/var/lib/pgtune"}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  (the container's own)
    }


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Mappings and lists as blocks, all else as JSON, which YAML contains."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if isinstance(item, dict | list) and item:
                yield f"{indent}{key}:"
                yield from _yaml(item, f"{indent}  ")
            else:
                yield f"{indent}{key}: {_scalar(item)}"
    elif isinstance(value, list):
        for item in value:
            first, *rest = _yaml(item, f"{indent}  ")
            yield f"{indent}- {first.strip()}"
            yield from rest
    else:
        yield f"{indent}{_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
