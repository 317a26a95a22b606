"""What Google's answers about busy times mean, also those that are not as they should be."""

from datetime import UTC, datetime

import pytest

from shared.errors import PermanentError, TransientError
from workers.booking.adapters.google_busy import busy_in
from workers.booking.domain.values import Interval

NINE, TEN = "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z"
MORNING = Interval(datetime(2027, 3, 1, 9, tzinfo=UTC), datetime(2027, 3, 1, 10, tzinfo=UTC))


def answer(**calendar):
    return {"kind": "calendar#freeBusy", "calendars": {"ours": calendar}}


def failed(*reasons):
    return answer(errors=[{"domain": "global", "reason": reason} for reason in reasons], busy=[])


@pytest.mark.parametrize("start", [NINE, "2027-03-01T10:00:00+01:00", "2027-03-01T09:00:00.000Z"])
def test_busy_times_are_read_in_utc(start):
    """Whatever offset they come with."""
    assert busy_in(answer(busy=[{"start": start, "end": TEN}]), "ours") == [MORNING]


@pytest.mark.parametrize("calendar", [{"busy": []}, {}, {"errors": [], "busy": []}])
def test_a_calendar_without_busy_times_is_free(calendar):
    """It is in the answer, so Google has looked."""
    assert busy_in(answer(**calendar), "ours") == []


@pytest.mark.parametrize("reason", ["notFound", "forbidden", "groupTooBig", "tooManyCalendarsRequested"])
def test_a_calendar_that_is_not_to_be_had_is_permanent(reason):
    """Only the owner can mend that; the text says how."""
    with pytest.raises(PermanentError, match="share the calendar") as failure:
        busy_in(failed(reason), "ours")
    assert failure.value.reason == "calendar_unknown"


@pytest.mark.parametrize(
    "reasons", [["internalError"], ["backendError"], ["somethingNew"], ["notFound", "internalError"]]
)
def test_googles_own_trouble_is_transient(reasons):
    """So is what we do not know: it is worth another try."""
    with pytest.raises(TransientError, match=reasons[-1]):
        busy_in(failed(*reasons), "ours")


@pytest.mark.parametrize("calendars", [{}, {"another": {"busy": []}}, {"ours": None}])
def test_an_answer_without_our_calendar_is_not_free_time(calendars):
    """Nobody has looked; a visitor must not be booked over the owner's own visit."""
    with pytest.raises(TransientError, match="lacks the calendar"):
        busy_in({"calendars": calendars}, "ours")


@pytest.mark.parametrize("end", [NINE, "2027-03-01T08:00:00Z"])
def test_an_entry_without_length_is_skipped(end):
    """It keeps nobody busy; the others count."""
    entries = [{"start": NINE, "end": end}, {"start": NINE, "end": TEN}]
    assert busy_in(answer(busy=entries), "ours") == [MORNING]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"calendars": []},
        {"calendars": {"ours": "busy"}},
        answer(busy=None),
        answer(busy=["morning"]),
        answer(busy=[{"start": NINE}]),
        answer(busy=[{"start": NINE, "end": None}]),
        answer(busy=[{"start": "soon", "end": TEN}]),
        answer(busy=[{"start": "2027-03-01T09:00:00", "end": TEN}]),
        answer(busy=[{"start": "0001-01-01T00:00:00+14:00", "end": TEN}]),
        answer(errors=["internalError"]),
        answer(errors=7),
    ],
)
def test_an_answer_that_cannot_be_read_is_transient(broken):
    """Never a bug of ours and never free time; the text says what happened, without the answer."""
    with pytest.raises(TransientError, match="cannot be read"):
        busy_in(broken, "ours")
