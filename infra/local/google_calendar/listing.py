"""Lists events for `events.list`, page by page, and the changes since an earlier list."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.local.google_calendar.errors import (
    Json,
    build_bad_request_error,
    build_empty_time_range_error,
    build_full_sync_error,
    build_invalid_error,
    build_updated_min_error,
)
from infra.local.google_calendar.events import Calendar, Event
from infra.local.google_calendar.instances import list_events, list_instances, list_single_events
from infra.local.google_calendar.moments import DATE, parse_boundary

DEFAULT_PAGE_SIZE = 250
MAX_PAGE_SIZE = 2500
DELETION_RETENTION = timedelta(days=28)

Position = list[str | int]
"""The sort key of an event in a list; it stays comparable as JSON in a page token."""


@dataclass(frozen=True)
class Filters:
    """The parameters of `events.list`."""

    time_min: datetime | None = None
    time_max: datetime | None = None
    updated_min: datetime | None = None
    show_deleted: bool = False
    order_by: str | None = None
    ical_uid: str | None = None
    text: str | None = None
    private: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    max_results: int = DEFAULT_PAGE_SIZE
    page_token: str | None = None
    sync_token: str | None = None
    single_events: bool = False

    @property
    def forbids_sync(self) -> bool:
        """Return whether Google returns no sync token for such a list."""
        return bool(
            self.order_by or self.ical_uid or self.text or self.private or self.shared or self.updated_min,
        )


@dataclass(frozen=True)
class Page:
    """One page of a list: it has the token of the next page, or the sync token that ends the list."""

    events: list[Event]
    next_page_token: str | None
    next_sync_token: str | None
    is_incremental: bool


def list_page(
    calendar: Calendar, filters: Filters, *, now: datetime, epoch: str, max_page_size: int = MAX_PAGE_SIZE
) -> Page:
    """Return the requested page of events.

    Sync tokens are valid within one `epoch` only. A sync after a list
    with time bounds returns every change, inside the bounds or not.
    """
    _check_filters(filters, now)
    since = 0
    if filters.sync_token is not None:
        since = _parse_sync_token(filters.sync_token, calendar, epoch)
    after, seen = _parse_page_token(filters, calendar)
    is_sync = filters.sync_token is not None
    is_listed = _build_change_filter(since) if is_sync else _build_event_filter(filters, calendar)
    order = _build_sort_key(filters.order_by)
    found = list_single_events if filters.single_events else list_events
    matching = sorted(filter(is_listed, found(calendar, filters.time_min, filters.time_max)), key=order)
    rest = [event for event in matching if after is None or order(event) > after]
    size = min(filters.max_results, max_page_size)
    page, more = rest[:size], len(rest) > size
    next_page = None
    if more:
        token = {"after": order(page[-1]), "order": filters.order_by}
        next_page = _encode_token(token | {"seen": seen, "calendar": calendar.id})
    next_sync = None
    if not more and not filters.forbids_sync:
        # The number at the first page: writes that happen while the client pages are listed again in the next sync.
        next_sync = _encode_token({"since": seen, "epoch": epoch, "calendar": calendar.id})
    return Page(page, next_page, next_sync, is_sync)


def list_instance_page(
    calendar: Calendar, series: Event, filters: Filters, *, original: str | None, max_page_size: int = MAX_PAGE_SIZE
) -> Page:
    """Return the requested page of a series' instances, or the one whose original start is given."""
    wanted = None if original is None else _parse_original(original, calendar)
    instances = [
        event
        for event in (list_instances(calendar, series) if series.recurs else ())
        if (filters.show_deleted or not event.is_deleted)
        and event.span.overlaps(filters.time_min, filters.time_max)
        and (wanted is None or parse_boundary(event.original, "originalStart", calendar.time_zone) == wanted)
    ]
    skipped = 0 if filters.page_token is None else int((_decode_token(filters.page_token) or {}).get("skipped", 0))
    last = skipped + min(filters.max_results, max_page_size)
    next_page = _encode_token({"skipped": last}) if len(instances) > last else None
    return Page(instances[skipped:last], next_page, None, is_incremental=False)


def _parse_original(text: str, calendar: Calendar) -> datetime:
    boundary = {"date": text} if DATE.fullmatch(text) else {"dateTime": text}
    return parse_boundary(boundary, "originalStart", calendar.time_zone)


def _check_filters(filters: Filters, now: datetime) -> None:
    if filters.max_results < 1:
        raise build_invalid_error("Invalid value: maxResults must be positive.", "maxResults")
    if filters.order_by == "startTime" and not filters.single_events:
        raise build_bad_request_error("The requested ordering is not available for the particular query.")
    if filters.time_min and filters.time_max and filters.time_min >= filters.time_max:
        raise build_empty_time_range_error()
    if filters.updated_min is not None and now - filters.updated_min > DELETION_RETENTION:
        raise build_updated_min_error()
    if filters.sync_token is not None and (filters.forbids_sync or filters.time_min or filters.time_max):
        raise build_bad_request_error("Sync token cannot be combined with filters; repeat the first list's otherwise.")


def _build_change_filter(since: int) -> Callable[[Event], bool]:
    return lambda event: event.change > since


def _build_event_filter(filters: Filters, calendar: Calendar) -> Callable[[Event], bool]:
    def is_displayed(event: Event) -> bool:
        if filters.show_deleted or not event.is_deleted or filters.updated_min is not None:
            return True
        # Who expands a series has to know which of its instances are cancelled.
        is_exception = event.series is not None and not event.dropped and not filters.single_events
        return is_exception and not calendar.events[event.series or ""].is_deleted

    def matches(event: Event) -> bool:
        properties: Json = event.fields.get("extendedProperties", {})
        return (
            is_displayed(event)
            and (filters.updated_min is None or event.updated >= filters.updated_min)
            and (filters.ical_uid is None or filters.ical_uid == f"{event.series or event.id}@google.com")
            and _contains_text(event, filters.text)
            and all(_has_property(properties.get("private", {}), pair) for pair in filters.private)
            and all(_has_property(properties.get("shared", {}), pair) for pair in filters.shared)
        )

    return matches


def _has_property(properties: Json, pair: str) -> bool:
    name, separator, value = pair.partition("=")
    if not separator:
        raise build_invalid_error("Invalid extended property constraint; write propertyName=value.")
    return properties.get(name) == value


def _contains_text(event: Event, text: str | None) -> bool:
    searched = " ".join(str(event.fields.get(name, "")) for name in ("summary", "description", "location"))
    return text is None or text.casefold() in searched.casefold()


def _build_sort_key(order_by: str | None) -> Callable[[Event], Position]:
    if order_by == "startTime":
        return lambda event: [event.span.start.isoformat(), event.position, event.id]
    if order_by == "updated":
        return lambda event: [event.updated.isoformat(), event.position, event.id]
    return lambda event: [event.position, event.id]


def _parse_sync_token(token: str, calendar: Calendar, epoch: str) -> int:
    content = _decode_token(token)
    if content is None or content.get("epoch") != epoch or content.get("calendar") != calendar.id:
        raise build_full_sync_error()
    return int(content["since"])


def _parse_page_token(filters: Filters, calendar: Calendar) -> tuple[Position | None, int]:
    """Return the last position of the previous page, and the number of the last change at the first page."""
    if filters.page_token is None:
        return None, calendar.change
    content = _decode_token(filters.page_token) or {}
    is_ours = content.get("calendar") == calendar.id and content.get("order") == filters.order_by
    if "after" not in content or not is_ours:
        raise build_invalid_error("Invalid page token value.", "pageToken")
    return content["after"], int(content["seen"])


def _encode_token(content: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _decode_token(token: str) -> Json | None:
    try:
        content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error):
        return None
    return content if isinstance(content, dict) else None
