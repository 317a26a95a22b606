"""Builds events for the tests of the stand-in's rules."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.local.google_calendar.errors import ApiError

CALENDAR = "demo@example.com"
MORNING = datetime(2027, 3, 1, 9, tzinfo=UTC)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.time = datetime(2027, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def body(start=MORNING, minutes=60, **fields):
    end = start + timedelta(minutes=minutes)
    return {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}, **fields}


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(ApiError) as refused:
        call(*args, **kwargs)
    return refused.value.reason
