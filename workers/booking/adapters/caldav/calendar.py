"""Reads the busy times of CalDAV calendars; a calendar's id is its URL."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from zoneinfo import ZoneInfo

from yarl import URL

from shared.errors import TransientError
from workers.booking.adapters.caldav.accounts import Account, CalDavAccounts
from workers.booking.adapters.caldav.http import Answer, CalDavHttp
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime

_UTC = ZoneInfo("UTC")
_A_DAY = timedelta(days=1)
"""All-day events are on a date of some zone: the server is asked for the time on either side."""

_UNREADABLE = frozenset({403, 405, 501})
"""Answers of servers that give busy times, but not the events behind them."""


class CalDavCalendar:
    """A `BusyCalendar` on any CalDAV server; events are read, and never written."""

    def __init__(self, *, accounts: CalDavAccounts, http: CalDavHttp) -> None:
        self._accounts = accounts
        self._http = http
        # One thread: the library that reads events has global state.
        self._parser = ThreadPoolExecutor(1, thread_name_prefix="caldav")
        self._known_calendars: set[URL] = set()

    async def find_busy_times(
        self,
        calendar_id: str,
        between: Interval,
        *,
        zone: ZoneInfo | None = None,
        fresh: bool = False,
        busy_may_lag: bool = False,
    ) -> Sequence[BusyTime]:
        """Read the events of an interval, or the free/busy times where events may not be read; always fresh."""
        del fresh, busy_may_lag
        # Imported here, because the libraries are not needed without CalDAV.
        from workers.booking.adapters.caldav.events import find_busy_intervals  # noqa: PLC0415

        url = URL(calendar_id)
        texts = await self._read_texts(
            url, await self._accounts.find_account(url), Interval(between.start - _A_DAY, between.end + _A_DAY)
        )
        loop = asyncio.get_running_loop()
        intervals = await loop.run_in_executor(self._parser, find_busy_intervals, texts, between, zone or _UTC)
        return [BusyTime(interval) for interval in intervals]

    async def close(self) -> None:
        """Stop the thread and close the connections."""
        self._parser.shutdown(wait=False, cancel_futures=True)
        await self._http.close()

    async def _read_texts(self, url: URL, account: Account, between: Interval) -> list[str]:
        # Imported here, because the XML library is not needed without CalDAV.
        from workers.booking.adapters.caldav import reports  # noqa: PLC0415

        await self._check_calendar(url, account)
        answer = await self._http.send("REPORT", url, account, body=reports.write_events_query(between), depth=1)
        if answer.status == 207:
            return list(reports.read_calendar_texts(answer.body))
        if answer.status not in _UNREADABLE:
            raise self._translate_status(answer)
        free_busy = await self._http.send("REPORT", url, account, body=reports.write_free_busy_query(between), depth=1)
        if free_busy.status != 200:
            raise self._translate_status(answer if free_busy.status in _UNREADABLE else free_busy)
        return [free_busy.body.decode(errors="replace")]

    async def _check_calendar(self, url: URL, account: Account) -> None:
        """Check once that the URL is a calendar's own: a folder of calendars has no events, and would look free."""
        if url in self._known_calendars:
            return
        from workers.booking.adapters.caldav import reports  # noqa: PLC0415  # as above

        answer = await self._http.send("PROPFIND", url, account, body=reports.RESOURCE_TYPE_QUERY, depth=0)
        if answer.status in _UNREADABLE:
            return
        if answer.status != 207:
            raise self._translate_status(answer)
        if not reports.is_calendar(answer.body):
            raise UnusableCalendarError(CalendarProblem.UNKNOWN, f"calendar.busy: {url.host}: the URL is no calendar's")
        self._known_calendars.add(url)

    def _translate_status(self, answer: Answer) -> Exception:
        status = answer.status
        if status == 429 or status >= 500:
            return TransientError(f"calendar.busy: {status}", retry_after=timedelta(seconds=2))
        if status == 401:
            self._accounts.forget()
            return UnusableCalendarError(CalendarProblem.ACCOUNT_REFUSED, "calendar.busy: 401: check the account")
        if status == 403:
            return UnusableCalendarError(CalendarProblem.FORBIDDEN, "calendar.busy: 403: share it with the account")
        if status in (404, 410):
            return UnusableCalendarError(CalendarProblem.UNKNOWN, f"calendar.busy: {status}: check the URL")
        if 300 <= status < 400:
            return UnusableCalendarError(
                CalendarProblem.REQUEST_REFUSED, f"calendar.busy: {status}: enter the URL that it redirects to"
            )
        return UnusableCalendarError(CalendarProblem.REQUEST_REFUSED, f"calendar.busy: {status}: no CalDAV calendar")
