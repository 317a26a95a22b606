"""Calls Google Calendar with google-api-python-client, which blocks: every call runs in a thread pool."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httplib2
from googleapiclient.discovery import build

from shared.clock import Clock
from workers.booking.adapters.google import calls
from workers.booking.adapters.google.counted_http import CountedHttp
from workers.booking.adapters.google.credentials import GoogleCredentials
from workers.booking.adapters.google.errors import translate_google_errors
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime, CalendarChanges, CalendarEvent

T = TypeVar("T")

TIMEOUT_SECONDS = 5
"""For one wait of a request, to connect or for the next bytes: a thread that hangs ends soon after its caller."""

_THREADS = 16


class GoogleCalendar:
    """The business's calendar; we choose the event ids, so that no event is created twice."""

    def __init__(
        self,
        *,
        credentials: GoogleCredentials,
        clock: Clock,
        endpoint: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        on_request: Callable[[], None] | None = None,
    ) -> None:
        """Take what counts each request to the API; it is called from several threads."""
        self._credentials = credentials
        self._clock = clock
        self._endpoint = endpoint
        self._timeout_seconds = timeout_seconds
        self._on_request = on_request
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="google-calendar")
        self._local = threading.local()
        self._open: set[Any] = set()

    async def find_busy_times(
        self,
        calendar_id: str,
        between: Interval,
        *,
        zone: ZoneInfo | None = None,
        fresh: bool = False,
        busy_may_lag: bool = False,
    ) -> Sequence[BusyTime]:
        """Read the events of an interval; the answer is always fresh."""
        del fresh, busy_may_lag
        return await self._call("busy", lambda service: calls.list_busy_times(service, calendar_id, between, zone))

    async def is_writable(self, calendar_id: str) -> bool:
        """Ask for our access role."""
        return await self._call("role", lambda service: calls.is_writable(service, calendar_id))

    async def put(self, calendar_id: str, event: CalendarEvent, *, earlier: Sequence[str] = ()) -> None:
        """Write the event, unless it was written for a later version."""
        invites = self._credentials.may_invite
        await self._call(
            "put", lambda service: calls.put_event(service, calendar_id, event, invites=invites, earlier=earlier)
        )

    async def remove(self, calendar_id: str, event_id: str, *, cancelled_version: int | None = None) -> None:
        """Delete the event."""
        await self._call(
            "remove",
            lambda service: calls.remove_event(service, calendar_id, event_id, cancelled_version=cancelled_version),
        )

    async def find_event(self, calendar_id: str, event_id: str) -> StoredEvent | None:
        """Return the event as it is now."""
        return await self._call("find_event", lambda service: calls.find_event(service, calendar_id, event_id))

    async def list_changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Return the appointments whose events changed."""
        now = self._clock.now()
        return await self._call("changes", lambda service: calls.list_changes(service, calendar_id, since, now=now))

    def close(self) -> None:
        """Stop the threads and close their connections."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        while self._open:
            self._open.pop().close()

    async def _call(self, operation: str, call: Callable[[Any], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._run_translated, f"calendar.{operation}", call)

    def _run_translated(self, operation: str, call: Callable[[Any], T]) -> T:
        with translate_google_errors(operation, self._credentials):
            return call(self._build_service())

    def _build_service(self) -> Any:
        """Return this thread's client: httplib2 connections must not be shared between threads."""
        credentials = self._credentials.get_credentials()
        cached = getattr(self._local, "cached", None)
        if cached is None or cached[0] is not credentials:
            if cached:
                self._open.discard(cached[1])
                cached[1].close()
            connections = httplib2.Http(timeout=self._timeout_seconds)
            http = CountedHttp(credentials, http=connections, on_request=self._on_request)
            options = {"api_endpoint": self._endpoint} if self._endpoint else None
            service = build("calendar", "v3", http=http, static_discovery=True, client_options=options)
            cached = self._local.cached = (credentials, service)
            self._open.add(service)
        return cached[1]
