"""The two kinds of calendar that the suites work on, with the owner's hand in them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.local.google_calendar.faults import parsed
from infra.local.google_calendar.server import api_endpoint
from shared.ids import derived_id, new_id
from tests.fakes.business_calendar import FakeCalendar
from workers.booking.adapters.google_calendar import GoogleCalendar
from workers.booking.adapters.google_credentials import GoogleCredentials
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
