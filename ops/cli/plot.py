"""Counts by hour, drawn with the block characters of a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil

from rich.text import Text

from ops.cli.times import local_hour

_EIGHTHS = " ▁▂▃▄▅▆▇█"
HEIGHT = 6


def columns(counts: Sequence[int], height: int = HEIGHT) -> list[str]:
    """Return the rows of a bar chart, the top one first; the highest bar fills it, and what is not 0 can be seen."""
    top = max(counts, default=0)
    if not top:
        return [" " * len(counts)] * height
    eighths = [ceil(count * height * 8 / top) for count in counts]
    return [
        "".join(_EIGHTHS[min(max(run_each - row * 8, 0), 8)] for run_each in eighths)
        for row in range(height - 1, -1, -1)
    ]


def by_hour(counts: Mapping[datetime, int], *, width: int) -> Text:
    """Return a bar chart over hours that ends with the latest, in local time; wide spans join hours to one bar."""
    hours = sorted(counts)
    if not hours:
        return Text("nothing to draw")
    joined = ceil(len(hours) / max(width - 8, 12))
    groups = [hours[start : start + joined] for start in range(0, len(hours), joined)]
    bars = [sum(counts[hour] for hour in group) for group in groups]
    top = max(bars)
    label = len(str(top))
    text = Text()
    for number, row in enumerate(columns(bars)):
        text.append(f"{top if number == 0 else '':>{label}} ", style="dim").append(row, style="red").append("\n")
    span = local_hour(groups[0][0]), local_hour(groups[-1][-1] + timedelta(hours=1))
    gap = max(len(bars) - len(span[0]) - len(span[1]), 2)
    text.append(f"{'':>{label}} {span[0]}{' ' * gap}{span[1]}", style="dim")
    if joined > 1:
        text.append(f"   one bar is {joined} hours", style="dim")
    return text


def bar(count: int, top: int, width: int = 30) -> str:
    """Return one horizontal bar."""
    return "█" * max(1, round(count * width / top)) if count and top else ""
