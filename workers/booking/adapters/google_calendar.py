"""Google Calendar through google-api-python-client, which blocks: every call runs on a thread of its own pool."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import google_auth_httplib2
import httplib2
from googleapiclient.discovery import build

from workers.booking.adapters.google_busy import busy_in
from workers.booking.adapters.google_credentials import GoogleCredentials
from workers.booking.adapters.google_errors import translated_google, vendor_status
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

T = TypeVar("T")

TIMEOUT_SECONDS = 8
_THREADS = 8
_CONFLICT = 409
_GONE = (404, 410)
_LONGEST_QUESTION = timedelta(days=60)
"""Google refuses free/busy questions over about three months (`timeRangeTooLong`)."""


class GoogleCalendar:
    """The business's calendar; the event ids are ours, so that nothing is ever entered twice."""

    def __init__(
        self,
        *,
        credentials: GoogleCredentials,
        endpoint: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._credentials = credentials
        self._endpoint = endpoint
        self._timeout_seconds = timeout_seconds
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="google-calendar")
        self._local = threading.local()
        self._open: set[Any] = set()

    async def busy(self, calendar_id: str, between: Interval, *, fresh: bool = False) -> Sequence[Interval]:
        """Ask for free/busy; always fresh. A long time is asked for in pieces, side by side."""
        del fresh
        edges = [between.start]
        while edges[-1] + _LONGEST_QUESTION < between.end:
            edges.append(edges[-1] + _LONGEST_QUESTION)
        pieces = [Interval(start, end) for start, end in itertools.pairwise([*edges, between.end])]
        answers = await asyncio.gather(*(self._busy(calendar_id, piece) for piece in pieces))
        return [interval for answer in answers for interval in answer]

    async def _busy(self, calendar_id: str, between: Interval) -> list[Interval]:
        body = {
            "timeMin": _text(between.start),
            "timeMax": _text(between.end),
            "timeZone": "UTC",
            "items": [{"id": calendar_id}],
        }
        answer = await self._call("calendar.busy", lambda service: service.freebusy().query(body=body).execute())
        return [interval for interval in busy_in(answer, calendar_id) if interval.overlaps(between)]

    async def put(self, calendar_id: str, event: CalendarEvent) -> None:
        """Insert the event; where its id is taken already, make that one say the same."""
        body = _body(event)

        def insert_or_update(service: Any) -> None:
            try:
                service.events().insert(calendarId=calendar_id, body=body, sendUpdates="none").execute()
            except Exception as error:
                if vendor_status(error) != _CONFLICT:
                    raise
                # An earlier try got through, or the event was moved or deleted since: either way it shall be so.
                service.events().update(
                    calendarId=calendar_id, eventId=event.event_id, body=body, sendUpdates="none"
                ).execute()

        await self._call("calendar.put", insert_or_update)

    async def remove(self, calendar_id: str, event_id: str) -> None:
        """Delete the event."""

        def delete(service: Any) -> None:
            try:
                service.events().delete(calendarId=calendar_id, eventId=event_id, sendUpdates="none").execute()
            except Exception as error:
                if vendor_status(error) not in _GONE:
                    raise

        await self._call("calendar.remove", delete)

    def close(self) -> None:
        """Let the threads and their connections go."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        while self._open:
            self._open.pop().close()

    async def _call(self, what: str, call: Callable[[Any], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._translated, what, call)

    def _translated(self, what: str, call: Callable[[Any], T]) -> T:
        with translated_google(what, self._credentials):
            return call(self._service())

    def _service(self) -> Any:
        """Return this thread's client: httplib2 connections must not be shared between threads."""
        credentials = self._credentials.current()
        kept = getattr(self._local, "kept", None)
        if kept is None or kept[0] is not credentials:
            if kept:
                self._open.discard(kept[1])
                kept[1].close()
            http = google_auth_httplib2.AuthorizedHttp(credentials, http=httplib2.Http(timeout=self._timeout_seconds))
            options = {"api_endpoint": self._endpoint} if self._endpoint else None
            service = build("calendar", "v3", http=http, static_discovery=True, client_options=options)
            kept = self._local.kept = (credentials, service)
            self._open.add(service)
        return kept[1]


def _body(event: CalendarEvent) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "status": "confirmed",
        "summary": event.summary,
        "description": event.description,
        "start": {"dateTime": _text(event.start), "timeZone": event.time_zone},
        "end": {"dateTime": _text(event.end), "timeZone": event.time_zone},
        "reminders": {"useDefault": True},
        # Ours can be told from the owner's own events by this.
        "extendedProperties": {"private": {"appointment_id": event.appointment_id}},
    }


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
