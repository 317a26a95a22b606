"""Writes the requests of CalDAV (RFC 4791) and reads their multistatus answers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import ParseError  # the class of an error; nothing is parsed with it

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from shared.errors import TransientError
from workers.booking.domain.values import Interval

_DAV, _CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_PROLOG = '<?xml version="1.0" encoding="utf-8"?>'
_NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'

RESOURCE_TYPE_QUERY = f"{_PROLOG}<D:propfind {_NAMESPACES}><D:prop><D:resourcetype/></D:prop></D:propfind>"


def write_events_query(between: Interval) -> str:
    """Return the report of the events in an interval, recurring ones with all that belongs to them (7.8)."""
    return (
        f"{_PROLOG}<C:calendar-query {_NAMESPACES}><D:prop><C:calendar-data/></D:prop>"
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f"{_write_time_range(between)}"
        "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )


def write_free_busy_query(between: Interval) -> str:
    """Return the report that gives busy times without their events (7.10)."""
    return f"{_PROLOG}<C:free-busy-query {_NAMESPACES}>{_write_time_range(between)}</C:free-busy-query>"


def is_calendar(body: bytes) -> bool:
    """Return whether the answer to `RESOURCE_TYPE_QUERY` is that of a calendar, not of a folder of calendars."""
    return any(True for _ in _parse(body).iter(f"{_CALDAV}calendar"))


def read_calendar_texts(body: bytes) -> Iterator[str]:
    """Yield the iCalendar text of each event of an answer.

    Raises:
        TransientError: the answer can't be read, or is not complete.
    """
    root = _parse(body)
    if root.tag != f"{_DAV}multistatus":
        raise TransientError("calendar.busy: the answer is no multistatus")
    for response in root.iterfind(f"{_DAV}response"):
        status = response.findtext(f"{_DAV}status")
        if status is not None:
            if _parse_status(status) == 404:
                continue  # deleted while the server answered
            # 507: the server has left out events (RFC 5323, 3.3.1).
            raise TransientError(f"calendar.busy: the answer is not complete ({_parse_status(status)})")
        text = response.findtext(f"{_DAV}propstat/{_DAV}prop/{_CALDAV}calendar-data")
        if not text:
            raise TransientError("calendar.busy: the answer has an event without its text")
        yield text


def _write_time_range(between: Interval) -> str:
    return f'<C:time-range start="{_format(between.start)}" end="{_format(between.end)}"/>'


def _format(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _parse_status(text: str) -> int | None:
    """Return the status in a text such as `HTTP/1.1 404 Not Found`."""
    code = text.split()[1:2]
    return int(code[0]) if code and code[0].isascii() and code[0].isdigit() else None


def _parse(body: bytes) -> Any:
    """Parse XML without document types and entities, which can make a short text a huge one or read files."""
    try:
        return fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise TransientError(f"calendar.busy: the answer cannot be read ({type(error).__name__})") from error
