"""What is known of PostgreSQL's versions: the parameters of 14 to 18, as real servers of each described them."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pgtune.model.errors import BadInput
from pgtune.model.setting import Setting

TESTED = (14, 15, 16, 17, 18)


def parameters(text: str, major: int) -> dict[str, Setting]:
    """The parameters of a version, with the values that a cluster has after initdb, from the text of settings.toml.

    Choices that depend on how the server was built (lz4, zstd, io_uring) are left out: what is here, every build takes.

    Raises:
        BadInput: no server of this version was asked.
    """
    if major not in TESTED:
        raise BadInput(f"the parameters of PostgreSQL {major} are not known; known are {_known()}")
    return {
        name: _setting(name, _as_of(entry, major))
        for name, entry in _table(text).items()
        if entry.get("since", TESTED[0]) <= major <= entry.get("until", TESTED[-1])
    }


def descriptions(text: str) -> dict[str, str]:
    """What each parameter does, in the server's own words (short_desc of pg_settings)."""
    return {name: entry["desc"] for name, entry in _table(text).items()}


def _known() -> str:
    return ", ".join(map(str, TESTED))


@lru_cache(maxsize=1)
def _table(text: str) -> Mapping[str, Any]:
    return tomllib.loads(text)


def _as_of(entry: Mapping[str, Any], major: int) -> dict[str, Any]:
    """The entry with the changes of every version up to this one laid over it; "" takes a key away."""
    merged = dict(entry)
    for version in TESTED:
        if version <= major:
            merged |= entry.get(str(version), {})
    return merged


def _setting(name: str, entry: Mapping[str, Any]) -> Setting:
    return Setting(
        name=name,
        type=entry["type"],
        context=entry["context"],
        boot=entry["boot"],
        value=entry.get("value") or entry["boot"],
        unit=entry.get("unit") or None,
        low=entry.get("low") or None,
        high=entry.get("high") or None,
        choices=tuple(entry.get("choices", ())),
    )
