"""The two kinds of calendar under test, each with the owner's actions."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.local.google_calendar.faults import parse_fault
from infra.local.google_calendar.server import build_api_endpoint
from shared.ids import derive_id, new_id
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.clock import FakeClock
from workers.booking.adapters.google.calendar import GoogleCalendar
from workers.booking.adapters.google.credentials import GoogleCredentials
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

CALENDAR = "salon@example.com"
SECOND = "second@example.com"
"""A colleague's calendar."""

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MORNING = Interval(NINE - HOUR, NINE + 3 * HOUR)


def visit(start=NINE, **changes):
    appointment_id = derive_id(new_id(), "appointment")
    event = CalendarEvent(
        event_id=build_event_id(appointment_id),
        appointment_id=appointment_id,
        version=2,
        start=start,
        end=start + HOUR,
        time_zone="Europe/Warsaw",
        summary="Masaż — Jan",
        description="jan@example.com",
    )
    return replace(event, **changes)


def moved(event, by=HOUR, **changes):
    return replace(event, start=event.start + by, end=event.end + by, **changes)


class InMemory:
    """The fake, with the owner's actions."""

    def __init__(self):
        self.calendar = FakeCalendar(CALENDAR, SECOND)

    def owner_repeats(self, event, weeks):
        self.calendar.owner_repeats(event.appointment_id, weeks, CALENDAR)

    def owner_changes_instance(self, event, week, to):
        self.calendar.owner_changes_instance(event.appointment_id, week, to, CALENDAR)

    def owner_cuts_off(self, event, weeks):
        self.calendar.owner_cuts_off(event.appointment_id, weeks, CALENDAR)

    def owner_enters(self, interval):
        self.calendar.block(interval, CALENDAR)

    def owner_enters_day(self, day):
        self.calendar.all_day.setdefault(CALENDAR, []).append(day)

    def owner_deletes(self, event):
        self.calendar.owner_deletes(event.appointment_id, CALENDAR)

    def owner_restores(self, event):
        self.calendar.owner_restores(event.appointment_id, CALENDAR)

    def owner_moves(self, event, to):
        self.calendar.owner_moves(event.appointment_id, to, CALENDAR)

    def owner_writes(self, event, calendar_id=CALENDAR, **texts):
        events = self.calendar.events[calendar_id]
        events[event.event_id] = replace(events[event.event_id], **texts)

    def texts(self, event, calendar_id=CALENDAR):
        stored = self.calendar.events[calendar_id][event.event_id]
        return stored.summary, stored.description

    def owner_makes_all_day(self, event):
        self.calendar.timeless.add(event.event_id)

    def owner_shares_to_read(self):
        self.calendar.read_only.add(CALENDAR)

    def expire_tokens(self):
        self.calendar.expire_tokens()

    def event_starts(self):
        return [(event.event_id, event.start) for event in self.calendar.events[CALENDAR].values()]


class AtGoogle:
    """Google's client against the stand-in, with the owner's actions in that."""

    def __init__(self, standin, address, info, *, timeout_seconds=5, subject=None, on_request=None):
        self.standin = standin
        key = json.dumps(info | {"token_uri": f"{address}/token"})
        self.credentials = GoogleCredentials(
            secrets=None, secret_id="chatbot/google-calendar", fallback=key, subject=subject
        )
        self.calendar = GoogleCalendar(
            credentials=self.credentials,
            clock=FakeClock(NINE - 24 * HOUR),
            endpoint=build_api_endpoint(address),
            timeout_seconds=timeout_seconds,
            on_request=on_request,
        )

    def owner_enters(self, interval, **fields):
        return self.insert(**_times(interval), **fields)

    def owner_enters_day(self, day):
        self.insert(start={"date": str(day)}, end={"date": str(day + timedelta(days=1))})

    def insert(self, **fields):
        return self.standin.store.insert_event(CALENDAR, fields, "owner@example.com")

    def owner_deletes(self, event):
        self.standin.store.delete_event(CALENDAR, event.event_id)

    def owner_restores(self, event):
        self.patch(event, status="confirmed")

    def owner_moves(self, event, to):
        self.patch(event, **_times(to))

    def owner_repeats(self, event, weeks):
        self.patch(event, recurrence=[f"RRULE:FREQ=WEEKLY;COUNT={weeks}"])

    def owner_changes_instance(self, event, week, to):
        start = self.stored(event).span.start + week * timedelta(weeks=1)
        instance_id = f"{event.event_id}_{start:%Y%m%dT%H%M%SZ}"
        change = {"status": "cancelled"} if to is None else _times(to)
        self.standin.store.patch_event(CALENDAR, instance_id, change)

    def owner_cuts_off(self, event, weeks):
        until = self.stored(event).span.start + weeks * timedelta(weeks=1) - HOUR
        self.patch(event, recurrence=[f"RRULE:FREQ=WEEKLY;UNTIL={until:%Y%m%dT%H%M%SZ}"])

    def owner_makes_all_day(self, event):
        day = event.start.date()
        edges = {"start": day, "end": day + 24 * HOUR}
        self.patch(event, **{name: {"dateTime": None, "date": str(edge)} for name, edge in edges.items()})

    def patch(self, event, **fields):
        self.standin.store.patch_event(CALENDAR, event.event_id, fields)

    def owner_writes(self, event, calendar_id=CALENDAR, **texts):
        self.standin.store.patch_event(calendar_id, event.event_id, texts)

    def texts(self, event, calendar_id=CALENDAR):
        fields = self.stored(event, calendar_id).fields
        return fields.get("summary", ""), fields.get("description", "")

    def owner_shares_to_read(self):
        self.standin.store.get_calendar(CALENDAR).access_role = "reader"

    def expire_tokens(self):
        self.standin.expire_sync_tokens()

    def stored(self, event, calendar_id=CALENDAR):
        return self.standin.store.get_event(calendar_id, event.event_id)

    def event_starts(self):
        events = self.standin.store.get_calendar(CALENDAR).events.values()
        return [(event.id, event.span.start) for event in events if not event.is_deleted]

    def order(self, kind, **fault):
        self.standin.faults.add(parse_fault({"kind": kind, **fault}))


def _times(interval):
    edges = {"start": interval.start, "end": interval.end}
    return {name: {"dateTime": edge.isoformat(), "date": None} for name, edge in edges.items()}
