"""Findings that a project knows of and lives with: what is in the file is not said again."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from pgtune.model.errors import BadInput
from pgtune.model.finding import Finding

SCHEMA = "pgtune.baseline/1"


def written(findings: Iterable[Finding]) -> str:
    """The file: one line a finding, in an order that other findings do not change, so that versions can be compared."""
    lines = sorted(
        json.dumps({"path": each.path, "code": each.code, "fingerprint": each.fingerprint}, ensure_ascii=False)
        for each in findings
    )
    body = ",\n".join(f"    {line}" for line in lines)
    inner = f"\n{body}\n  " if lines else ""
    return f'{{\n  "schema": "{SCHEMA}",\n  "findings": [{inner}]\n}}\n'


def read(text: str, name: str = "baseline") -> frozenset[str]:
    """The fingerprints of a file.

    Raises:
        BadInput: it is no baseline.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name}: {error}") from None
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA or not isinstance(whole.get("findings"), list):
        raise BadInput(f"{name}: no baseline ({SCHEMA}); --write-baseline makes one")
    return frozenset(_fingerprint(each, name) for each in whole["findings"])


def _fingerprint(entry: Any, name: str) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("fingerprint"), str):
        raise BadInput(f"{name}: a finding without a fingerprint")
    found: str = entry["fingerprint"]
    return found


def without(findings: Iterable[Finding], known: Collection[str]) -> tuple[Finding, ...]:
    """The findings that are not known."""
    return tuple(each for each in findings if each.fingerprint not in known)
