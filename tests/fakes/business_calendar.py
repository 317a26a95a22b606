"""A business's calendar in memory, with the owner's own entries and trouble on demand."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from shared.errors import PermanentError
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

Call = Literal["busy", "put", "remove"]


class FakeCalendar:
    """A `Calendar` for the given calendar ids; busy times are joined and cut to the window, as Google's are."""

    def __init__(self, *calendar_ids: str) -> None:
        self.events: dict[str, dict[str, CalendarEvent]] = {name: {} for name in calendar_ids or ("calendar",)}
        self.owners: dict[str, list[Interval]] = {name: [] for name in self.events}
        self.calls: list[Call] = []
        self.looks: list[bool] = []
        """For each look at busy times, whether it had to be fresh."""
        self._trouble: list[tuple[Call, Exception | None]] = []

    def block(self, interval: Interval, calendar_id: str = "calendar") -> None:
        """Enter something of the owner's own."""
        self.owners[calendar_id].append(interval)

    def fail(self, call: Call, *errors: Exception | None) -> None:
        """Raise each of the errors at one of the next such calls, in this order; None lets a call through."""
        self._trouble += [(call, error) for error in errors]

    async def busy(self, calendar_id: str, between: Interval, *, fresh: bool = False) -> Sequence[Interval]:
        """Return when the calendar says busy."""
        events = await self._calendar("busy", calendar_id)
        self.looks.append(fresh)
        spans = [Interval(event.start, event.end) for event in events.values()] + self.owners[calendar_id]
        inside = (
            Interval(max(span.start, between.start), min(span.end, between.end))
            for span in spans
            if span.overlaps(between)
        )
        return _joined(sorted(inside, key=lambda span: span.start))

    async def put(self, calendar_id: str, event: CalendarEvent) -> None:
        """Make the event be there as given; doing it twice is harmless."""
        (await self._calendar("put", calendar_id))[event.event_id] = event

    async def remove(self, calendar_id: str, event_id: str) -> None:
        """Make the event be gone; one that is gone already is no error."""
        (await self._calendar("remove", calendar_id)).pop(event_id, None)

    async def _calendar(self, call: Call, calendar_id: str) -> dict[str, CalendarEvent]:
        await asyncio.sleep(0)
        self.calls.append(call)
        for position, (failing, error) in enumerate(self._trouble):
            if failing == call:
                del self._trouble[position]
                if error:
                    raise error
                break
        if calendar_id not in self.events:
            raise PermanentError("calendar_unknown", f"calendar.{call}")
        return self.events[calendar_id]


def _joined(spans: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for span in spans:
        if joined and span.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(span.end, joined[-1].end))
        else:
            joined.append(span)
    return joined
