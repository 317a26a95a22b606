"""Plots as SVG, drawn on the server: bars over hours, and lines over a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor, log10

from markupsafe import Markup

WIDTH, HEIGHT = 640, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 10, 28
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis of time: where, from 0 to 1, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot: points from 0 to 1 in time, None where nothing was measured."""

    name: str
    points: Sequence[tuple[float, float | None]]


def bars(title: str, values: Sequence[tuple[str, Mapping[str, int]]], ticks: Sequence[Tick]) -> Markup:
    """Return stacked bars, one per label, of named parts; each says what it counts when it is pointed at.

    The names get the classes `series-0`, `series-1` and so on, in the order in which they first come.
    """
    names = list(dict.fromkeys(name for _, parts in values for name in parts))
    top = _round_up(max((sum(parts.values()) for _, parts in values), default=0))
    width = (WIDTH - _LEFT - _RIGHT) / max(len(values), 1)
    drawn = Markup("")
    for index, (label, parts) in enumerate(values):
        below = 0
        for name, count in parts.items():
            x, height = _LEFT + index * width, _height(count, top)
            drawn += Markup(
                '<rect class="series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
            ).format(
                names.index(name) % _SERIES,
                x + width * 0.1,
                _y(below, top) - height,
                max(width * 0.8, 1),
                height,
                f"{label} · {name}: {count}",
            )
            below += count
    return _plot(title, drawn, ticks, top)


def lines(title: str, series: Sequence[Line], ticks: Sequence[Tick]) -> Markup:
    """Return a plot of lines, each interrupted where nothing was measured."""
    top = _round_up(max((value for line in series for _, value in line.points if value is not None), default=0))
    drawn = Markup("")
    for number, line in enumerate(series):
        path, is_down = [], False
        for at, value in line.points:
            if value is None:
                is_down = False
                continue
            path.append(f"{'L' if is_down else 'M'}{_x(at):.1f} {_y(value, top):.1f}")
            is_down = True
        drawn += Markup('<path class="line series-{}" d="{}"><title>{}</title></path>').format(
            number % _SERIES, " ".join(path), line.name
        )
    return _plot(title, drawn, ticks, top)


_SERIES = 6
"""Colours that the style sheet has."""


def day_ticks(first: datetime, last: datetime, *, most: int = 5) -> list[Tick]:
    """Return marks with the time of day, evenly spread and a minute or more apart, or they would say the same.

    Both instants are in the zone that is to be shown.
    """
    # Two clocks of one zone are subtracted by what they show, whatever happened to summer time in between.
    span = last.astimezone(UTC) - first.astimezone(UTC)
    if not span:
        return []
    shape = "%H:%M" if span.total_seconds() <= 36 * 3600 else "%d.%m %H:%M"
    count = min(most, int(span.total_seconds()) // 60)
    if count < 1:
        return [Tick(0.0, first.strftime(shape))]
    at = ((first.astimezone(UTC) + span * index / count).astimezone(first.tzinfo) for index in range(count + 1))
    return [Tick(index / count, run_each.strftime(shape)) for index, run_each in enumerate(at)]


def _plot(title: str, drawn: Markup, ticks: Sequence[Tick], top: float) -> Markup:
    grid = Markup("")
    for step in range(_STEPS + 1):
        value = top * step / _STEPS
        y = _y(value, top)
        grid += Markup('<path class="grid" d="M{} {:.1f}H{}"/><text class="y" x="{}" y="{:.1f}">{}</text>').format(
            _LEFT, y, WIDTH - _RIGHT, _LEFT - 6, y + 4, _short(value)
        )
    for index, tick in enumerate(ticks):
        anchor = {0.0: "start", 1.0: "end"}.get(tick.at, "middle")
        grid += Markup('<text class="x{}" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            " minor" if index % 2 else "", _x(tick.at), HEIGHT - 6, anchor, tick.label
        )
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        WIDTH, HEIGHT, title, grid, drawn
    )


def _x(at: float) -> float:
    return _LEFT + min(max(at, 0), 1) * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - _height(value, top)


def _height(value: float, top: float) -> float:
    return value / top * (HEIGHT - _TOP - _BOTTOM)


def _round_up(value: float) -> float:
    """Return a round number that is not smaller and divides well: 4, 8, 20, 40, 80, 200 and so on."""
    if value <= _STEPS:
        return _STEPS
    power = 10 ** floor(log10(value))
    return (
        next(power * step for step in (1, 2, 4, 8, 20) if power * step >= value) if power > 1 else ceil(value / 4) * 4
    )


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value:g}"
