"""How long a job will take: as it took before, else by what was measured of others, else by the guide's figure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from pgtune.maintenance.policy import Policy
from pgtune.maintenance.work import Kind, Past, Relation

LAST = 5  # runs of an object that count: the median of so many outlives one bad night
ENOUGH = 5  # objects that make a throughput
OVERHEAD = 0.002  # seconds a statement takes on nothing; measured, VACUUM ANALYZE of a table of 500 rows

Key = tuple[Kind, str, str, str]


@dataclass(frozen=True, slots=True)
class Predictor:
    """Past runs by object, and bytes a second by kind of work."""

    policy: Policy
    runs: Mapping[Key, list[Past]] = field(default_factory=dict)
    speeds: Mapping[Kind, float] = field(default_factory=dict)

    def seconds(
        self, kind: Kind, database: str, target: Relation, passed: int | None, whole: int | None = None
    ) -> tuple[float | None, str]:
        """The predicted time and where from; (None, "") where neither a run nor a size is known.

        `whole` bytes is how large the object is, which its history was told; `passed` what of it and its indexes the
        work will touch, the same if only that is given.
        """
        size = passed if whole is None else whole
        runs = self.runs.get((kind, database, target.schema, target.name))
        if runs:
            return median(_scaled(run, size) for run in runs[-LAST:]), "history"
        if kind is Kind.LEFTOVERS:
            return OVERHEAD, "assumed"
        if passed is None or size is None:
            return None, ""
        if kind in self.speeds:
            return OVERHEAD + min(size, passed) / self.speeds[kind], "throughput"
        return OVERHEAD + passed / self.policy.bytes_per_second[kind], "assumed"


def predictor(policy: Policy, past: Iterable[Past] = ()) -> Predictor:
    """A predictor from what the history has, the oldest first."""
    runs: dict[Key, list[Past]] = defaultdict(list)
    for run in past:
        runs[run.kind, run.database, run.schema, run.name].append(run)
    return Predictor(policy, dict(runs), _speeds(run for many in runs.values() for run in many))


def _scaled(run: Past, size: int | None) -> float:
    """The time of a past run, in proportion to the size where both are known."""
    return run.seconds * size / run.bytes if size and run.bytes else run.seconds


def _speeds(runs: Iterable[Past]) -> dict[Kind, float]:
    """Bytes a second of each kind: all bytes by all seconds, so that large objects weigh as they last."""
    size: dict[Kind, int] = defaultdict(int)
    seconds: dict[Kind, float] = defaultdict(float)
    count: dict[Kind, int] = defaultdict(int)
    for run in runs:
        if run.bytes:
            size[run.kind] += run.bytes
            seconds[run.kind] += run.seconds
            count[run.kind] += 1
    return {kind: size[kind] / seconds[kind] for kind in size if count[kind] >= ENOUGH and seconds[kind] > 0}
