"""The same lines in the words of managed services and operators. They are printed for a person, never applied."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pgtune.report.managed.amazon import aurora, rds
from pgtune.report.managed.azure import azure
from pgtune.report.managed.google import cloudsql
from pgtune.report.managed.kubernetes import cloudnativepg, zalando
from pgtune.report.managed.patroni import patroni
from pgtune.settings.tuning import Tuning

FORMS: Mapping[str, Callable[[Tuning], str]] = MappingProxyType(
    {
        "rds": rds,
        "aurora": aurora,
        "azure": azure,
        "cloudsql": cloudsql,
        "cloudnativepg": cloudnativepg,
        "zalando": zalando,
        "patroni": patroni,
    }
)
"""What to print, by the name that `--output` takes (and `Manager.kind` has)."""
