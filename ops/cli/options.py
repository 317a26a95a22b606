"""The options that several commands share: which failures are meant."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from shared.instants import to_sortable_text
from shared.ledger.failures import QUEUES, FailureFilter, FailureState
from shared.ledger.rules import OPEN

Command = TypeVar("Command", bound=Callable[..., Any])

_AGE = re.compile(r"(\d{1,5})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Age(click.ParamType[timedelta]):
    """A stretch of time such as `90s`, `15m`, `2h`, `3d` or `1w`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return it as a timedelta."""
        if isinstance(value, timedelta):
            return value
        match = _AGE.fullmatch(str(value).strip().lower())
        if not match:
            self.fail(f"{value!r} is no age: write 90s, 15m, 2h, 3d or 1w", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class Cursor(click.ParamType[str]):
    """Where a list ended, as the list said it."""

    name = "cursor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it, if some list may have ended there: the ledger itself takes any text."""
        at, sign, failure_id = str(value).partition("#")
        try:
            is_place = to_sortable_text(datetime.fromisoformat(at)) == at and sign and failure_id
        except (ValueError, OverflowError):
            is_place = False
        if not is_place:
            self.fail(f"{value!r} is no cursor: copy what the list before said behind --after, all of it", param, ctx)
        return str(value)


def filters(command: Command) -> Command:
    """Give a command the options that say which failures are meant."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


_FILTERS = (
    click.option("--queue", type=click.Choice(QUEUES), help="Only of this queue."),
    click.option("--tenant", "tenants", multiple=True, metavar="ID", help="Only of this business; may be repeated."),
    click.option("--error", "reason", metavar="NAME", help="Only with this reason, such as calendar_access_revoked."),
    click.option("--age", type=Age(), metavar="2h", help="Only what failed within this time."),
    click.option("--older-than", type=Age(), metavar="1d", help="Only what failed before this time."),
    click.option("--text", help="Only what has this in its type, tenant, reason, error or an id."),
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([*(state.value for state in FailureState), "open", "all"]),
        help="Only in this state; `open` is what waits for somebody. May be repeated.",
    ),
)


def wanted(
    now: datetime,
    *,
    queue: str | None,
    tenants: Sequence[str],
    reason: str | None,
    age: timedelta | None,
    older_than: timedelta | None,
    text: str | None,
    states: Sequence[str],
) -> FailureFilter:
    """Return the filter that the options describe; states that nobody named are left open."""
    return FailureFilter(
        queue=queue,
        tenants=frozenset(tenants) or None,
        states=_states(states),
        reason=reason,
        since=now - age if age else None,
        until=now - older_than if older_than else None,
        text=text,
    )


def _states(named: Sequence[str]) -> frozenset[FailureState] | None:
    if not named:
        return None
    if "all" in named:
        return frozenset(FailureState)
    chosen = {FailureState(name) for name in named if name != "open"}
    return frozenset(chosen | (OPEN if "open" in named else frozenset()))
