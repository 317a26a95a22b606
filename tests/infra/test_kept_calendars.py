"""The calendar stand-in keeps its events in a file."""

import aiohttp
import pytest

from infra.local.google_calendar.keeping import KeptCalendars
from infra.local.google_calendar.server import open_server
from infra.local.google_calendar.standin import Standin
from infra.local.kept_state import KeptStateError, write_state

EVENT = {
    "calendar": "studio",
    "start": "2027-03-27T23:30:00+01:00",
    "end": "2027-03-28T03:30:00+02:00",
    "summary": "Visit",
}

FIRST_FILE = """{"format": 1, "content": [{"id": "studio", "time_zone": "Europe/Warsaw", "change": 1,
"updated": "2026-11-30T10:42:53.489796Z", "access_role": "writer", "events": {"9b241b76d4c0": {"id": "9b241b76d4c0",
"fields": {"summary": "Visit", "start": {"dateTime": "2027-03-27T23:30:00+01:00", "timeZone": "Europe/Warsaw"},
"end": {"dateTime": "2027-03-28T03:30:00+02:00", "timeZone": "Europe/Warsaw"}},
"span": {"start": "2027-03-27T22:30:00Z", "end": "2027-03-28T01:30:00Z"}, "creator": "studio",
"created": "2026-11-30T10:42:53.489796Z", "updated": "2026-11-30T10:42:53.489796Z", "position": 1, "change": 1,
"sequence": 0, "series": null, "original": null, "dropped": false}}}]}"""


def open_standin(path):
    standin = Standin(keys=(), calendars=("studio",), time_zone="Europe/Warsaw")
    kept = KeptCalendars(path, standin)
    kept.restore()
    return standin, kept


async def call(standin, kept, *requests):
    """Return the status of each request and the body of the last."""
    async with open_server(standin, middlewares=[kept.write_changes]) as address, aiohttp.ClientSession() as session:
        statuses = []
        for method, query, body in requests:
            url = f"{address}/_standin/events"
            async with session.request(method, url, params=query, json=body) as answer:
                statuses.append(answer.status)
                last = await answer.json() if answer.status == 201 else None
        return statuses, last


async def test_events_are_there_after_a_crash(tmp_path):
    """The file has an event when its insertion is answered, and a deleted event stays deleted."""
    path = tmp_path / "calendar.json"
    first, kept = open_standin(path)
    _, event = await call(first, kept, ("POST", {}, EVENT))
    written = path.read_bytes()
    weekly = EVENT | {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}
    await call(first, kept, ("POST", {}, weekly))
    assert written != path.read_bytes()
    second, kept = open_standin(path)
    assert second.store.get_calendar("studio") == first.store.get_calendar("studio")
    await call(second, kept, ("DELETE", {"calendar": "studio", "id": event["id"]}, None))
    third, _ = open_standin(path)
    assert third.store.get_event("studio", event["id"]).is_deleted
    assert third.store.get_calendar("studio").change == second.store.get_calendar("studio").change == 3


async def test_nothing_is_written_without_a_change(tmp_path):
    """Reading, and a request that is refused, do not touch the file."""
    path = tmp_path / "calendar.json"
    standin, kept = open_standin(path)
    await call(standin, kept, ("POST", {}, EVENT))
    path.unlink()
    statuses, _ = await call(
        standin, kept, ("GET", {"calendar": "studio"}, None), ("POST", {}, EVENT | {"start": "soon"})
    )
    assert statuses == [200, 400]
    assert not path.exists()


async def test_an_event_that_cannot_be_kept_is_not_confirmed(tmp_path):
    """On a full disk the client hears an error and asks again; the next write has the event."""
    path = tmp_path / "calendar.json"
    standin, kept = open_standin(path)
    unfinished = tmp_path / "calendar.json.new"
    unfinished.mkdir()
    assert (await call(standin, kept, ("POST", {}, EVENT)))[0] == [500]
    unfinished.rmdir()
    assert (await call(standin, kept, ("POST", {}, EVENT)))[0] == [201]
    again, _ = open_standin(path)
    assert len(again.store.get_calendar("studio").events) == 2


def test_a_file_without_calendars_is_refused(tmp_path):
    """The error says what to do."""
    path = tmp_path / "calendar.json"
    write_state(path, [{"id": "studio"}])
    with pytest.raises(KeptStateError, match="`make up FRESH=1` begins anew"):
        open_standin(path)


def test_the_file_of_the_release_before_is_read(tmp_path):
    """Its names are frozen: what a developer has in it is there after an update."""
    path = tmp_path / "calendar.json"
    path.write_text(FIRST_FILE)
    standin, _ = open_standin(path)
    event = standin.store.get_event("studio", "9b241b76d4c0")
    assert (event.fields["summary"], event.span.start.isoformat()) == ("Visit", "2027-03-27T22:30:00+00:00")
    assert (event.etag, standin.store.get_calendar("studio").change) == ('"1796035373489000001"', 1)
