"""Failures, cases and counts as a person reads them in a terminal; what came from outside is never markup."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.cli.plot import bar, by_hour
from ops.cli.sentences import forecast_sentence, why_not
from ops.cli.times import local, local_time, moment
from ops.desk.domain import transitions
from ops.desk.domain.values import Case, Line, Stats
from shared.ledger.failures import Failure, FailureState

_COLOURS = {
    FailureState.FAILED: "red",
    FailureState.FAILED_AGAIN: "bright_red",
    FailureState.REPLAYING: "yellow",
    FailureState.RESOLVED: "green",
    FailureState.REFUSED: "magenta",
    FailureState.DISCARDED: "dim",
    FailureState.ERASED: "dim",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters and the marks that turn text around: in a terminal they do things."""

_UNBOUNDED = 100_000
"""Columns: more than any line has."""


def safe(text: object, style: str = "") -> Text:
    """Return what somebody else said as text that can only be read."""
    return Text(_CONTROL.sub("\ufffd", str(text)), style=style)


def failures_table(failures: Sequence[Failure], now: datetime) -> Table:
    """Return one line per failure."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    rows = [failure_cells(failure, now) for failure in failures]
    for number, name in enumerate(("ID", "STATE", "AGE", "QUEUE", "TYPE", "TENANT", "ERROR")):
        # What people search for and copy is whole however narrow the terminal is; the rest is shortened.
        is_whole = name in {"ID", "ERROR"}
        widest = max((row[number].cell_len for row in rows), default=0)
        table.add_column(
            name,
            no_wrap=is_whole or name in {"STATE", "AGE"},
            overflow="ellipsis",
            min_width=widest if is_whole else None,
        )
    for row in rows:
        table.add_row(*row)
    return table


def failure_cells(failure: Failure, now: datetime) -> tuple[Text, ...]:
    """Return what a line of the list says."""
    return (
        safe(failure.failure_id),
        _state(failure, is_lost=transitions.is_lost(failure, now)),
        Text(age(now - failure.last_at)),
        safe(failure.queue),
        safe(failure.type or "-"),
        safe(failure.tenant or "-"),
        safe(failure.reason),
    )


def failure_line(failure: Failure) -> Text:
    """Return a failure on one line, with the time at which something happened to it last."""
    at = max((entry.at for entry in failure.audit_trail), default=failure.last_at)
    return Text(" ").join(
        (
            Text(local_time(at), style="dim"),
            Text(f"{failure.state.value:12}", style=_COLOURS[failure.state]),
            safe(failure.failure_id),
            safe(failure.type or failure.queue),
            safe(failure.tenant or "-"),
            safe(failure.reason),
        )
    )


def case_view(case: Case, now: datetime) -> RenderableType:
    """Return one failure with what it says, what a replay would do, and its story."""
    failure = case.failure
    facts = _pairs()
    times = f"first {local(failure.first_at)}, last {local(failure.last_at)} ({age(now - failure.last_at)} ago)"
    for name, value in (
        ("failure", failure.failure_id),
        ("message", f"{failure.type or 'unreadable'} on {failure.queue}"),
        ("tenant", failure.tenant or "-"),
        ("error", f"{failure.reason}: {failure.error}" if failure.error else failure.reason),
        ("attempts", f"{failure.attempts}, replays {failure.replays}"),
        ("failed", times),
        ("session", failure.session_id or "-"),
        ("command_id", failure.command_id or "-"),
        ("trace", failure.trace or "-"),
    ):
        facts.add_row(name, safe(value))
    facts.add_row("state", _state(failure, is_lost=case.is_lost))
    said = _pairs()
    for line in case.lines:
        said.add_row(safe(line.name), safe(_said(line), "yellow" if line.is_masked else ""))
    parts: list[RenderableType] = [facts, Text("\nWhat it says", style="bold"), said]
    if any(line.is_masked for line in case.lines):
        parts.append(Text("personal data is masked: --unmask shows it, and is on record", style="dim"))
    parts += [Text("\nA replay now", style="bold"), _forecast(case)]
    audit_trail = Table(box=None, pad_edge=False, show_header=False)
    for entry in failure.audit_trail:
        audit_trail.add_row(Text(local(entry.at), style="dim"), safe(entry.by), safe(entry.action), safe(entry.note))
    return Group(*parts, Text("\nStory", style="bold"), audit_trail)


def stats_view(stats: Stats, *, width: int) -> RenderableType:
    """Return the counts, and the hours as a plot."""
    if not stats.total:
        return Text("No failures.", style="green")
    reasons = Table(box=None, pad_edge=False, header_style="bold")
    reasons.add_column("ERROR", no_wrap=True, min_width=max(map(len, stats.by_reason)))
    reasons.add_column("COUNT", justify="right")
    reasons.add_column("", overflow="crop")
    top = max(stats.by_reason.values())
    for reason, count in stats.by_reason.items():
        reasons.add_row(safe(reason), str(count), Text(bar(count, top), style="red"))
    states = ", ".join(f"{count} {state}" for state, count in stats.by_state.items())
    queues = ", ".join(f"{count} {queue}" for queue, count in stats.by_queue.items())
    more = "" if stats.is_complete else " (the latest; there are more)"
    return Group(
        Text(f"{stats.total} failures{more}: {states}; by queue: {queues}\n"),
        reasons,
        Text("\nBy hour of the last failure", style="bold"),
        by_hour(stats.by_hour, width=width),
    )


def age(span: timedelta) -> str:
    """Return a stretch of time in its two greatest units at the most: `3d 4h`, `12m`, `8s`."""
    seconds = max(int(span.total_seconds()), 0)
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d {hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"
    return f"{minutes}m" if minutes else f"{seconds}s"


def print_view(console: Console, view: RenderableType) -> None:
    """Print a view as wide as the terminal; for whoever pipes it on, as wide as its longest line."""
    if console.is_terminal:
        console.print(view, crop=False)
        return
    lines = console.render_lines(view, console.options.update(width=_UNBOUNDED), pad=False)
    print_lines(console, *("".join(segment.text for segment in line).rstrip() for line in lines))


def print_lines(console: Console, *lines: Text | str) -> None:
    """Print lines that must not be broken, for whoever pipes them on."""
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, emoji=False)


def _state(failure: Failure, *, is_lost: bool) -> Text:
    return Text(failure.state.value + (", no outcome came" if is_lost else ""), style=_COLOURS[failure.state])


def _said(line: Line) -> str:
    if line.unreadable_characters is None:
        return line.value
    return f"{line.value} ({line.unreadable_characters} characters that can't be read)"


def _forecast(case: Case) -> Text:
    text = Text(forecast_sentence(case.forecast))
    if case.forecast.alternatives:
        text.append("\nfree instead: " + "; ".join(moment(run_each) for run_each in case.forecast.alternatives))
    if case.blocked:
        text.append(f"\nnot now: {why_not(case.blocked)}", style="yellow")
    return text


def _pairs() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    return table
