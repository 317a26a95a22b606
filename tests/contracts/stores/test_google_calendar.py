"""Google's own behaviour: limits, timeouts, refused keys."""

import json
from dataclasses import replace

import pytest
from google.auth.exceptions import RefreshError

from infra.local.google_calendar.keys import create_service_account_key
from infra.local.google_calendar.server import build_api_endpoint
from shared.aws.secret_cache import Secrets
from shared.errors import PermanentError, TransientError
from tests.contracts.stores.calendars import CALENDAR, HOUR, MORNING, NINE, SECOND, AtGoogle, moved, visit
from tests.fakes.clock import FakeClock
from workers.booking.adapters.google.calendar import GoogleCalendar
from workers.booking.adapters.google.credentials import GoogleCredentials
from workers.booking.adapters.google.errors import translate_google_errors
from workers.booking.domain.values import Interval


class Vault:
    """The part of Secrets Manager that returns one key."""

    def __init__(self, key):
        self.key = key
        self.reads = 0

    def get_secret_value(self, **_which):
        self.reads += 1
        return {"SecretString": json.dumps(self.key)}


@pytest.mark.parametrize(
    "kind", ["rate_limit", "quota", "account_limit", "calendar_limit", "server_error", "unavailable"]
)
async def test_limits_and_server_errors_are_transient(google, kind):
    """After limits and server errors a retry works."""
    google.order(kind, times=2)
    with pytest.raises(TransientError) as failure:
        await google.calendar.find_busy_times(CALENDAR, MORNING)
    assert failure.value.retry_after
    event = visit()
    with pytest.raises(TransientError):
        await google.calendar.put(CALENDAR, event)
    await google.calendar.put(CALENDAR, event)
    assert google.event_starts() == [(event.event_id, NINE)]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_missing_answer_is_transient(neighbour, google, applied):
    """A call that Google does not answer ends with a timeout; a retry works whether the call was executed or not."""
    hasty = AtGoogle(*neighbour, timeout_seconds=0.2)
    event = visit()
    await hasty.calendar.find_busy_times(CALENDAR, MORNING)
    google.order("stall", seconds=0.5, applied=applied, path="events")
    with pytest.raises(TransientError):
        await hasty.calendar.put(CALENDAR, event)
    assert len(google.event_starts()) == applied
    await hasty.calendar.put(CALENDAR, event)
    hasty.calendar.close()
    assert google.event_starts() == [(event.event_id, NINE)]


async def test_a_revoked_key_is_reported_and_a_restored_one_works_at_once(google):
    """Refused credentials are permanent and not cached: the next call after the repair signs in again."""
    await google.calendar.find_busy_times(CALENDAR, MORNING)
    google.standin.authority.revoke_keys(keep_tokens=False)
    for _ in range(2):
        with pytest.raises(PermanentError) as refusal:
            await google.calendar.find_busy_times(CALENDAR, MORNING)
        assert refusal.value.reason == "calendar_access_revoked"
    google.standin.authority.restore_keys()
    assert list(await google.calendar.find_busy_times(CALENDAR, MORNING)) == []


async def test_a_corrected_key_works_at_once(neighbour, google):
    """A refused key is loaded again from its secret at the next call, without waiting for a cache to expire."""
    _, address, info = neighbour
    vault = Vault({**create_service_account_key(f"{address}/token"), "client_email": info["client_email"]})
    secrets = Secrets(client=vault, clock=FakeClock())
    credentials = GoogleCredentials(secrets=secrets, secret_id="chatbot/google-calendar", fallback=None)
    calendar = GoogleCalendar(credentials=credentials, clock=FakeClock(), endpoint=build_api_endpoint(address))
    with pytest.raises(PermanentError) as refusal:
        await calendar.find_busy_times(CALENDAR, MORNING)
    assert refusal.value.reason == "calendar_access_revoked"
    vault.key = info | {"token_uri": f"{address}/token"}
    assert list(await calendar.find_busy_times(CALENDAR, MORNING)) == []
    await calendar.find_busy_times(CALENDAR, MORNING)
    assert vault.reads == 2
    calendar.close()


async def test_an_expired_access_token_is_renewed(google):
    """It costs one more call and is not a failure."""
    await google.calendar.find_busy_times(CALENDAR, MORNING)
    google.standin.authority.expire_tokens()
    assert list(await google.calendar.find_busy_times(CALENDAR, MORNING)) == []


def test_a_failing_token_endpoint_is_transient(google):
    """A sign-in error that Google marks as retryable does not drop the key."""
    kept = google.credentials.get_credentials()
    with pytest.raises(TransientError), translate_google_errors("calendar.busy", google.credentials):
        raise RefreshError("internal_failure", retryable=True)
    assert google.credentials.get_credentials() is kept


async def test_an_unreachable_google_is_transient(neighbour):
    """A refused connection is worth a retry."""
    _, _, info = neighbour
    side = AtGoogle(None, "http://127.0.0.1:9", info)
    with pytest.raises(TransientError):
        await side.calendar.find_busy_times(CALENDAR, MORNING)
    side.calendar.close()


@pytest.mark.parametrize("key", [None, "", "{}", "not json", '{"type": "service_account", "private_key": "x"}'])
async def test_a_missing_or_invalid_key_is_reported_without_quoting_it(key):
    """The error names the settings, never the key's text."""
    credentials = GoogleCredentials(secrets=None, secret_id="chatbot/google-calendar", fallback=key)
    calendar = GoogleCalendar(credentials=credentials, clock=FakeClock(), endpoint="http://127.0.0.1:9/calendar/v3/")
    with pytest.raises(PermanentError) as refusal:
        await calendar.find_busy_times(CALENDAR, MORNING)
    calendar.close()
    assert refusal.value.reason == "calendar_not_configured"
    assert "private_key" not in str(refusal.value)


def test_an_answer_that_is_not_json_is_transient(google):
    """An HTML page of a proxy says nothing about the calendar."""
    with (
        pytest.raises(TransientError, match="JSONDecodeError"),
        translate_google_errors("calendar.busy", google.credentials),
    ):
        json.loads("<html>")


async def test_half_a_year_is_read_at_once(google):
    """All pages are read, however many there are."""
    starts = [NINE + n * HOUR for n in range(7)]
    for start in starts:
        google.owner_enters(Interval(start, start + HOUR))
    google.standin.max_page_size = 2
    busy = await google.calendar.find_busy_times(CALENDAR, Interval(NINE - HOUR, NINE + 170 * 24 * HOUR))
    assert sorted(one.interval.start for one in busy) == starts
    assert google.standin.calls["GET /calendar/v3/calendars/{calendarId}/events"] == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"transparency": "transparent"},
        {"eventType": "workingLocation"},
        {"eventType": "birthday"},
        {"attendees": [{"email": CALENDAR, "responseStatus": "declined"}]},
    ],
)
async def test_events_that_occupy_no_time_are_free(google, fields):
    """Marked as free, a working location, a birthday, an invitation that the owner declined."""
    google.owner_enters(Interval(NINE, NINE + HOUR), **fields)
    assert list(await google.calendar.find_busy_times(CALENDAR, MORNING)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "tentative"},
        {"eventType": "outOfOffice"},
        {"attendees": [{"email": "guest@example.com", "responseStatus": "declined"}]},
        {"attendees": [{"email": CALENDAR, "responseStatus": "accepted"}]},
    ],
)
async def test_events_that_may_occupy_the_owner_are_busy(google, fields):
    """An unanswered invitation, an out-of-office event, a guest who declined."""
    google.owner_enters(Interval(NINE, NINE + HOUR), **fields)
    assert [one.interval for one in await google.calendar.find_busy_times(CALENDAR, MORNING)] == [
        Interval(NINE, NINE + HOUR)
    ]


async def test_an_all_day_event_uses_the_calendars_zone(google):
    """It begins and ends at midnight in Warsaw, the calendar's zone."""
    google.insert(start={"date": "2027-03-01"}, end={"date": "2027-03-02"})
    midnight = NINE - 10 * HOUR
    [busy] = await google.calendar.find_busy_times(CALENDAR, MORNING)
    assert busy.interval == Interval(midnight, midnight + 24 * HOUR)


async def test_a_copy_of_our_event_is_the_owners_own(google):
    """It has our properties and another id, so it is not explained by an appointment."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    fields = {name: value for name, value in google.stored(event).fields.items() if name != "id"}
    google.insert(**fields)
    whose = sorted(str(one.appointment_id) for one in await google.calendar.find_busy_times(CALENDAR, MORNING))
    assert whose == sorted([event.appointment_id, "None"])


async def test_the_owners_other_fields_of_our_event_stay(google):
    """Only what we write is written again: times, properties, and texts that are still ours."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    guests = [{"email": "colleague@example.com"}]
    assert google.stored(event).fields["reminders"] == {"useDefault": True}
    reminders = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]}
    texts = {"location": "Room 2", "summary": "Jan again", "colorId": "4"}
    google.patch(event, **texts, attendees=guests, reminders=reminders)
    await google.calendar.put(CALENDAR, moved(event, version=3))
    fields = google.stored(event).fields
    assert fields["reminders"] == reminders
    assert {name: fields[name] for name in texts} == texts
    assert [guest["email"] for guest in fields["attendees"]] == ["colleague@example.com"]
    properties = fields["extendedProperties"]["private"]
    assert (properties["appointment_id"], properties["version"]) == (event.appointment_id, "3")


@pytest.mark.parametrize("subject", [None, "owner@example.com"])
async def test_the_owners_other_fields_follow_into_another_calendar(neighbour, google, subject):
    """Guests only if the account may invite; back again, what the owner has removed meanwhile is removed there, too."""
    account = AtGoogle(*neighbour, subject=subject)
    event = visit(attendee="jan@example.com")
    await account.calendar.put(CALENDAR, event)
    reminders = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]}
    written = {"location": "Room 2", "colorId": "4", "reminders": reminders, "visibility": "private"}
    accepted = {"email": "jan@example.com", "responseStatus": "accepted"}
    google.patch(event, **written, attendees=[accepted, {"email": CALENDAR}, {"email": "a@example.com"}])
    await account.calendar.put(SECOND, replace(event, version=3), earlier=(CALENDAR,))
    copied = google.stored(event, SECOND).fields
    assert {name: copied[name] for name in written} == written
    invited = {guest["email"]: guest["responseStatus"] for guest in copied.get("attendees", ())}
    assert invited == ({"jan@example.com": "accepted", "a@example.com": "needsAction"} if subject else {})

    await account.calendar.remove(CALENDAR, event.event_id)
    google.owner_writes(event, SECOND, location=None, colorId="7", reminders={"useDefault": True, "overrides": None})
    await account.calendar.put(CALENDAR, replace(event, version=4), earlier=(SECOND,))
    restored = google.stored(event).fields
    assert (restored.get("location"), restored["colorId"]) == (None, "7")
    assert restored["reminders"] == {"useDefault": True}
    account.calendar.close()


async def test_an_earlier_calendar_that_can_not_be_read(google):
    """One that is not shared any more is passed over; a limit is worth a retry, or the owner's words would be lost."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    google.owner_writes(event, summary="Jan, VIP")
    google.order("rate_limit")
    with pytest.raises(TransientError):
        await google.calendar.put(SECOND, replace(event, version=3), earlier=(CALENDAR,))
    await google.calendar.put(SECOND, replace(event, version=3), earlier=(CALENDAR, "nobody@example.com"))
    assert google.texts(event, SECOND)[0] == "Jan, VIP"


async def test_a_text_of_an_event_that_a_release_before_wrote(google):
    """Such an event has no hashes: a text other than ours is taken for the owner's, and an equal one becomes ours."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    hashes = dict.fromkeys(("summary_hash", "description_hash"))
    google.patch(event, description="By the owner", extendedProperties={"private": hashes})
    await google.calendar.put(CALENDAR, moved(event, version=3))
    await google.calendar.put(CALENDAR, moved(event, version=4, summary="Renamed", description="Tel. 1"))
    assert google.texts(event) == ("Renamed", "By the owner")


async def test_an_up_to_date_event_is_not_written(google):
    """So a retry is no change, and the owner gets no notification."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    etag = google.stored(event).etag
    await google.calendar.put(CALENDAR, event)
    assert google.stored(event).etag == etag


@pytest.mark.parametrize("call", ["put", "remove"])
@pytest.mark.parametrize("times", [1, 100])
async def test_a_concurrent_change_is_read_again(google, call, times):
    """The owner's concurrent change is respected; if changes do not stop, the command is retried."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    left = [times]

    def owner_writes():
        if left[0]:
            left[0] -= 1
            google.patch(event, location=f"Room {left[0]}")

    google.standin.before_conditional_writes = owner_writes
    change = (
        google.calendar.put(CALENDAR, moved(event, version=3))
        if call == "put"
        else google.calendar.remove(CALENDAR, event.event_id)
    )
    if times > 1:
        with pytest.raises(TransientError, match="too many concurrent changes"):
            await change
        return
    await change
    assert google.event_starts() == ([(event.event_id, NINE + HOUR)] if call == "put" else [])


async def test_a_concurrent_later_version_wins(google):
    """Our write has version 3; while we read the event, version 4 is written."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    newest = {"private": {"version": "4"}}
    google.standin.before_conditional_writes = lambda: google.patch(event, extendedProperties=newest)
    await google.calendar.put(CALENDAR, moved(event, version=3))
    assert google.event_starts() == [(event.event_id, NINE)]


async def test_a_role_that_changes_loses_nothing(google):
    """Without write access calls are refused, also a removal that looks done; with it they work again."""
    event = visit()
    await google.calendar.put(CALENDAR, event)
    token = (await google.calendar.list_changes(CALENDAR, None)).next_token
    for role, reason in [
        ("freeBusyReader", "calendar_forbidden"),
        ("none", "calendar_unknown"),
        ("reader", "calendar_forbidden"),
    ]:
        google.standin.store.get_calendar(CALENDAR).access_role = role
        for write in (google.calendar.put(CALENDAR, visit()), google.calendar.remove(CALENDAR, event.event_id)):
            with pytest.raises(PermanentError) as refusal:
                await write
            assert refusal.value.reason == reason
        if role == "none":
            continue
        assert not await google.calendar.is_writable(CALENDAR)
        assert not (await google.calendar.find_event(CALENDAR, event.event_id)).deleted
        assert len(await google.calendar.find_busy_times(CALENDAR, MORNING)) == 1
        assert list((await google.calendar.list_changes(CALENDAR, token)).appointment_ids) == []
    google.standin.store.get_calendar(CALENDAR).access_role = "writer"
    assert (await google.calendar.find_event(CALENDAR, event.event_id)).version == 2
    await google.calendar.remove(CALENDAR, event.event_id)
    assert google.event_starts() == []


async def test_guests_are_invited_only_on_behalf_of_a_user(neighbour, google):
    """A plain service account may not invite, so it does not try; a delegated one invites the visitor."""
    plain, invited = visit(attendee="jan@example.com"), visit(attendee="jan@example.com")
    await google.calendar.put(CALENDAR, plain)
    assert "attendees" not in google.stored(plain).fields
    delegate = AtGoogle(*neighbour, subject="owner@example.com")
    await delegate.calendar.put(CALENDAR, invited)
    delegate.calendar.close()
    stored = google.stored(invited)
    assert [guest["email"] for guest in stored.fields["attendees"]] == ["jan@example.com"]
    assert stored.creator == "owner@example.com"


async def test_the_first_read_leaves_out_past_events(google):
    """A calendar may have years of visits; past ones are never requested."""
    await google.calendar.put(CALENDAR, visit(NINE - 100 * 24 * HOUR))
    assert list((await google.calendar.list_changes(CALENDAR, None)).appointment_ids) == []


async def test_changes_come_from_all_pages(google):
    """The token is that of the last page."""
    events = [visit(NINE + n * HOUR) for n in range(5)]
    for event in events:
        await google.calendar.put(CALENDAR, event)
    google.standin.max_page_size = 2
    found = await google.calendar.list_changes(CALENDAR, None)
    assert sorted(found.appointment_ids) == sorted(event.appointment_id for event in events)
    assert list((await google.calendar.list_changes(CALENDAR, found.next_token)).appointment_ids) == []
