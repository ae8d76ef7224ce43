"""What a picture is: axes with few ticks, marks as SVG paths, a key. Coordinates are pixels of the view box, y downwards."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Shape = Literal["dot", "square", "cross", "ring", "line", "bar"]

LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 8.0, 38.0
WIDTH, HEIGHT = 460.0, 270.0
# Of equal visual weight, told apart by shape as well as by colour.
SHAPES: tuple[Shape, ...] = ("dot", "square", "cross", "dot", "square", "cross")
PERIODS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2419200)


@dataclass(frozen=True, slots=True)
class Tick:
    """``at`` in pixels along the axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """What is measured, with its unit, and some round values of it."""

    label: str
    ticks: tuple[Tick, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of one look: ``style`` is a class of the style sheet, ``path`` the ``d`` of an SVG path."""

    shape: Shape
    style: str
    path: str


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend."""

    shape: Shape
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture. ``caption`` says how to read it and gives the numbers behind it."""

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    marks: tuple[Marks, ...]
    keys: tuple[Key, ...] = ()
    width: float = WIDTH
    height: float = HEIGHT

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the plotting area."""
        return LEFT, TOP, self.width - RIGHT, self.height - BOTTOM


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to pixels: linear from ``low`` to ``high``; what lies outside is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, values: npt.ArrayLike) -> Floats:
        span = self.high - self.low or 1.0
        share = np.clip((np.asarray(values, dtype=np.float64) - self.low) / span, 0.0, 1.0)
        return self.start + share * (self.end - self.start)


def across(low: float, high: float, width: float = WIDTH) -> Scale:
    return Scale(low, high, LEFT, width - RIGHT)


def upward(low: float, high: float, height: float = HEIGHT) -> Scale:
    return Scale(low, high, height - BOTTOM, TOP)


def padded(values: Floats, share: float = 0.04) -> tuple[float, float]:
    """Least and greatest value with some air around them."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    air = (high - low) * share or 0.5
    return low - air, high + air


def round_ticks(scale: Scale, count: int = 4) -> tuple[Tick, ...]:
    """About ``count`` round values inside the scale."""
    values = _round_values(scale.low, scale.high, count)
    return tuple(Tick(_pixel(at), _text(value)) for at, value in zip(scale(values), values, strict=True))


def power_ticks(scale: Scale, most: int = 6) -> tuple[Tick, ...]:
    """Round values on a scale of log10: powers of ten, where few lie inside 1-2-5 steps, where even these do not equal steps."""
    first, last = int(np.floor(scale.low)), int(np.ceil(scale.high))
    values = [10.0**p for p in range(first, last + 1) if scale.low <= p <= scale.high]
    values = values[:: max(1, -(-len(values) // most))]
    if len(values) < 3:
        fine = [m * 10.0**p for p in range(first, last + 1) for m in (1, 2, 5)]
        values = [v for v in fine if scale.low <= np.log10(v) <= scale.high]
    if len(values) < 2:
        values = list(_round_values(10.0**scale.low, 10.0**scale.high, 4))
    return tuple(Tick(_pixel(float(scale(np.log10(v)))), _text(v)) for v in values)


def _round_values(low: float, high: float, count: int) -> Floats:
    span = high - low
    power = 10.0 ** np.floor(np.log10(span / count))
    step = next((m * power for m in (1.0, 2.0, 5.0) if span / (m * power) <= count + 1), 10.0 * power)
    return np.asarray(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step, dtype=np.float64)


def _text(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{round(float(value), 12) + 0.0:.6g}"


def time_ticks(scale: Scale, most: int = 5) -> tuple[Tick, ...]:
    """Round UTC times on a scale of epoch seconds."""
    span = scale.high - scale.low
    step = next((p for p in PERIODS if span / p <= most), span / most)
    form = "%H:%M:%S" if step < 60 else "%H:%M" if span < 86400 else "%m-%d %H:%M" if step < 86400 else "%Y-%m-%d"
    values = np.arange(np.ceil(scale.low / step), np.floor(scale.high / step) + 1) * step
    texts = (datetime.fromtimestamp(float(v), UTC).strftime(form) for v in values)
    return tuple(Tick(_pixel(at), text) for at, text in zip(scale(values), texts, strict=True))


def shape_path(shape: Shape, x: Floats, y: Floats) -> str:
    """Marks of ``shape`` at (x, y): dots and squares are round and butt-ended strokes without length."""
    return "".join(_DRAWN[shape](_pixel(a), _pixel(b)) for a, b in zip(x, y, strict=True))


def line_path(x: Floats, y: Floats) -> str:
    points = [f"{_pixel(a):g} {_pixel(b):g}" for a, b in zip(x, y, strict=True)]
    return "M" + "L".join(points) if len(points) > 1 else ""


def bar_path(left: Floats, right: Floats, top: Floats, floor: float) -> str:
    edges = zip(left, right, top, strict=True)
    return "".join(f"M{_pixel(a):g} {_pixel(floor):g}V{_pixel(t):g}H{_pixel(b):g}V{_pixel(floor):g}z" for a, b, t in edges if t < floor)


def drawn(shape: Shape, style: str, x: Floats, y: Floats, chosen: Flags | None = None) -> Marks:
    if chosen is not None:
        x, y = x[chosen], y[chosen]
    return Marks(shape, style, line_path(x, y) if shape == "line" else shape_path(shape, x, y))


def visible(marks: Iterable[Marks]) -> tuple[Marks, ...]:
    return tuple(m for m in marks if m.path)


def counted(entries: Sequence[tuple[Shape, str, str, int]]) -> tuple[Key, ...]:
    """Legend of what occurs at all: (shape, style, text, how many)."""
    return tuple(Key(shape, style, f"{text} ({count:,})") for shape, style, text, count in entries if count)


def _pixel(value: float) -> float:
    """A tenth of a pixel is finer than the eye and coarser than the last bits of linear algebra."""
    return round(float(value), 1) + 0.0


_DRAWN: dict[str, Callable[[float, float], str]] = {
    "dot": lambda x, y: f"M{x:g} {y:g}h0",
    "square": lambda x, y: f"M{x:g} {y:g}h0",
    "cross": lambda x, y: f"M{x - 2.5:g} {y - 2.5:g}l5 5m0-5l-5 5",
    "ring": lambda x, y: f"M{x - 4.5:g} {y:g}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0",
}
