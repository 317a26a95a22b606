"""Draws counts with the block characters of a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil

from rich.text import Text

from ops.cli.times import format_local_hour

_EIGHTHS = " ▁▂▃▄▅▆▇█"
HEIGHT = 6


def render_bar_chart(counts: Sequence[int], height: int = HEIGHT) -> list[str]:
    """Return the rows of a bar chart, top row first; the highest bar fills the height, and any count above 0 shows."""
    top = max(counts, default=0)
    if not top:
        return [" " * len(counts)] * height
    eighths = [ceil(count * height * 8 / top) for count in counts]
    return [
        "".join(_EIGHTHS[min(max(bar_height - row * 8, 0), 8)] for bar_height in eighths)
        for row in range(height - 1, -1, -1)
    ]


def render_hour_chart(counts: Mapping[datetime, int], *, width: int) -> Text:
    """Return a bar chart by hour in local time; if there are too many hours, one bar covers several."""
    hours = sorted(counts)
    if not hours:
        return Text("no data")
    hours_per_bar = ceil(len(hours) / max(width - 8, 12))
    groups = [hours[start : start + hours_per_bar] for start in range(0, len(hours), hours_per_bar)]
    bars = [sum(counts[hour] for hour in group) for group in groups]
    top = max(bars)
    label = len(str(top))
    text = Text()
    for number, row in enumerate(render_bar_chart(bars)):
        text.append(f"{top if number == 0 else '':>{label}} ", style="dim").append(row, style="red").append("\n")
    span = format_local_hour(groups[0][0]), format_local_hour(groups[-1][-1] + timedelta(hours=1))
    gap = max(len(bars) - len(span[0]) - len(span[1]), 2)
    text.append(f"{'':>{label}} {span[0]}{' ' * gap}{span[1]}", style="dim")
    if hours_per_bar > 1:
        text.append(f"   one bar is {hours_per_bar} hours", style="dim")
    return text


def render_horizontal_bar(count: int, top: int, width: int = 30) -> str:
    """Return one horizontal bar."""
    return "█" * max(1, round(count * width / top)) if count and top else ""
