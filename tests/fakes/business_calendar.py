"""An in-memory calendar, with the owner's own events, the owner's changes to ours, and errors on demand."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from tests.fakes.repeated_events import RepeatedEvent
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.event_id import build_event_id, event_id_to_appointment_id
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime, CalendarChanges, CalendarEvent

Call = Literal["find_busy_times", "is_writable", "put", "remove", "find_event", "list_changes"]


_State = tuple[CalendarEvent | None, CalendarEvent | None, bool, RepeatedEvent | None]
"""An event, how we wrote it last, whether it has no times, and how the owner repeats it."""


class FakeCalendar:
    """A `Calendar` with the given calendar ids; tests may change `events` as the owner would."""

    def __init__(self, *calendar_ids: str) -> None:
        self.events: dict[str, dict[str, CalendarEvent]] = {name: {} for name in calendar_ids or ("calendar",)}
        self.owners: dict[str, list[Interval]] = {name: [] for name in self.events}
        self.all_day: dict[str, list[date]] = {}
        """The dates of the owner's own all-day events."""
        self.timeless: set[str] = set()
        """The ids of the events that the owner changed to all-day events."""
        self.repeated: dict[tuple[str, str], RepeatedEvent] = {}
        """What the owner repeated, by calendar and event id; `events` has the instances that are the visits."""
        self._unversioned: set[tuple[str, str]] = set()
        """The events that show no version once they are deleted, because they were repeated."""
        self.calls: list[Call] = []
        self.fresh_reads: list[bool] = []
        """For each read of busy times, whether it had to be fresh."""
        self._written: dict[tuple[str, str], CalendarEvent] = {}
        """The last event that was written, by calendar and event id; it remains after a deletion."""
        self._readings: list[dict[str, _State]] = []
        """The state that each token stands for."""
        self.outage: Exception | None = None
        """Raised by every call while it is set."""
        self.answers = asyncio.Event()
        """Every call waits for this event."""
        self.answers.set()
        self.read_only: set[str] = set()
        """The calendars that are shared read-only."""
        self._errors: list[tuple[Call, Exception | None]] = []

    def block(self, interval: Interval, calendar_id: str = "calendar") -> None:
        """Add an event of the owner's own."""
        self.owners[calendar_id].append(interval)

    def owner_moves(self, appointment_id: str, to: Interval, calendar_id: str = "calendar") -> None:
        """Change the times of our event, or of all instances if it is repeated."""
        event = self.events[calendar_id][build_event_id(appointment_id)]
        if repeated := self.repeated.get((calendar_id, event.event_id)):
            moved = self.repeated[calendar_id, event.event_id] = repeated.move(to)
            event = moved.first
        self.events[calendar_id][event.event_id] = replace(event, start=to.start, end=to.end)

    def owner_deletes(self, appointment_id: str, calendar_id: str = "calendar") -> None:
        """Delete our event, with all instances if it is repeated."""
        self.events[calendar_id].pop(build_event_id(appointment_id))
        self.repeated.pop((calendar_id, build_event_id(appointment_id)), None)

    def owner_repeats(self, appointment_id: str, weeks: int, calendar_id: str = "calendar") -> None:
        """Make our event recurring."""
        event = self.events[calendar_id][build_event_id(appointment_id)]
        self.repeated[calendar_id, event.event_id] = RepeatedEvent.repeat(event, weeks)
        self._unversioned.add((calendar_id, event.event_id))

    def owner_changes_instance(
        self, appointment_id: str, week: int, to: Interval | None, calendar_id: str = "calendar"
    ) -> None:
        """Move one instance, or cancel it; that of week 0 is the visit."""
        event_id = build_event_id(appointment_id)
        if week:
            self.repeated[calendar_id, event_id] = self.repeated[calendar_id, event_id].change(week, to)
        elif to is None:
            del self.events[calendar_id][event_id]
        else:
            event = self.events[calendar_id][event_id]
            self.events[calendar_id][event_id] = replace(event, start=to.start, end=to.end)

    def owner_cuts_off(self, appointment_id: str, weeks: int, calendar_id: str = "calendar") -> None:
        """End a repeated event after so many weeks; with none left, the visit's instance is gone, too."""
        event_id = build_event_id(appointment_id)
        self.repeated[calendar_id, event_id] = self.repeated[calendar_id, event_id].cut(weeks)
        if not weeks:
            del self.events[calendar_id][event_id]

    def owner_restores(self, appointment_id: str, calendar_id: str = "calendar") -> None:
        """Restore our deleted event as it was written last."""
        event_id = build_event_id(appointment_id)
        self.events[calendar_id][event_id] = self._written[calendar_id, event_id]

    def expire_tokens(self) -> None:
        """Make every token so far expire."""
        self._readings = [{} for _ in self._readings]

    def fail(self, call: Call, *errors: Exception | None) -> None:
        """Raise each of the errors at one of the next such calls, in this order; None lets a call through."""
        self._errors += [(call, error) for error in errors]

    async def find_busy_times(
        self,
        calendar_id: str,
        between: Interval,
        *,
        zone: ZoneInfo | None = None,
        fresh: bool = False,
        busy_may_lag: bool = False,
    ) -> Sequence[BusyTime]:
        """Return the busy times."""
        del busy_may_lag
        events = await self._calendar("find_busy_times", calendar_id)
        self.fresh_reads.append(fresh)
        ours = [
            BusyTime(Interval(event.start, event.end), _whose(event), event.version)
            for event in events.values()
            if (calendar_id, event.event_id) not in self.repeated
        ]
        for (where, event_id), repeated in self.repeated.items():
            if where != calendar_id:
                continue
            visit = [Interval(event.start, event.end)] if (event := events.get(event_id)) else []
            times = [*visit, *repeated.other_times]
            ours += [BusyTime(time, series_of=_whose(repeated.first)) for time in times]
        all_day = [_span_day(day, zone or UTC) for day in self.all_day.get(calendar_id, ())]
        found = [*ours, *(BusyTime(interval) for interval in (*self.owners[calendar_id], *all_day))]
        return sorted((busy for busy in found if busy.interval.overlaps(between)), key=lambda busy: busy.interval.start)

    async def is_writable(self, calendar_id: str) -> bool:
        """Return whether it is shared with write access."""
        await self._calendar("is_writable", calendar_id)
        return calendar_id not in self.read_only

    async def put(self, calendar_id: str, event: CalendarEvent, *, earlier: Sequence[str] = ()) -> None:
        """Write the event, unless it was written for a later version."""
        events = await self._calendar("put", calendar_id)
        repeated = self.repeated.get((calendar_id, event.event_id))
        if repeated and repeated.is_cut_off:
            return
        before = self._written.get((calendar_id, event.event_id))
        was_deleted = before is not None and event.event_id not in events
        if before is None or before.version < event.version or (before.version == event.version and not was_deleted):
            stored = events.get(event.event_id)
            if event.keeps_times and stored and 0 < stored.version < event.version:
                event = replace(event, start=stored.start, end=stored.end)
            else:
                self.timeless.discard(event.event_id)
            self._written[calendar_id, event.event_id] = event
            if (calendar_id, event.event_id) not in self.repeated:
                self._unversioned.discard((calendar_id, event.event_id))
            elsewhere = [each for each in reversed(earlier) if event.event_id in self.events.get(each, {})]
            if stored and before:
                event = _keep_texts(event, stored, before)
            elif elsewhere and not stored:
                source = self.events[elsewhere[0]][event.event_id]
                event = _keep_texts(event, source, self._written.get((elsewhere[0], event.event_id), source))
            events[event.event_id] = event

    async def remove(self, calendar_id: str, event_id: str, *, cancelled_version: int | None = None) -> None:
        """Delete the event, which gets the version; a missing event is no error, and one with the version stays."""
        events = await self._calendar("remove", calendar_id)
        stored = events.get(event_id)
        if stored is None or (cancelled_version and stored.version >= cancelled_version):
            return
        del events[event_id]
        if cancelled_version:
            self._written[calendar_id, event_id] = replace(stored, version=cancelled_version)

    async def find_event(self, calendar_id: str, event_id: str) -> StoredEvent | None:
        """Return the current state of one of our events; None if the calendar never had it."""
        event = (await self._calendar("find_event", calendar_id)).get(event_id)
        if event is None:
            gone = self._written.get((calendar_id, event_id))
            if gone is None:
                return None
            version = 0 if (calendar_id, event_id) in self._unversioned else gone.version
            return StoredEvent(version, Interval(gone.start, gone.end), deleted=True)
        timeless = event_id in self.timeless
        return StoredEvent(event.version, None if timeless else Interval(event.start, event.end))

    async def list_changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Return the appointments whose events were written since the token, also if they are again as they were."""
        events = await self._calendar("list_changes", calendar_id)
        names = [name for where, name in self._written if where == calendar_id]
        known: dict[str, _State] = {
            name: (
                events.get(name),
                self._written.get((calendar_id, name)),
                name in self.timeless,
                self.repeated.get((calendar_id, name)),
            )
            for name in [*names, *events]
        }
        before = self._readings[int(since)] if since is not None else {}
        self._readings.append(known)
        changed = [name for name, state in known.items() if name not in before or _is_written(before[name], state)]
        ours = tuple(found for name in changed if (found := event_id_to_appointment_id(name)))
        deleted = frozenset(
            found
            for name in changed
            if name not in events and (calendar_id, name) not in self.repeated
            if (found := event_id_to_appointment_id(name))
        )
        return CalendarChanges(ours, str(len(self._readings) - 1), deleted)

    async def _calendar(self, call: Call, calendar_id: str) -> dict[str, CalendarEvent]:
        await asyncio.sleep(0)
        self.calls.append(call)
        await self.answers.wait()
        if self.outage:
            raise self.outage
        for position, (failing, error) in enumerate(self._errors):
            if failing == call:
                del self._errors[position]
                if error:
                    raise error
                break
        if calendar_id not in self.events:
            raise UnusableCalendarError(CalendarProblem.UNKNOWN, f"calendar.{call}")
        if calendar_id in self.read_only and call in {"put", "remove"}:
            raise UnusableCalendarError(CalendarProblem.FORBIDDEN, f"calendar.{call}")
        return self.events[calendar_id]


def _is_written(before: _State, now: _State) -> bool:
    """Return whether the event is another one, even if it is equal or gone again: every write makes one."""
    return before[0] is not now[0] or before[1] is not now[1] or before[2:] != now[2:]


def _keep_texts(event: CalendarEvent, stored: CalendarEvent, written: CalendarEvent) -> CalendarEvent:
    """Return the event with the texts that the owner changed since they were written."""
    for name in ("summary", "description"):
        if getattr(stored, name) != getattr(written, name):
            event = replace(event, **{name: getattr(stored, name)})
    return event


def _whose(event: CalendarEvent) -> str | None:
    return event.appointment_id if event.event_id == build_event_id(event.appointment_id) else None


def _span_day(day: date, zone: tzinfo) -> Interval:
    midnights = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    return Interval(*midnights)
