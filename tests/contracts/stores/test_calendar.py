"""The business's calendar: one suite on the fake, and on Google's client against the stand-in."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.auth.exceptions import RefreshError

from infra.local.google_calendar.faults import parsed
from infra.local.google_calendar.keys import account_key, make_service_account
from infra.local.google_calendar.server import api_endpoint
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.thread import serving
from shared.errors import PermanentError, TransientError
from shared.ids import derived_id, new_id
from tests.fakes.business_calendar import FakeCalendar
from workers.booking.adapters.google_calendar import GoogleCalendar
from workers.booking.adapters.google_credentials import GoogleCredentials
from workers.booking.adapters.google_errors import translated_google
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

CALENDAR = "calendar"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MORNING = Interval(NINE - HOUR, NINE + 3 * HOUR)


def visit(start=NINE, **changes):
    event = CalendarEvent(
        event_id=derived_id(new_id(), "event"),
        appointment_id="0123456789",
        start=start,
        end=start + HOUR,
        time_zone="Europe/Warsaw",
        summary="Masaż — Jan",
        description="jan@example.com",
    )
    return replace(event, **changes)


class InMemory:
    """The fake, and the owner's hand in it."""

    def __init__(self):
        self.calendar = FakeCalendar(CALENDAR)

    def owner_enters(self, interval):
        self.calendar.block(interval)

    def owner_deletes(self, event_id):
        del self.calendar.events[CALENDAR][event_id]

    def entered(self):
        return [(event.event_id, event.start) for event in self.calendar.events[CALENDAR].values()]


class AtGoogle:
    """Google's client against the stand-in, and the owner's hand in that."""

    def __init__(self, standin, address, info, *, timeout_seconds=5):
        self.standin = standin
        key = json.dumps(info | {"token_uri": f"{address}/token"})
        self.credentials = GoogleCredentials(secrets=None, secret_id="chatbot/google-calendar", fallback=key)
        self.calendar = GoogleCalendar(
            credentials=self.credentials, endpoint=api_endpoint(address), timeout_seconds=timeout_seconds
        )

    def owner_enters(self, interval):
        start, end = ({"dateTime": edge.isoformat()} for edge in (interval.start, interval.end))
        self.standin.store.insert(CALENDAR, {"start": start, "end": end}, "owner@example.com")

    def owner_deletes(self, event_id):
        self.standin.store.delete(CALENDAR, event_id)

    def entered(self):
        events = self.standin.store.calendar(CALENDAR).events.values()
        return [(event.id, event.span.start) for event in events if not event.is_deleted]

    def order(self, kind, **fault):
        self.standin.faults.order(parsed({"kind": kind, **fault}))


@pytest.fixture(scope="module")
def neighbour():
    info = make_service_account("http://127.0.0.1/token")
    standin = Standin(keys=[account_key(info)], calendars=[CALENDAR], time_zone="Europe/Warsaw")
    with serving(standin) as address:
        yield standin, address, info


@pytest.fixture
def google(neighbour):
    standin, address, info = neighbour
    standin.reset()
    side = AtGoogle(standin, address, info)
    yield side
    side.calendar.close()


@pytest.fixture(params=["memory", "google"])
def side(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("google")


async def test_busy_times_are_the_owners_and_ours(side):
    """What the owner entered and what we entered blocks time; the rest of the window is free."""
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []
    side.owner_enters(Interval(NINE + 2 * HOUR, NINE + 3 * HOUR))
    await side.calendar.put(CALENDAR, visit())
    assert list(await side.calendar.busy(CALENDAR, MORNING, fresh=True)) == [
        Interval(NINE, NINE + HOUR),
        Interval(NINE + 2 * HOUR, NINE + 3 * HOUR),
    ]


async def test_busy_times_that_only_touch_the_window_are_left_out(side):
    """A visit that ends when the window begins is none of its business."""
    side.owner_enters(Interval(NINE - 2 * HOUR, NINE - HOUR))
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []


async def test_an_event_put_twice_is_there_once(side):
    """A second try of the same command finds its own event."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, event)
    assert side.entered() == [(event.event_id, NINE)]


async def test_an_event_put_again_is_moved(side):
    """The same event with another time stands at the new time only."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, replace(event, start=NINE + HOUR, end=NINE + 2 * HOUR))
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE + HOUR, NINE + 2 * HOUR)]


async def test_an_event_that_the_owner_deleted_comes_back(side):
    """Putting makes the event be there, although Google never gives its id out again."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_deletes(event.event_id)
    assert side.entered() == []
    await side.calendar.put(CALENDAR, event)
    assert side.entered() == [(event.event_id, NINE)]
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]


async def test_an_event_removed_twice_is_gone(side):
    """Removing frees the time; an event that is gone, or never was, is no error."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, visit().event_id)
    assert side.entered() == []
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []


@pytest.mark.parametrize("call", ["busy", "put"])
async def test_an_unknown_calendar_is_permanent(side, call):
    """A calendar that is not there, or not shared with us, is for the owner to mend."""
    work = side.calendar.busy("nobody", MORNING) if call == "busy" else side.calendar.put("nobody", visit())
    with pytest.raises(PermanentError) as refusal:
        await work
    assert refusal.value.reason == "calendar_unknown"


async def test_calls_side_by_side_do_not_mix(side):
    """Twelve events put at the same time are all there, each once."""
    events = [visit(NINE + n * HOUR) for n in range(12)]
    await asyncio.gather(*(side.calendar.put(CALENDAR, event) for event in events))
    assert sorted(side.entered()) == sorted((event.event_id, event.start) for event in events)


@pytest.mark.parametrize("kind", ["rate_limit", "quota", "server_error", "unavailable"])
async def test_trouble_that_passes_is_transient(google, kind):
    """Limits and failures on Google's side are worth another try, which then works."""
    google.order(kind, times=2)
    with pytest.raises(TransientError) as failure:
        await google.calendar.busy(CALENDAR, MORNING)
    assert failure.value.retry_after
    event = visit()
    with pytest.raises(TransientError):
        await google.calendar.put(CALENDAR, event)
    await google.calendar.put(CALENDAR, event)
    assert google.entered() == [(event.event_id, NINE)]


@pytest.mark.parametrize("applied", [True, False])
async def test_an_answer_that_never_comes_is_transient(neighbour, google, applied):
    """A call that Google sits on ends after our patience; whether it was carried out or not, a retry mends it."""
    hasty = AtGoogle(*neighbour, timeout_seconds=0.2)
    event = visit()
    await hasty.calendar.busy(CALENDAR, MORNING)
    google.order("stall", seconds=0.5, applied=applied, path="events")
    with pytest.raises(TransientError):
        await hasty.calendar.put(CALENDAR, event)
    assert len(google.entered()) == applied
    await hasty.calendar.put(CALENDAR, event)
    hasty.calendar.close()
    assert google.entered() == [(event.event_id, NINE)]


async def test_a_revoked_key_is_said_and_a_restored_one_works_at_once(google):
    """Refused credentials are permanent and not kept: the next call after the repair signs in anew."""
    await google.calendar.busy(CALENDAR, MORNING)
    google.standin.authority.revoke_keys(keep_tokens=False)
    for _ in range(2):
        with pytest.raises(PermanentError) as refusal:
            await google.calendar.busy(CALENDAR, MORNING)
        assert refusal.value.reason == "calendar_access_revoked"
    google.standin.authority.restore_keys()
    assert list(await google.calendar.busy(CALENDAR, MORNING)) == []


async def test_a_token_that_ran_out_is_renewed_unseen(google):
    """An access token that Google no longer takes costs one more call, not a failure."""
    await google.calendar.busy(CALENDAR, MORNING)
    google.standin.authority.expire_tokens()
    assert list(await google.calendar.busy(CALENDAR, MORNING)) == []


def test_a_token_endpoint_in_trouble_is_transient(google):
    """A sign-in that Google itself calls worth a retry does not throw the key away."""
    kept = google.credentials.current()
    with pytest.raises(TransientError), translated_google("calendar.busy", google.credentials):
        raise RefreshError("internal_failure", retryable=True)
    assert google.credentials.current() is kept


async def test_an_unreachable_google_is_transient(neighbour):
    """Where nobody listens, the call is worth another try."""
    _, _, info = neighbour
    side = AtGoogle(None, "http://127.0.0.1:9", info)
    with pytest.raises(TransientError):
        await side.calendar.busy(CALENDAR, MORNING)
    side.calendar.close()


@pytest.mark.parametrize("key", [None, "", "{}", "not json", '{"type": "service_account", "private_key": "x"}'])
async def test_a_key_that_is_missing_or_broken_is_said_without_showing_it(key):
    """Without a usable key the refusal names the settings, never the key's text."""
    credentials = GoogleCredentials(secrets=None, secret_id="chatbot/google-calendar", fallback=key)
    calendar = GoogleCalendar(credentials=credentials, endpoint="http://127.0.0.1:9/calendar/v3/")
    with pytest.raises(PermanentError) as refusal:
        await calendar.busy(CALENDAR, MORNING)
    calendar.close()
    assert refusal.value.reason == "calendar_not_configured"
    assert "private_key" not in str(refusal.value)
