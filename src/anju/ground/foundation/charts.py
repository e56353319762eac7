"""The geometry of charts drawn on the server as SVG. Pure: numbers in, numbers out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10


def nice_top(largest: float, steps: int = 4) -> tuple[float, float]:
    """Return (top of the axis, distance between its lines): round numbers at or above `largest`."""
    if largest <= 0:
        return float(steps), 1.0
    raw = largest / steps
    size = 10 ** floor(log10(raw))
    step = next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= raw - 1e-9)
    return ceil(largest / step - 1e-9) * step, step


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing area in SVG units with its horizontal lines and the places of its columns.

    lines  (y, value) of each horizontal line
    xs     middle of each column
    width  breadth of one column's slot
    """

    left: float
    top: float
    right: float
    bottom: float
    lines: tuple[tuple[float, float], ...]
    xs: tuple[float, ...]
    width: float
    peak: float

    def y(self, value: float | None) -> float:
        """Return the height at which a value stands."""
        return round(self.bottom - (self.bottom - self.top) * max(0.0, float(value or 0)) / self.peak, 1)


def plot(series: Sequence[Sequence[float | None]], *, width: int = 560, height: int = 220) -> Plot:
    """Lay out a chart of one or more series of equal length over the same labels."""
    largest = max((float(v) for values in series for v in values if v is not None), default=0.0)
    top, step = nice_top(largest)
    left, right, upper, lower = 48.0, width - 12.0, 14.0, height - 28.0
    count = max((len(values) for values in series), default=1) or 1
    slot = (right - left) / count
    lines = []
    value = 0.0
    while value <= top + 1e-9:
        lines.append((round(lower - (lower - upper) * value / top, 1), value))
        value += step
    return Plot(
        left=left,
        top=upper,
        right=right,
        bottom=lower,
        lines=tuple(lines),
        xs=tuple(round(left + slot * (i + 0.5), 1) for i in range(count)),
        width=round(slot, 1),
        peak=top,
    )


def path(area: Plot, values: Sequence[float | None]) -> str:
    """Return the `d` of a line through the values; a missing value breaks the line."""
    parts = []
    pen_up = True
    for x, value in zip(area.xs, values, strict=False):
        if value is None:
            pen_up = True
            continue
        parts.append(f"{'M' if pen_up else 'L'}{x} {area.y(value)}")
        pen_up = False
    return " ".join(parts)


def label_step(count: int, fit: int = 12) -> int:
    """Return every how many-th label is written so that at most `fit` stand side by side."""
    return max(1, ceil(count / fit))
