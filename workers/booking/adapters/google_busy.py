"""Reads Google's answers about busy times: what cannot be read is never taken for free."""

from datetime import UTC, datetime
from typing import Any

from shared.errors import PermanentError, TransientError
from workers.booking.domain.values import Interval

_FOR_GOOD = frozenset({"notFound", "forbidden", "groupTooBig", "tooManyCalendarsRequested"})
"""What no other try mends; the fourth documented reason, `internalError`, is Google's own trouble.

https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query
"""


def busy_in(answer: Any, calendar_id: str) -> list[Interval]:
    """Return the busy times of a calendar from the answer to `freebusy.query`.

    Raises:
        TransientError: Google's own trouble, or an answer without our calendar or that cannot be read.
        PermanentError: `calendar_unknown`.
    """
    try:
        calendar = answer["calendars"].get(calendar_id)
        if calendar is None:
            raise TransientError("calendar.busy: the answer lacks the calendar that was asked for")
        if errors := calendar.get("errors"):
            raise _failure({str(error.get("reason", "?")) for error in errors})
        # Google's JSON may leave out what is empty.
        spans = [(_instant(one["start"]), _instant(one["end"])) for one in calendar.get("busy", ())]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise TransientError(f"calendar.busy: the answer cannot be read ({type(error).__name__})") from error
    # An entry without length keeps nobody busy.
    return [Interval(start, end) for start, end in spans if start < end]


def _failure(reasons: set[str]) -> Exception:
    named = ", ".join(sorted(reasons))
    if reasons <= _FOR_GOOD:
        return PermanentError("calendar_unknown", f"calendar.busy: {named}: share the calendar with the account")
    return TransientError(f"calendar.busy: {named}")


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without its offset")
    return instant.astimezone(UTC)
