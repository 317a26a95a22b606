"""The flood table: what others noticed, and what a flood caused."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.chat.clock import find_percentile
from bench.floods.visitors import METRICS, Waits

FACTOR = 1.5
"""How much longer others may wait during a flood than before it."""
GRACE_MS = 15.0
"""What the scheduler of a machine with two processors adds by chance to waits of some tens of milliseconds."""
P95_GRACE_MS = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One flood."""

    crowd: str
    what: str
    before: Waits
    during: Waits
    after: Waits
    result: Mapping[str, Any]
    model_calls: int
    dollars: float
    emails: int
    google_calls: int

    def list_noticed(self) -> list[str]:
        """Return what others noticed: by which metric and percentile they waited longer than the factor allows."""
        noticed = []
        for metric in METRICS:
            for percent, grace in ((50, GRACE_MS), (95, P95_GRACE_MS)):
                before = find_percentile(self.before.by_metric[metric], percent)
                during = find_percentile(self.during.by_metric[metric], percent)
                if not during <= before * FACTOR + grace:
                    noticed.append(f"{metric} p{percent} {before:.0f} -> {during:.0f} ms")
        return noticed


def format_table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| flood | sent, a second | let in | late p50, p95 | "
        + " | ".join(METRICS)
        + " | model calls, dollars | e-mails | Google calls | others noticed |",
        "| --- " * (8 + len(METRICS)) + "|",
    ]
    for row in rows:
        waits = " | ".join(
            "; ".join(_format_waits(period.by_metric[metric]) for period in (row.before, row.during, row.after))
            for metric in METRICS
        )
        accepted = row.result["answers"].get("accepted", 0)
        late = row.result["lag_ms"]
        lines.append(
            f"| {row.crowd}: {row.what} | {row.result['sent']}, {row.result['per_second']} | {accepted}"
            f" | {late[0]:.0f}, {late[1]:.0f} | {waits} | {row.model_calls}, {row.dollars:.3f} | {row.emails}"
            f" | {row.google_calls} | {'; '.join(row.list_noticed()) or 'no'} |"
        )
    return "\n".join(lines)


def format_all_waits(waits: Waits) -> str:
    """Return p50 and p95 of all that was waited for, in milliseconds."""
    return "; ".join(f"{metric} {_format_waits(waits.by_metric[metric])}" for metric in METRICS)


def _format_waits(waits: Sequence[float]) -> str:
    return ", ".join(_format_ms(find_percentile(waits, percent)) for percent in (50, 95))


def _format_ms(value: float) -> str:
    if math.isnan(value):
        return "-"
    return "never" if math.isinf(value) else f"{value:.0f}"
