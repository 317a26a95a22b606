"""What honest visitors do, whatever happens: one asks the assistant, one books a visit with a code by e-mail."""

import asyncio
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.booking import fresh_address
from tests.soak.recovery.mailbox import Mailbox
from tests.soak.recovery.persistent_visitor import Connect, Exchange, PersistentVisitor, open_visitor

BEFORE, DURING, AFTER = "before", "during", "after"

SERVICE = "consultation"
_DAYS = 40
_TRIES = 60
_RETRY_SECONDS = 1.0
_MAX_RETRY_SECONDS = 10.0
_day_count = itertools.count()


@dataclass
class Visits:
    """All visitors of one fault, and what they did."""

    connect: Connect
    mailbox: Mailbox
    visitors: list[PersistentVisitor] = field(default_factory=list)
    bookings: list["Booking"] = field(default_factory=list)

    def list_exchanges(self) -> list[Exchange]:
        """Return every frame of every visitor, with what was heard about it."""
        return [exchange for visitor in self.visitors for exchange in visitor.exchanges.values()]

    async def converse(self, phase: str, may_ask: asyncio.Event | None = None) -> None:
        """Ask the assistant, once it is time, and again after an error that says so."""
        async with open_visitor(self.connect, phase) as visitor:
            self.visitors.append(visitor)
            if may_ask:
                await may_ask.wait()
            await _ask_until_answered(visitor, "chat.send", {"text": "When are you open?"}, "chat.final", name="chat")

    async def wait_until_connected(self) -> None:
        """Return once each of the visitors so far has a connection."""
        for visitor in list(self.visitors):
            await visitor.has_connected.wait()

    async def book(self, phase: str) -> None:
        """Look at the free times, hold one, and confirm it with the code."""
        async with open_visitor(self.connect, phase) as visitor:
            self.visitors.append(visitor)
            booking = Booking(visitor, fresh_address())
            self.bookings.append(booking)
            code = None
            while not code:
                while not await booking.hold(await booking.choose_start()):
                    pass
                code = await booking.wait_for_code(self.mailbox)
            await booking.confirm(code)


@dataclass
class Booking:
    """One visit to book."""

    visitor: PersistentVisitor
    address: str
    appointment_id: str = ""
    is_confirmed: bool = False
    codes_requested: int = 0

    async def choose_start(self) -> str:
        """Return a free time; each call takes a later day, so that visitors do not meet."""
        request = {"service": SERVICE, "days": _DAYS}
        listed = await _ask_until_answered(self.visitor, "booking.slots", request, "booking.slots", name="slots")
        starts = [slot["start"] for slot in listed["data"]["slots"]]
        days = sorted({start[:10] for start in starts})
        day = days[next(_day_count) % len(days)]
        return next(start for start in starts if start.startswith(day))

    async def hold(self, start: str) -> bool:
        """Hold a time; return False if somebody else has it."""
        request = {"start": start, "service": SERVICE, "contact": self.address}
        held = await _ask_until_answered(self.visitor, "booking.create", request, "booking.pending", name="hold")
        if held["type"] == "error":
            return False
        self.appointment_id = held["data"]["appointment_id"]
        self.codes_requested += 1
        return True

    async def wait_for_code(self, mailbox: Mailbox) -> str | None:
        """Return the code; ask for another one each time that the chat says that it could not be sent.

        Return None if there are no more codes for this hold: it is cancelled.
        """
        for number in itertools.count(1):
            exchange = Exchange("e-mail", self.visitor.phase, time.monotonic(), ("e-mail", "error"), number)
            self.visitor.exchanges[f"e-mail-{self.appointment_id}-{number}"] = exchange
            coming = asyncio.create_task(mailbox.wait_for_code(self.address))
            failing = asyncio.create_task(self._wait_for_frame("error", number))
            late = asyncio.create_task(self._hear_that_it_is_late(exchange))
            await asyncio.wait({coming, failing}, return_when=asyncio.FIRST_COMPLETED)
            failing.cancel()
            late.cancel()
            if coming.done():
                exchange.hear({"type": "e-mail", "data": {}})
                return coming.result()
            exchange.hear(failing.result())
            coming.cancel()
            request = {"appointment_id": self.appointment_id}
            sent = await _ask_until_answered(self.visitor, "booking.resend", request, "booking.pending", name="resend")
            if sent["type"] == "error":
                await _ask_until_answered(self.visitor, "booking.cancel", request, "booking.cancelled", name="cancel")
                return None
            self.codes_requested += 1
        return None

    async def _hear_that_it_is_late(self, exchange: Exchange) -> None:
        exchange.hear(await self._wait_for_frame("progress", len(self._list_frames("progress")) + 1))

    def _list_frames(self, kind: str) -> list[dict[str, Any]]:
        """Return the frames about the hold that answer nothing."""
        return [
            frame
            for frame in self.visitor.unasked
            if frame["type"] == kind and frame["data"].get("appointment_id") == self.appointment_id
        ]

    async def _wait_for_frame(self, kind: str, number: int) -> dict[str, Any]:
        while len(frames := self._list_frames(kind)) < number:
            await asyncio.sleep(0.1)
        return frames[number - 1]

    async def confirm(self, code: str) -> None:
        """Confirm the visit."""
        answer = {"appointment_id": self.appointment_id, "code": code}
        ended = await _ask_until_answered(self.visitor, "booking.verify", answer, "booking.confirmed", name="verify")
        self.is_confirmed = ended["type"] == "booking.confirmed"


async def _ask_until_answered(
    visitor: PersistentVisitor, kind: str, data: Mapping[str, Any], *ends: str, name: str
) -> dict[str, Any]:
    """Return the answer, or an error that another try would not change; wait as long as an error says."""
    for number in range(1, _TRIES + 1):
        exchange = await visitor.ask(kind, data, *ends, name=name, number=number)
        assert exchange.end
        frame = exchange.end[1]
        if frame["type"] != "error" or not frame["data"]["retryable"]:
            return frame
        seconds = frame["data"].get("retry_after_ms", 0) / 1000
        await asyncio.sleep(min(max(seconds, _RETRY_SECONDS), _MAX_RETRY_SECONDS))
    raise AssertionError(f"{name} was refused {_TRIES} times")
