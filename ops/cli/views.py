"""Renders failures, details and counts for a terminal; text from outside is never interpreted as markup."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.cli.plot import render_horizontal_bar, render_hour_chart
from ops.cli.sentences import describe_forecast, describe_reason
from ops.cli.times import format_in_business_zone, format_local, format_local_time
from ops.desk.domain import transitions
from ops.desk.domain.values import FailureDetails, PayloadLine, Stats
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
"""Control characters and bidirectional marks, which a terminal would interpret."""

_UNBOUNDED = 100_000
"""A width in columns that no line reaches."""


def sanitize_text(text: object, style: str = "") -> Text:
    """Return text from outside with control characters replaced."""
    return Text(_CONTROL.sub("\ufffd", str(text)), style=style)


def render_failures_table(failures: Sequence[Failure], now: datetime) -> Table:
    """Return a table with one line per failure."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    rows = [render_failure_cells(failure, now) for failure in failures]
    for number, name in enumerate(("ID", "STATE", "AGE", "QUEUE", "TYPE", "TENANT", "ERROR")):
        # What operators search for and copy is never shortened, however narrow the terminal is.
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


def render_failure_cells(failure: Failure, now: datetime) -> tuple[Text, ...]:
    """Return the cells of one line of the table."""
    return (
        sanitize_text(failure.failure_id),
        _render_state(failure, is_lost=transitions.is_lost_replay(failure, now)),
        Text(format_span(now - failure.last_at)),
        sanitize_text(failure.queue),
        sanitize_text(failure.type or "-"),
        sanitize_text(failure.tenant or "-"),
        sanitize_text(failure.reason),
    )


def render_failure_line(failure: Failure) -> Text:
    """Return a failure as one line, with the time of its last change."""
    at = max((entry.at for entry in failure.audit_trail), default=failure.last_at)
    return Text(" ").join(
        (
            Text(format_local_time(at), style="dim"),
            Text(f"{failure.state.value:12}", style=_COLOURS[failure.state]),
            sanitize_text(failure.failure_id),
            sanitize_text(failure.type or failure.queue),
            sanitize_text(failure.tenant or "-"),
            sanitize_text(failure.reason),
        )
    )


def render_details(details: FailureDetails, now: datetime) -> RenderableType:
    """Return one failure with its message, the forecast of a replay, and its audit trail."""
    failure = details.failure
    facts = _build_pairs_table()
    since_last = format_span(now - failure.last_at)
    times = f"first {format_local(failure.first_at)}, last {format_local(failure.last_at)} ({since_last} ago)"
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
        facts.add_row(name, sanitize_text(value))
    facts.add_row("state", _render_state(failure, is_lost=details.is_lost))
    message = _build_pairs_table()
    for line in details.lines:
        message.add_row(
            sanitize_text(line.name), sanitize_text(_format_payload_line(line), "yellow" if line.is_masked else "")
        )
    parts: list[RenderableType] = [facts, Text("\nMessage", style="bold"), message]
    if any(line.is_masked for line in details.lines):
        parts.append(Text("personal data is masked: --unmask shows it and is recorded", style="dim"))
    parts += [Text("\nForecast of a replay", style="bold"), _render_forecast(details)]
    audit_trail = Table(box=None, pad_edge=False, show_header=False)
    for entry in failure.audit_trail:
        audit_trail.add_row(
            Text(format_local(entry.at), style="dim"),
            sanitize_text(entry.by),
            sanitize_text(entry.action),
            sanitize_text(entry.note),
        )
    return Group(*parts, Text("\nAudit trail", style="bold"), audit_trail)


def render_stats(stats: Stats, *, width: int) -> RenderableType:
    """Return the counts, and the hours as a plot."""
    if not stats.total:
        return Text("No failures.", style="green")
    reasons = Table(box=None, pad_edge=False, header_style="bold")
    reasons.add_column("ERROR", no_wrap=True, min_width=max(map(len, stats.by_reason)))
    reasons.add_column("COUNT", justify="right")
    reasons.add_column("", overflow="crop")
    top = max(stats.by_reason.values())
    for reason, count in stats.by_reason.items():
        reasons.add_row(sanitize_text(reason), str(count), Text(render_horizontal_bar(count, top), style="red"))
    states = ", ".join(f"{count} {state}" for state, count in stats.by_state.items())
    queues = ", ".join(f"{count} {queue}" for queue, count in stats.by_queue.items())
    more = "" if stats.is_complete else " (the latest; there are more)"
    return Group(
        Text(f"{stats.total} failures{more}: {states}; by queue: {queues}\n"),
        reasons,
        Text("\nBy hour of the last failure", style="bold"),
        render_hour_chart(stats.by_hour, width=width),
    )


def format_span(span: timedelta) -> str:
    """Return a span of time in at most two units: `3d 4h`, `12m`, `8s`."""
    seconds = max(int(span.total_seconds()), 0)
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d {hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"
    return f"{minutes}m" if minutes else f"{seconds}s"


def print_view(console: Console, view: RenderableType) -> None:
    """Print a view as wide as the terminal; in a pipe, as wide as its longest line."""
    if console.is_terminal:
        console.print(view, crop=False)
        return
    lines = console.render_lines(view, console.options.update(width=_UNBOUNDED), pad=False)
    print_lines(console, *("".join(segment.text for segment in line).rstrip() for line in lines))


def print_lines(console: Console, *lines: Text | str) -> None:
    """Print lines without wrapping, so that they can be piped."""
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, emoji=False)


def _render_state(failure: Failure, *, is_lost: bool) -> Text:
    return Text(failure.state.value + (", no outcome recorded" if is_lost else ""), style=_COLOURS[failure.state])


def _format_payload_line(line: PayloadLine) -> str:
    if line.unreadable_characters is None:
        return line.value
    return f"{line.value} ({line.unreadable_characters} unreadable characters)"


def _render_forecast(details: FailureDetails) -> Text:
    text = Text(describe_forecast(details.forecast))
    if details.forecast.alternatives:
        text.append("\nalternatives: " + "; ".join(map(format_in_business_zone, details.forecast.alternatives)))
    if details.blocked:
        text.append(f"\nnot possible now: {describe_reason(details.blocked)}", style="yellow")
    return text


def _build_pairs_table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    return table
