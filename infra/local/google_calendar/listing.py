"""Which events `events.list` gives, page by page, and which changed since an earlier list."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.local.google_calendar.errors import (
    Json,
    bad_request,
    full_sync_required,
    invalid,
    time_range_empty,
    updated_min_too_long_ago,
)
from infra.local.google_calendar.store import Calendar, Event

DEFAULT_PAGE = 250
LARGEST_PAGE = 2500
DELETIONS_REMEMBERED = timedelta(days=28)

Position = list[str | int]
"""Where an event stands in the order of a list; JSON keeps it comparable inside a page token."""


@dataclass(frozen=True)
class Filters:
    """What an `events.list` asks for."""

    time_min: datetime | None = None
    time_max: datetime | None = None
    updated_min: datetime | None = None
    show_deleted: bool = False
    order_by: str | None = None
    ical_uid: str | None = None
    text: str | None = None
    private: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    max_results: int = DEFAULT_PAGE
    page_token: str | None = None
    sync_token: str | None = None
    single_events: bool = False

    @property
    def forbids_sync(self) -> bool:
        """Whether Google gives no sync token for such a list."""
        return bool(
            self.order_by or self.ical_uid or self.text or self.private or self.shared or self.updated_min,
        )


@dataclass(frozen=True)
class Page:
    """One page of a list: either more follows, or a sync token ends it."""

    events: list[Event]
    next_page_token: str | None
    next_sync_token: str | None
    is_incremental: bool


def listed(
    calendar: Calendar, filters: Filters, *, now: datetime, epoch: str, largest_page: int = LARGEST_PAGE
) -> Page:
    """Give the page that the filters ask for.

    Sync tokens are good within one `epoch` only: a new one makes every older token stale. A sync after a list
    with time bounds gives every change, inside the bounds or not.
    """
    _check(filters, now)
    since = 0
    if filters.sync_token is not None:
        since = _since(filters.sync_token, calendar, epoch)
    after, seen = _resume(filters, calendar)
    wanted = _changed(since) if filters.sync_token is not None else _wanted(filters)
    order = _order(filters.order_by)
    matching = sorted(filter(wanted, calendar.events.values()), key=order)
    rest = [event for event in matching if after is None or order(event) > after]
    size = min(filters.max_results, largest_page)
    page, more = rest[:size], len(rest) > size
    next_page = None
    if more:
        mark = {"after": order(page[-1]), "order": filters.order_by}
        next_page = _sealed(mark | {"seen": seen, "calendar": calendar.id})
    next_sync = None
    if not more and not filters.forbids_sync:
        # The count from the first page on: what was written while the client paged comes again next time.
        next_sync = _sealed({"since": seen, "epoch": epoch, "calendar": calendar.id})
    return Page(page, next_page, next_sync, filters.sync_token is not None)


def _check(filters: Filters, now: datetime) -> None:
    if filters.max_results < 1:
        raise invalid("Invalid value: maxResults must be positive.", "maxResults")
    if filters.order_by == "startTime" and not filters.single_events:
        raise bad_request("The requested ordering is not available for the particular query.")
    if filters.time_min and filters.time_max and filters.time_min >= filters.time_max:
        raise time_range_empty()
    if filters.updated_min is not None and now - filters.updated_min > DELETIONS_REMEMBERED:
        raise updated_min_too_long_ago()
    if filters.sync_token is not None and (filters.forbids_sync or filters.time_min or filters.time_max):
        raise bad_request("Sync token cannot be combined with filters; repeat the first list's otherwise.")


def _changed(since: int) -> Callable[[Event], bool]:
    return lambda event: event.change > since


def _wanted(filters: Filters) -> Callable[[Event], bool]:
    def is_wanted(event: Event) -> bool:
        properties: Json = event.fields.get("extendedProperties", {})
        return (
            (filters.show_deleted or not event.is_deleted or filters.updated_min is not None)
            and event.span.overlaps(filters.time_min, filters.time_max)
            and (filters.updated_min is None or event.updated >= filters.updated_min)
            and (filters.ical_uid is None or filters.ical_uid == f"{event.id}@google.com")
            and _contains(event, filters.text)
            and all(_has(properties.get("private", {}), pair) for pair in filters.private)
            and all(_has(properties.get("shared", {}), pair) for pair in filters.shared)
        )

    return is_wanted


def _has(properties: Json, pair: str) -> bool:
    name, separator, value = pair.partition("=")
    if not separator:
        raise invalid("Invalid extended property constraint; write propertyName=value.")
    return properties.get(name) == value


def _contains(event: Event, text: str | None) -> bool:
    said = " ".join(str(event.fields.get(name, "")) for name in ("summary", "description", "location"))
    return text is None or text.casefold() in said.casefold()


def _order(order_by: str | None) -> Callable[[Event], Position]:
    if order_by == "startTime":
        return lambda event: [event.span.start.isoformat(), event.position]
    if order_by == "updated":
        return lambda event: [event.updated.isoformat(), event.position]
    return lambda event: [event.position]


def _since(token: str, calendar: Calendar, epoch: str) -> int:
    content = _opened(token)
    if content is None or content.get("epoch") != epoch or content.get("calendar") != calendar.id:
        raise full_sync_required()
    return int(content["since"])


def _resume(filters: Filters, calendar: Calendar) -> tuple[Position | None, int]:
    """Give where the page before ended, and the calendar's count of changes when the first page was read."""
    if filters.page_token is None:
        return None, calendar.change
    content = _opened(filters.page_token) or {}
    is_ours = content.get("calendar") == calendar.id and content.get("order") == filters.order_by
    if "after" not in content or not is_ours:
        raise invalid("Invalid page token value.", "pageToken")
    return content["after"], int(content["seen"])


def _sealed(content: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _opened(token: str) -> Json | None:
    try:
        content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error):
        return None
    return content if isinstance(content, dict) else None
