"""What only Google does: limits, silence, keys that are refused."""

import json
from datetime import timedelta

import pytest
from google.auth.exceptions import RefreshError

from infra.local.google_calendar.keys import make_service_account
from infra.local.google_calendar.server import api_endpoint
from shared.aws.secrets import Secrets
from shared.errors import PermanentError, TransientError
from tests.contracts.stores.calendars import CALENDAR, HOUR, MORNING, NINE, AtGoogle, visit
from tests.fakes.clock import FakeClock
from workers.booking.adapters.google_calendar import GoogleCalendar
from workers.booking.adapters.google_credentials import GoogleCredentials
from workers.booking.adapters.google_errors import translated_google
from workers.booking.domain.values import Interval


class Vault:
    """The part of Secrets Manager that is asked for one key."""

    def __init__(self, key):
        self.key = key
        self.reads = 0

    def get_secret_value(self, **_which):
        self.reads += 1
        return {"SecretString": json.dumps(self.key)}


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


async def test_a_repaired_key_works_at_once(neighbour, google):
    """A key that was refused is read anew from its secret at the next call, without waiting for any cache."""
    _, address, info = neighbour
    vault = Vault({**make_service_account(f"{address}/token"), "client_email": info["client_email"]})
    secrets = Secrets(client=vault, clock=FakeClock())
    credentials = GoogleCredentials(secrets=secrets, secret_id="chatbot/google-calendar", fallback=None)
    calendar = GoogleCalendar(credentials=credentials, endpoint=api_endpoint(address))
    with pytest.raises(PermanentError) as refusal:
        await calendar.busy(CALENDAR, MORNING)
    assert refusal.value.reason == "calendar_access_revoked"
    vault.key = info | {"token_uri": f"{address}/token"}
    assert list(await calendar.busy(CALENDAR, MORNING)) == []
    await calendar.busy(CALENDAR, MORNING)
    assert vault.reads == 2
    calendar.close()


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


def test_an_answer_that_is_no_json_is_transient(google):
    """A page from something in between says nothing about the calendar."""
    with pytest.raises(TransientError, match="JSONDecodeError"), translated_google("calendar.busy", google.credentials):
        json.loads("<html>")


async def test_half_a_year_is_asked_for_in_pieces(google):
    """Google refuses long questions; the answer is one list, whatever the pieces."""
    later = NINE + timedelta(days=170)
    for start in (NINE, later):
        await google.calendar.put(CALENDAR, visit(start))
    busy = await google.calendar.busy(CALENDAR, Interval(NINE - HOUR, later + 2 * HOUR))
    assert [interval.start for interval in busy] == [NINE, later]
