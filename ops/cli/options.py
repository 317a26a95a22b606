"""The options that several commands share: types of values, and the filter of failures."""

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
    """A span of time such as `90s`, `15m`, `2h`, `3d` or `1w`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the span as a timedelta."""
        if isinstance(value, timedelta):
            return value
        match = _AGE.fullmatch(str(value).strip().lower())
        if not match:
            self.fail(f"{value!r} is not an age: write 90s, 15m, 2h, 3d or 1w", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class Cursor(click.ParamType[str]):
    """The cursor that a list printed."""

    name = "cursor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the cursor if it is well formed: the ledger itself accepts any text."""
        at, sign, failure_id = str(value).partition("#")
        try:
            is_cursor = to_sortable_text(datetime.fromisoformat(at)) == at and sign and failure_id
        except (ValueError, OverflowError):
            is_cursor = False
        if not is_cursor:
            self.fail(
                f"{value!r} is not a cursor: copy what the previous list printed after --after",
                param,
                ctx,
            )
        return str(value)


def add_filter_options(command: Command) -> Command:
    """Add the filter options to a command."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


_FILTERS = (
    click.option("--queue", type=click.Choice(QUEUES), help="Only of this queue."),
    click.option("--tenant", "tenants", multiple=True, metavar="ID", help="Only of this business; may be repeated."),
    click.option("--error", "reason", metavar="NAME", help="Only with this reason, such as calendar_access_revoked."),
    click.option("--age", type=Age(), metavar="2h", help="Only failures that are not older than this."),
    click.option("--older-than", type=Age(), metavar="1d", help="Only failures that are older than this."),
    click.option("--text", help="Only if the type, tenant, reason, error or an id contains this."),
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([*(state.value for state in FailureState), "open", "all"]),
        help="Only in this state; `open` means that action is needed. May be repeated.",
    ),
)


def build_filter(
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
    """Return the filter that the options describe; without states it has none."""
    return FailureFilter(
        queue=queue,
        tenants=frozenset(tenants) or None,
        states=_parse_states(states),
        reason=reason,
        since=now - age if age else None,
        until=now - older_than if older_than else None,
        text=text,
    )


def _parse_states(names: Sequence[str]) -> frozenset[FailureState] | None:
    if not names:
        return None
    if "all" in names:
        return frozenset(FailureState)
    states = {FailureState(name) for name in names if name != "open"}
    return frozenset(states | (OPEN if "open" in names else frozenset()))
