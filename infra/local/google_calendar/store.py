"""Calendars and their events in memory, with the rules of writing; without HTTP."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from infra.local.google_calendar.errors import (
    Json,
    build_already_deleted_error,
    build_condition_error,
    build_duplicate_error,
    build_invalid_error,
    build_not_found_error,
)
from infra.local.google_calendar.event_fields import merge_patch, parse_event_id, parse_fields
from infra.local.google_calendar.events import Calendar, Event
from infra.local.google_calendar.instances import find_event, list_lost_exceptions
from infra.local.google_calendar.moments import find_zone, parse_span
from infra.local.google_calendar.recurrence import check_recurrence


class CalendarStore:
    """All calendars."""

    def __init__(self, *, clock: Callable[[], datetime], new_event_id: Callable[[], str]) -> None:
        self._clock = clock
        self._new_event_id = new_event_id
        self._calendars: dict[str, Calendar] = {}

    def now(self) -> datetime:
        """Return the time of the store's clock."""
        return self._clock()

    def create_calendar(self, calendar_id: str, time_zone: str = "UTC") -> Calendar:
        """Add an empty calendar; one that exists stays as it is."""
        where = find_zone(time_zone, build_invalid_error("Invalid time zone."))
        return self._calendars.setdefault(calendar_id, Calendar(calendar_id, where, self._clock()))

    def list_calendars(self) -> list[Calendar]:
        """Return every calendar, the oldest first."""
        return list(self._calendars.values())

    def get_calendar(self, calendar_id: str) -> Calendar:
        """Return one calendar or raise `notFound`."""
        if calendar_id not in self._calendars:
            raise build_not_found_error()
        return self._calendars[calendar_id]

    def delete_calendar(self, calendar_id: str) -> None:
        """Remove a calendar with its events, or raise `notFound`."""
        del self._calendars[self.get_calendar(calendar_id).id]

    def clear(self) -> None:
        """Remove all calendars."""
        self._calendars.clear()

    def restore_calendars(self, calendars: Iterable[Calendar]) -> None:
        """Add these calendars with their events; each replaces one with its id."""
        self._calendars.update({calendar.id: calendar for calendar in calendars})

    def get_event(self, calendar_id: str, event_id: str) -> Event:
        """Return one event or instance, deleted or not, or raise `notFound`."""
        event = find_event(self.get_calendar(calendar_id), event_id)
        if event is None:
            raise build_not_found_error()
        return event

    def insert_event(self, calendar_id: str, body: Json, creator: str) -> Event:
        """Add an event under the client's id, or under a new id if the body has none."""
        calendar = self.get_calendar(calendar_id)
        event_id = self._new_event_id() if body.get("id") is None else parse_event_id(body["id"])
        if event_id in calendar.events:
            raise build_duplicate_error()
        fields = parse_fields(body)
        span = parse_span(fields, calendar.time_zone)
        check_recurrence(fields, span, calendar.time_zone)
        now = self._clock()
        position = len(calendar.events) + 1
        return self._store_event(calendar, Event(event_id, fields, span, creator, now, now, position, 0))

    def patch_event(self, calendar_id: str, event_id: str, body: Json, *, if_match: str | None = None) -> Event:
        """Change the fields in the body. A `status` of `confirmed` restores a deleted event."""
        before = self._get_event_if_match(calendar_id, event_id, if_match)
        return self._change_event(calendar_id, before, parse_fields(merge_patch(before.fields, body)))

    def replace_event(self, calendar_id: str, event_id: str, body: Json, *, if_match: str | None = None) -> Event:
        """Replace all fields of an event."""
        before = self._get_event_if_match(calendar_id, event_id, if_match)
        sequence = body.get("sequence")
        if isinstance(sequence, int) and sequence < before.sequence:
            raise build_invalid_error(f"Invalid sequence value. It must be at least {before.sequence}.")
        fields = parse_fields(body)
        if before.is_deleted and "status" not in fields:
            fields["status"] = "cancelled"
        return self._change_event(calendar_id, before, fields)

    def delete_event(self, calendar_id: str, event_id: str, *, if_match: str | None = None) -> None:
        """Mark an event as cancelled; raise `deleted` if it is cancelled already."""
        event = self.get_event(calendar_id, event_id)
        if event.is_deleted:
            raise build_already_deleted_error()
        self._get_event_if_match(calendar_id, event_id, if_match)
        self._change_event(calendar_id, event, event.fields | {"status": "cancelled"})

    def _get_event_if_match(self, calendar_id: str, event_id: str, if_match: str | None) -> Event:
        event = self.get_event(calendar_id, event_id)
        if if_match is not None and if_match != "*":
            known = {tag.strip() for tag in if_match.split(",")}
            if event.etag not in known:
                raise build_condition_error()
        return event

    def _change_event(self, calendar_id: str, before: Event, fields: Json) -> Event:
        calendar = self.get_calendar(calendar_id)
        if before.series is not None:
            self._check_instance(calendar, before.series, fields)
        span = parse_span(fields, calendar.time_zone)
        check_recurrence(fields, span, calendar.time_zone)
        changed = replace(before, fields=fields, span=span, updated=self._clock())
        # RFC 5546, 2.1.4: the organiser counts up when the times change, and with a cancellation.
        counts = (span, before.is_deleted, changed.recurs) != (before.span, changed.is_deleted, before.recurs)
        stored = self._store_event(calendar, replace(changed, sequence=before.sequence + counts))
        if before.recurs:
            self._update_exceptions(calendar, before, stored)
        return stored

    def _check_instance(self, calendar: Calendar, series_id: str, fields: Json) -> None:
        if fields.get("recurrence"):
            raise build_invalid_error("An instance of a recurring event does not recur.")
        if calendar.events[series_id].is_deleted:
            raise build_not_found_error()

    def _update_exceptions(self, calendar: Calendar, before: Event, series: Event) -> None:
        """Drop the exceptions that have lost their place in a series; a deletion or restoration changes all of them."""
        lost = list_lost_exceptions(calendar, series)
        changed = [event for event in calendar.events.values() if event.series == series.id and not event.dropped]
        for event in lost if before.is_deleted == series.is_deleted else changed:
            self._store_event(calendar, replace(event, dropped=event in lost, updated=series.updated))

    def _store_event(self, calendar: Calendar, event: Event) -> Event:
        calendar.change += 1
        calendar.updated = event.updated
        kept = replace(event, change=calendar.change)
        calendar.events[event.id] = kept
        return kept
