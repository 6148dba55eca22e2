"""How partitions come and go after the migration, by hand or by pg_partman."""

from pgtune.model.design import Name, Scheme
from pgtune.partitions.candidates import Candidate
from pgtune.partitions.scale import Period
from pgtune.partitions.schemes import FUTURE
from pgtune.partitions.text import literal


def upkeep(scheme: Scheme, period: Period | None, candidate: Candidate) -> tuple[str, ...]:
    """What has to be done regularly, with the statements."""
    table = scheme.table
    default = next((part.name for part in scheme.partitions if part.bound == "DEFAULT"), None)
    if scheme.strategy == "hash":
        return ("nothing has to be done: rows spread by themselves; another modulus means to copy once more",)
    if scheme.strategy == "list" or period is None:
        return (
            f"a new value of {scheme.key[0]} goes into {default}: give a frequent one a partition of its own",
            f"  CREATE TABLE ... PARTITION OF {table.sql} FOR VALUES IN ('...');",
        )
    last = next(part for part in reversed(scheme.partitions) if part.bound != "DEFAULT")
    first = next(part for part in scheme.partitions if part.bound != "DEFAULT")
    found = [
        f"make the next partition ahead of time; {FUTURE} are there already, the last one {last.name}",
        f"  CREATE TABLE ... PARTITION OF {table.sql} FOR VALUES FROM (...) TO (...);",
        f"keep {default} empty: rows in it block the partition that they belong to",
    ]
    retention = candidate.asked.retention
    kept = f" of what is older than {retention.interval}" if retention and retention.interval else ""
    if retention or candidate.scale.timed:
        gone = Name(table.schema, first.name)
        found += [
            f"instead of deleting rows{kept}, detach and drop partitions, each in a transaction of its own",
            f"  ALTER TABLE {table.sql} DETACH PARTITION {gone.sql} CONCURRENTLY; DROP TABLE {gone.sql};"
            if default is None
            else f"  ALTER TABLE {table.sql} DETACH PARTITION {gone.sql}; DROP TABLE {gone.sql};",
        ]
    return tuple(found)


def partman(scheme: Scheme, period: Period | None, candidate: Candidate) -> str:
    """The same as configuration of pg_partman 5, which makes and drops range partitions by itself; empty if it cannot.

    It names partitions in its own way, so it stands in the place of the script's CREATE TABLE ... PARTITION OF.
    """
    if scheme.strategy != "range" or period is None:
        return ""
    table = scheme.table
    parent = literal(f"{table.schema}.{table.name}")
    length = f"1 {period.unit}" if period.unit else str(period.step)
    length = {"1 quarter": "3 months"}.get(length, length)
    lines = [
        "-- pg_partman 5, instead of the partitions that the script makes and of their upkeep:",
        f"select partman.create_parent(p_parent_table := {parent}, p_control := {literal(scheme.key[0])},",
        f"    p_interval := {literal(length)}, p_premake := {FUTURE});",
    ]
    retention = candidate.asked.retention
    if retention and retention.interval and candidate.scale.timed:
        lines += [
            f"update partman.part_config set retention = {literal(retention.interval)}, retention_keep_table = false",
            f" where parent_table = {parent};",
        ]
    return "\n".join([*lines, "-- and regularly: call partman.run_maintenance_proc();"])
