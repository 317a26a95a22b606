"""Draws plots as SVG: stacked bars, and lines over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor, log10

from markupsafe import Markup

WIDTH, HEIGHT = 640, 180
_MARGIN_LEFT, _MARGIN_RIGHT, _MARGIN_TOP, _MARGIN_BOTTOM = 44, 8, 10, 28
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the time axis: its position from 0 to 1, and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot: times from 0 to 1 with values; None where there is no measurement."""

    name: str
    points: Sequence[tuple[float, float | None]]


def render_bars(title: str, values: Sequence[tuple[str, Mapping[str, int]]], ticks: Sequence[Tick]) -> Markup:
    """Return stacked bars of named parts, one bar per label; each part has its count as a tooltip.

    The names get the classes `series-0`, `series-1` and so on, in the order of their first use.
    """
    names = list(dict.fromkeys(name for _, parts in values for name in parts))
    top = _round_up(max((sum(parts.values()) for _, parts in values), default=0))
    width = (WIDTH - _MARGIN_LEFT - _MARGIN_RIGHT) / max(len(values), 1)
    shapes = Markup("")
    for index, (label, parts) in enumerate(values):
        below = 0
        for name, count in parts.items():
            x, height = _MARGIN_LEFT + index * width, _compute_height(count, top)
            shapes += Markup(
                '<rect class="series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
            ).format(
                names.index(name) % _SERIES,
                x + width * 0.1,
                _compute_y(below, top) - height,
                max(width * 0.8, 1),
                height,
                f"{label} · {name}: {count}",
            )
            below += count
    return _render_plot(title, shapes, ticks, top)


def render_lines(title: str, series: Sequence[Series], ticks: Sequence[Tick]) -> Markup:
    """Return a plot of lines, interrupted where there is no measurement."""
    top = _round_up(max((value for line in series for _, value in line.points if value is not None), default=0))
    shapes = Markup("")
    for number, line in enumerate(series):
        path, is_drawing = [], False
        for at, value in line.points:
            if value is None:
                is_drawing = False
                continue
            path.append(f"{'L' if is_drawing else 'M'}{_compute_x(at):.1f} {_compute_y(value, top):.1f}")
            is_drawing = True
        shapes += Markup('<path class="line series-{}" d="{}"><title>{}</title></path>').format(
            number % _SERIES, " ".join(path), line.name
        )
    return _render_plot(title, shapes, ticks, top)


_SERIES = 6
"""The number of colours in the style sheet."""


def list_time_ticks(first: datetime, last: datetime, *, max_ticks: int = 5) -> list[Tick]:
    """Return evenly spaced marks with the time of day, at least a minute apart so that their labels differ.

    Both instants are in the time zone of the labels.
    """
    # Subtraction of two times in one zone ignores a change of daylight saving time in between; UTC does not.
    span = last.astimezone(UTC) - first.astimezone(UTC)
    if not span:
        return []
    shape = "%H:%M" if span.total_seconds() <= 36 * 3600 else "%d.%m %H:%M"
    count = min(max_ticks, int(span.total_seconds()) // 60)
    if count < 1:
        return [Tick(0.0, first.strftime(shape))]
    instants = ((first.astimezone(UTC) + span * index / count).astimezone(first.tzinfo) for index in range(count + 1))
    return [Tick(index / count, instant.strftime(shape)) for index, instant in enumerate(instants)]


def _render_plot(title: str, shapes: Markup, ticks: Sequence[Tick], top: float) -> Markup:
    grid = Markup("")
    for step in range(_STEPS + 1):
        value = top * step / _STEPS
        y = _compute_y(value, top)
        grid += Markup('<path class="grid" d="M{} {:.1f}H{}"/><text class="y" x="{}" y="{:.1f}">{}</text>').format(
            _MARGIN_LEFT, y, WIDTH - _MARGIN_RIGHT, _MARGIN_LEFT - 6, y + 4, _format_value(value)
        )
    for index, tick in enumerate(ticks):
        anchor = {0.0: "start", 1.0: "end"}.get(tick.at, "middle")
        grid += Markup('<text class="x{}" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            " minor" if index % 2 else "", _compute_x(tick.at), HEIGHT - 6, anchor, tick.label
        )
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        WIDTH, HEIGHT, title, grid, shapes
    )


def _compute_x(at: float) -> float:
    return _MARGIN_LEFT + min(max(at, 0), 1) * (WIDTH - _MARGIN_LEFT - _MARGIN_RIGHT)


def _compute_y(value: float, top: float) -> float:
    return HEIGHT - _MARGIN_BOTTOM - _compute_height(value, top)


def _compute_height(value: float, top: float) -> float:
    return value / top * (HEIGHT - _MARGIN_TOP - _MARGIN_BOTTOM)


def _round_up(value: float) -> float:
    """Return the next round number that divides well: 4, 8, 20, 40, 80, 200 and so on."""
    if value <= _STEPS:
        return _STEPS
    power = 10 ** floor(log10(value))
    return (
        next(power * step for step in (1, 2, 4, 8, 20) if power * step >= value) if power > 1 else ceil(value / 4) * 4
    )


def _format_value(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value:g}"
