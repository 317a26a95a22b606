"""What the prompt says of the visits of a conversation."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.messages.errors import ErrorCode
from shared.messages.server import (
    BookingCancelled,
    BookingCancelledData,
    BookingConfirmed,
    BookingConfirmedData,
    BookingPending,
    BookingPendingData,
    BookingRescheduled,
    BookingRescheduledData,
    Error,
    ErrorData,
)
from workers.chat.domain.booking_facts import MAX_VISITS, list_booking_facts

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
START = datetime(2026, 1, 13, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Warsaw")


def of(visit="v1", *, start=START):
    return {"appointment_id": visit, "start": start, "service": "massage"}


def ends(start=START):
    return {"end": start + timedelta(hours=1)}


def pending(visit="v1", expires_at=NOW + timedelta(minutes=15)):
    data = BookingPendingData(**of(visit), **ends(), expires_at=expires_at, contact="j***@e***.com")
    return BookingPending(re="b1", data=data)


def confirmed(visit="v1"):
    return BookingConfirmed(re="b2", data=BookingConfirmedData(**of(visit), **ends(), ics=""))


def moved(visit="v1", **fields):
    later = START + timedelta(days=1)
    data = BookingRescheduledData(**of(visit, start=later), **ends(later), ics="", **fields)
    return BookingRescheduled(re="b3", data=data)


def cancelled(visit="v1", **fields):
    return BookingCancelled(re="b4", data=BookingCancelledData(**of(visit), **fields))


def unsent(visit="v1", re=None):
    data = ErrorData(code=ErrorCode.INVALID_CONTACT, retryable=False, message="", appointment_id=visit)
    return Error(re=re, data=data)


AT = "massage on 2026-01-13 10:00"
LATER = "massage on 2026-01-14 10:00"
HELD = f"{AT} is held until its code is entered."
OVER = f"{AT} was held, but not confirmed in time; it is not booked."
MOVED = f"{LATER} is confirmed; it was moved to this time"


@pytest.mark.parametrize(
    ("history", "facts"),
    [
        ([], []),
        ([pending()], [HELD]),
        ([pending(expires_at=NOW)], [OVER]),
        ([pending(expires_at=NOW + timedelta(seconds=1))], [HELD]),
        ([pending(expires_at=NOW), pending()], [HELD]),
        ([pending(), unsent()], [f"{AT} is held, but its code could not be sent to the visitor."]),
        ([pending(expires_at=NOW), unsent()], [OVER]),
        ([pending(), unsent(), pending()], [HELD]),
        ([pending(), unsent(re="b9")], [HELD]),
        ([pending(), confirmed()], [f"{AT} is confirmed."]),
        ([pending(expires_at=NOW), confirmed()], [f"{AT} is confirmed."]),
        ([pending(), confirmed(), moved()], [f"{MOVED}."]),
        ([pending(), confirmed(), moved(by="business")], [f"{MOVED} by the business."]),
        ([pending(), confirmed(), moved(), cancelled()], [f"{AT} was cancelled."]),
        ([cancelled(by="business")], [f"{AT} was cancelled by the business."]),
        ([pending("v1"), pending("v2"), confirmed("v1")], [HELD, f"{AT} is confirmed."]),
    ],
)
def test_a_visit_has_one_fact(history, facts):
    """Its last state: a hold that has run out waits for no code, and a confirmed visit is not held as well."""
    assert list_booking_facts(history, ZONE, NOW) == facts


def test_the_visits_that_changed_last_are_kept():
    """A visitor who holds many times does not fill the prompt."""
    history = [pending(f"v{number}") for number in range(MAX_VISITS + 5)] + [confirmed("v0")]
    facts = list_booking_facts(history, ZONE, NOW)
    assert len(facts) == MAX_VISITS
    assert facts[-1] == f"{AT} is confirmed."
