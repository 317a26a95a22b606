"""The instances of recurring events: as their series has them, or changed one by one.

An instance that was changed or cancelled is an event of its own, an exception. The others exist only in lists and in
answers to their ids. https://developers.google.com/workspace/calendar/api/guides/recurringevents
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from infra.local.google_calendar.events import Calendar, Event
from infra.local.google_calendar.recurrence import build_instance_id, expand_spans, parse_series_id, shift_boundary

CANCELLED = {"status": "cancelled"}


def find_event(calendar: Calendar, event_id: str) -> Event | None:
    """Return an event, a changed instance, or an instance as its series has it; None if there is none of that id."""
    stored = calendar.events.get(event_id)
    if stored is not None and not stored.dropped:
        return resolve_exception(calendar, stored)
    series = calendar.events.get(parse_series_id(event_id) or "")
    if series is None or not series.recurs:
        return None
    return next((instance for instance in _expand(calendar, series) if instance.id == event_id), None)


def list_instances(calendar: Calendar, series: Event) -> Iterator[Event]:
    """Yield every instance of a series in the order of their original starts, cancelled ones included."""
    for instance in _expand(calendar, series):
        exception = calendar.events.get(instance.id)
        is_own = exception is not None and not exception.dropped
        yield resolve_exception(calendar, exception) if exception is not None and is_own else instance


def list_single_events(calendar: Calendar, start: datetime | None, end: datetime | None) -> Iterator[Event]:
    """Yield the events that overlap the time between two bounds, with the instances of each series in its place."""
    for event in list(calendar.events.values()):
        if event.series is not None:
            continue
        for single in list_instances(calendar, event) if event.recurs else (event,):
            if single.span.overlaps(start, end):
                yield single


def list_events(calendar: Calendar, start: datetime | None, end: datetime | None) -> Iterator[Event]:
    """Yield the events that overlap the time between two bounds: series as such, and their exceptions."""
    for event in list(calendar.events.values()):
        spans = [each.span for each in _expand(calendar, event)] if event.recurs and (start or end) else [event.span]
        if any(span.overlaps(start, end) for span in spans):
            yield resolve_exception(calendar, event)


def resolve_exception(calendar: Calendar, event: Event) -> Event:
    """Return an event as it is shown: an exception ends with its series, and with its place in it."""
    if event.series is None or event.is_deleted:
        return event
    is_gone = event.dropped or calendar.events[event.series].is_deleted
    return replace(event, fields=event.fields | CANCELLED) if is_gone else event


def list_lost_exceptions(calendar: Calendar, series: Event) -> list[Event]:
    """Return the exceptions whose place no instance of the series has any more."""
    kept = {instance.id for instance in _expand(calendar, series)} if series.recurs else set()
    return [
        event
        for event in calendar.events.values()
        if event.series == series.id and not event.dropped and event.id not in kept
    ]


def _expand(calendar: Calendar, series: Event) -> Iterator[Event]:
    zone = calendar.time_zone
    inherited = {name: value for name, value in series.fields.items() if name != "recurrence"}
    for span in expand_spans(series.fields, series.span, zone):
        start = shift_boundary(series.fields["start"], span.start, zone)
        end = shift_boundary(series.fields["end"], span.end, zone)
        yield replace(
            series,
            id=build_instance_id(series.id, start, span.start),
            fields=inherited | {"start": start, "end": end},
            span=span,
            series=series.id,
            original=start,
        )
