"""Least squares, small and without a library: a formula as simple as the thing it describes."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients in the order of the terms, and the greatest relative error over the points fitted."""

    coefficients: tuple[float, ...]
    worst_error: float

    def at(self, terms: Sequence[float]) -> float:
        """The formula's value."""
        return sum(a * b for a, b in zip(self.coefficients, terms, strict=True))


def fit(points: Sequence[Sequence[float]], values: Sequence[float]) -> Fit:
    """The coefficients that make the sum of squared RELATIVE errors least; every value must be above zero.

    Raises:
        ValueError: the points do not determine the coefficients.
    """
    rows = [[term / value for term in point] for point, value in zip(points, values, strict=True)]
    size = len(rows[0])
    # Columns are scaled to 1 before the normal equations are solved: bytes and counts differ by ten orders.
    scale = [max(abs(row[i]) for row in rows) or 1.0 for i in range(size)]
    scaled = [[row[i] / scale[i] for i in range(size)] for row in rows]
    matrix = [[sum(row[i] * row[j] for row in scaled) for j in range(size)] for i in range(size)]
    right = [sum(row[i] for row in scaled) for i in range(size)]
    found = tuple(value / scale[i] for i, value in enumerate(_solve(matrix, right)))
    result = Fit(found, 0.0)
    worst = max(abs(result.at(point) / value - 1) for point, value in zip(points, values, strict=True))
    return Fit(found, worst)


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination with partial pivoting."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        if abs(rows[pivot][column]) < 1e-12:
            raise ValueError("the points do not determine the coefficients")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(column + 1, size):
            factor = rows[row][column] / rows[column][column]
            rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    answer = [0.0] * size
    for row in reversed(range(size)):
        known = sum(rows[row][i] * answer[i] for i in range(row + 1, size))
        answer[row] = (rows[row][size] - known) / rows[row][row]
    return answer
