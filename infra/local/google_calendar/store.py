"""Calendars and their events in memory, with the rules of writing; without HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from infra.local.google_calendar.errors import (
    Json,
    build_already_deleted_error,
    build_condition_error,
    build_duplicate_error,
    build_invalid_error,
    build_not_found_error,
)
from infra.local.google_calendar.event_fields import merge_patch, parse_event_id, parse_fields
from infra.local.google_calendar.moments import Span, find_zone, parse_span

READING_ROLES = ("freeBusyReader", "reader")
ROLES = (*READING_ROLES, "writerWithoutPrivateAccess", "writer", "owner")
"""The roles that a user may have for a calendar: https://developers.google.com/workspace/calendar/api/v3/reference/events/list"""


@dataclass(frozen=True)
class Event:
    """One version of an event. `change` is the calendar-wide number of the write that created it."""

    id: str
    fields: Json
    span: Span
    creator: str
    created: datetime
    updated: datetime
    position: int
    change: int
    sequence: int = 0

    @property
    def status(self) -> str:
        """Return `confirmed`, `tentative` or `cancelled`."""
        return str(self.fields.get("status", "confirmed"))

    @property
    def is_deleted(self) -> bool:
        """Return whether the event is deleted; its id can't be used again."""
        return self.status == "cancelled"

    @property
    def blocks_time(self) -> bool:
        """Return whether the event makes its time busy."""
        return not self.is_deleted and self.fields.get("transparency") != "transparent"

    @property
    def etag(self) -> str:
        """Return the version's etag; two writes in one millisecond have different ones."""
        return f'"{int(self.updated.timestamp() * 1000)}{self.change:06d}"'


@dataclass
class Calendar:
    """One calendar; `events` includes deleted ones."""

    id: str
    time_zone: ZoneInfo
    updated: datetime
    change: int = 0
    access_role: str = "writer"
    """The service account's role for the calendar."""
    events: dict[str, Event] = field(default_factory=dict)


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

    def clear(self) -> None:
        """Remove all calendars."""
        self._calendars.clear()

    def get_event(self, calendar_id: str, event_id: str) -> Event:
        """Return one event, deleted or not, or raise `notFound`."""
        event = self.get_calendar(calendar_id).events.get(event_id)
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
        span = parse_span(fields, calendar.time_zone)
        sequence = before.sequence + (span != before.span)
        return self._store_event(
            calendar,
            replace(before, fields=fields, span=span, sequence=sequence, updated=self._clock()),
        )

    def _store_event(self, calendar: Calendar, event: Event) -> Event:
        calendar.change += 1
        calendar.updated = event.updated
        kept = replace(event, change=calendar.change)
        calendar.events[event.id] = kept
        return kept
