"""A workload: statements with their weights, and the values that stand for their parameters."""

from dataclasses import dataclass, field

from pgtune.model.design import Query


@dataclass(frozen=True, slots=True)
class Binding:
    """Values for a statement's parameters as text (None: NULL) and the share of calls that they stand for.

    `values` None: as a generic plan, which knows no values.
    """

    values: tuple[str | None, ...] | None
    share: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One distinct statement of a workload, its parameters as $1 ... $n.

    `calls` and `total_ms` are as recorded, None for a text that nothing counted; `weight` is what its cost is
    multiplied with (calls where they are known, else 1). `kind` is select, insert, update, delete or merge;
    `bindings` empty means: plan it generically (or it has no parameters). `origin` says where it comes from
    (`pg_stat_statements`, `queries.sql:12`).
    """

    text: str
    fingerprint: str
    kind: str
    weight: float = 1.0
    calls: int | None = None
    total_ms: float | None = None
    search_path: tuple[str, ...] = ("public",)
    parameters: int = 0
    bindings: tuple[Binding, ...] = ()
    origin: str = ""

    def queries(self) -> tuple[tuple[Query, float], ...]:
        """What to plan, each with its share: every binding, or the generic plan alone."""
        if not self.bindings:
            return ((Query(self.text, None, self.search_path), 1.0),)
        return tuple((Query(self.text, each.values, self.search_path), each.share) for each in self.bindings)


@dataclass(frozen=True, slots=True)
class LeftOutStatement:
    """A text that is no part of the workload, and why (truncated, utility, cannot be parsed, temporary table ...)."""

    text: str
    why: str
    origin: str = ""
    total_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """Statements in a fixed order (heaviest first, then by fingerprint), and what was left out."""

    statements: tuple[Statement, ...] = ()
    left_out: tuple[LeftOutStatement, ...] = field(default=())
