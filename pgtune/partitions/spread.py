"""How a column's values are spread over its rows, by what pg_stats says."""

from dataclasses import dataclass

from pgtune.partitions.scale import Scale
from pgtune.snapshot.snapshot import Column, ColumnStats, Table
from pgtune.workload.arrays import elements, numbers


def stats_of(table: Table, column: str) -> tuple[Column, ColumnStats] | None:
    """The column with its statistics over the table itself; None where there are none."""
    found = next((each for each in table.columns if each.name == column), None)
    own = next((each for each in found.stats if not each.inherited), None) if found else None
    return (found, own) if found is not None and own is not None else None


def distinct(stats: ColumnStats, rows: float) -> float:
    """How many different values there are; pg_stats writes it as a share of the rows where it grows with them."""
    return stats.n_distinct if stats.n_distinct > 0 else -stats.n_distinct * max(rows, 0)


@dataclass(frozen=True, slots=True)
class Spread:
    """Where rows lie on an axis: `points` are values with the share of rows that have them, `bounds` a histogram."""

    points: tuple[tuple[float, float], ...]
    bounds: tuple[float, ...]
    rest: float

    @property
    def first(self) -> float:
        """Where the rows begin; a lonely old value (a zero date) does not count."""
        return min((*self._trimmed(), *(value for value, share in self.points if share > 0.01)), default=0)

    @property
    def last(self) -> float:
        """Where the rows end; a lonely far one (an end of time) does not count."""
        return max((*self._trimmed(), *(value for value, share in self.points if share > 0.01)), default=0)

    def share(self, low: float, high: float) -> float:
        """The share of rows from `low` up to and without `high`."""
        at_points = sum(share for value, share in self.points if low <= value < high)
        return at_points + self.rest * max(0.0, self._below(high) - self._below(low))

    def _below(self, value: float) -> float:
        """The share of the histogram below a value; inside a bucket rows are taken as evenly spread."""
        bounds = self.bounds
        if len(bounds) < 2 or value <= bounds[0]:
            return 0.0
        if value >= bounds[-1]:
            return 1.0
        at = next(number for number in range(1, len(bounds)) if value < bounds[number])
        low, high = bounds[at - 1], bounds[at]
        return (at - 1 + (value - low) / (high - low)) / (len(bounds) - 1)

    def _trimmed(self) -> tuple[float, ...]:
        """The histogram without an outermost bucket that is longer than all the others together."""
        bounds = self.bounds
        while len(bounds) > 3 and bounds[1] - bounds[0] > bounds[-1] - bounds[1]:
            bounds = bounds[1:]
        while len(bounds) > 3 and bounds[-1] - bounds[-2] > bounds[-2] - bounds[0]:
            bounds = bounds[:-1]
        return bounds


def spread(stats: ColumnStats, scale: Scale) -> Spread | None:
    """The statistics on an axis; None if they do not say enough."""
    common = zip(elements(stats.most_common_vals), numbers(stats.most_common_freqs), strict=False)
    points = tuple((value, share) for text, share in common if text and (value := scale.read(text)) is not None)
    read = (scale.read(text) for text in elements(stats.histogram_bounds) if text)
    bounds = tuple(value for value in read if value is not None)
    if len(bounds) < 2 and len(points) < 2:
        return None
    return Spread(points, bounds, max(0.0, 1 - stats.null_frac - sum(share for _, share in points)))
