"""Write pgtune/versions/settings.toml from real servers of every version: `python tests/capture_versions.py`.

Each server is made, asked and removed again. Needs the binaries of all of versions.TESTED.
"""

import json
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgtune import versions
from pgtune.cluster import Cluster, find

TARGET = Path(versions.__file__).parent / "settings.toml"
HEADER = """\
# The parameters of PostgreSQL 14 to 18 that tuning may look at, as real servers describe them in pg_settings.
# Written by tests/capture_versions.py; do not edit.
# since, until: the first and the last version that has it. boot: the built-in value; value: what a server shows after
# initdb, where that differs. [name] NN.key: the key's value from version NN on, "" where it went away.
"""

CATEGORIES = (
    "Resource Usage /", "Write-Ahead Log /", "Query Tuning /", "Vacuuming /", "Autovacuum", "Statistics /",
    "Replication /", "Lock Management", "Connections and Authentication / Connection Settings",
    "Connections and Authentication / TCP Settings", "Reporting and Logging / What to Log",
    "Reporting and Logging / When to Log", "Reporting and Logging / Process Title",
    "Client Connection Defaults / Shared Library Preloading", "Client Connection Defaults / Statement Behavior",
)  # fmt: skip
PRESETS = (
    "block_size", "data_checksums", "huge_pages_status", "in_hot_standby", "num_os_semaphores", "segment_size",
    "shared_memory_size", "shared_memory_size_in_huge_pages", "wal_block_size", "wal_segment_size",
)  # fmt: skip
# Differ from build to build, are shown in octal, or are the state of a transaction.
LEFT_OUT = {
    "unix_socket_directories", "unix_socket_permissions",
    "transaction_deferrable", "transaction_isolation", "transaction_read_only",
}  # fmt: skip
BUILD_CHOICES = {"lz4", "zstd", "io_uring"}
# Values that the harness or the machine gives, or that the server computes from the rest: the built-in one stands.
BOOT_STANDS = {
    "listen_addresses", "log_timezone", "huge_pages_status", "num_os_semaphores",
    "shared_memory_size", "shared_memory_size_in_huge_pages",
}  # fmt: skip

QUERY = """
select name, vartype, context, unit, boot_val, setting, min_val, max_val, enumvals, category, short_desc
  from pg_settings order by name
"""

Entry = dict[str, Any]


def entry(row: dict[str, Any]) -> Entry:
    """A row as the table writes it: keys that say nothing are left out."""
    written = {"type": row["vartype"], "context": row["context"], "unit": row["unit"], "boot": row["boot_val"] or ""}
    if row["name"] not in BOOT_STANDS and row["vartype"] != "string" and row["setting"] != row["boot_val"]:
        written["value"] = row["setting"]
    written |= {"low": row["min_val"], "high": row["max_val"]}
    written["choices"] = [choice for choice in row["enumvals"] or () if choice not in BUILD_CHOICES]
    return {key: value for key, value in written.items() if key == "boot" or value}


def wanted(row: dict[str, Any]) -> bool:
    return row["name"] not in LEFT_OUT and (row["category"].startswith(CATEGORIES) or row["name"] in PRESETS)


def rows_of(conninfo: str) -> list[dict[str, Any]]:
    """The rows of pg_settings that the table describes."""
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        return [row for row in connection.execute(QUERY).fetchall() if wanted(row)]


def capture(major: int) -> list[dict[str, Any]]:
    """The rows of a fresh server, with checksums as initdb of that version has them by default (on from 18)."""
    cluster = Cluster.throw_away(find(major), checksums=major >= 18)
    try:
        cluster.start()
        return rows_of(cluster.conninfo())
    finally:
        cluster.remove()


def table(captured: dict[int, list[dict[str, Any]]]) -> dict[str, Entry]:
    """One entry a parameter: the oldest version's, and under each later version what changed."""
    found: dict[str, Entry] = {}
    last: dict[str, tuple[int, Entry]] = {}
    for major, rows in captured.items():
        for row in rows:
            name, now = row["name"], entry(row)
            if name not in found:
                found[name] = ({} if major == versions.TESTED[0] else {"since": major}) | now
            elif changes := changed(last[name][1], now):
                found[name][str(major)] = changes
            found[name]["desc"] = row["short_desc"]
            last[name] = (major, now)
    for name, (major, _) in last.items():
        if major != versions.TESTED[-1]:
            found[name]["until"] = major
    return found


def changed(before: Entry, now: Entry) -> Entry:
    gone = {key: "" for key in before if key not in now}
    return gone | {key: value for key, value in now.items() if before.get(key) != value}


def lines(name: str, about: Entry) -> list[str]:
    words = [f"[{name}]"]
    for key, value in about.items():
        if isinstance(value, dict):
            words += [f"{key}.{inner} = {json.dumps(text)}" for inner, text in value.items()]
        else:
            words.append(f"{key} = {json.dumps(value)}")
    return [*words, ""]


def main() -> None:
    found = table({major: capture(major) for major in versions.TESTED})
    body = [line for name in sorted(found) for line in lines(name, found[name])]
    TARGET.write_text(HEADER + "\n" + "\n".join(body), encoding="utf-8")


if __name__ == "__main__":
    main()
