"""Visitors who do what a flood must not delay: they ask the assistant, ask for free times, and book."""

import asyncio
import contextlib
import itertools
import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.chat.clock import read_ms
from bench.chat.marks import MarkBook, write_question
from bench.chat.visitors import IngressThreads
from bench.floods.events import build_connect_event, build_frame_event
from bench.floods.floods import SERVICE
from bench.floods.stubs import Arrivals

METRICS = ("chat first words", "slots", "hold", "e-mail")
TIMEOUT_SECONDS = 15.0
_CHAT_ENDS = frozenset({"chat.final", "error"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How many visitors do each thing in a second."""

    chats: float = 2.5
    slots: float = 1.5
    bookings: float = 1.5


@dataclass
class Waits:
    """How long visitors of one period waited, in milliseconds; infinite for those who got no answer or a refusal."""

    by_metric: dict[str, list[float]] = field(default_factory=lambda: {metric: [] for metric in METRICS})
    ends: list[str] = field(default_factory=list)
    """The frames that visitors got in place of what they wanted."""


class Visitors:
    """Makes visitors, each with a session, a connection and an address of their own."""

    def __init__(self, book: MarkBook, ingress: IngressThreads) -> None:
        self._book = book
        self._ingress = ingress
        self._numbers = itertools.count(1)
        self._arrivals = Arrivals()
        self.chats: Counter[str] = Counter()
        """Messages to the assistant, by business."""

    def hear_frame(self, connection_id: str, frame: dict[str, Any]) -> None:
        """Note a frame that was posted to a connection."""
        kind, re = frame["type"], frame.get("re", "")
        if kind == "chat.delta":
            if (marks := self._book.marks.get(_parse_mark(re))) and math.isnan(marks.first_delta):
                marks.first_delta = read_ms()
                self._arrivals.note(f"words {connection_id}", read_ms(), kind)
        elif kind not in {"chat.sent", "typing", "progress"}:
            self._arrivals.note(f"words {connection_id}", read_ms(), kind)
            self._arrivals.note(f"{connection_id}", read_ms(), kind + _describe_error(frame))

    def hear_mail(self, address: str, at_ms: float) -> None:
        """Note an e-mail."""
        self._arrivals.note(address, at_ms, "e-mail")

    async def ask_assistant(self, tenant: str, waits: Waits) -> None:
        """Send a message, and wait for the first words."""
        self.chats[tenant] += 1
        visitor = await self._connect(tenant)
        marks = self._book.open_marks()
        words = self._arrivals.expect(f"words {visitor['connection_id']}")
        marks.frame_in = read_ms()
        await self._send(visitor, "chat.send", f"mark-{marks.number}", {"text": write_question(marks.number)})
        _, kind = await _await_arrival(words)
        wait = marks.ours_ms if kind == "chat.delta" else math.inf
        waits.by_metric["chat first words"].append(wait if not math.isnan(wait) else math.inf)
        if kind != "chat.delta":
            waits.ends.append(f"chat: {kind}")

    async def ask_for_times(self, tenant: str, waits: Waits) -> None:
        """Ask for the free times of two weeks."""
        _, wait, end = await self._do(tenant, "booking.slots", {"service": SERVICE, "days": 14}, "booking.slots")
        waits.by_metric["slots"].append(wait)
        waits.ends.extend(end)

    async def book(self, tenant: str, start: str, waits: Waits) -> None:
        """Request a slot, and wait for the hold and for the e-mail with the code."""
        address = f"visitor-{next(self._numbers)}@visitors.example"
        mail = self._arrivals.expect(address)
        data = {"start": start, "service": SERVICE, "contact": address}
        began, wait, end = await self._do(tenant, "booking.create", data, "booking.pending")
        waits.by_metric["hold"].append(wait)
        waits.ends.extend(end)
        if math.isinf(wait):
            waits.by_metric["e-mail"].append(math.inf)
            return
        at_ms, kind = await _await_arrival(mail)
        waits.by_metric["e-mail"].append(at_ms - began if kind == "e-mail" else math.inf)
        if kind != "e-mail":
            waits.ends.append("no e-mail")

    async def _do(self, tenant: str, kind: str, data: dict[str, Any], end: str) -> tuple[float, float, list[str]]:
        """Send a frame; return when it was sent, how long its end took, and what came in place of the end."""
        visitor = await self._connect(tenant)
        ended = self._arrivals.expect(visitor["connection_id"])
        began = read_ms()
        await self._send(visitor, kind, f"q-{next(self._numbers)}", data)
        at_ms, got = await _await_arrival(ended)
        return began, (at_ms - began if got == end else math.inf), [] if got == end else [f"{kind}: {got}"]

    async def _connect(self, tenant: str) -> dict[str, str]:
        number = next(self._numbers)
        visitor = {
            "tenant": tenant,
            "session_id": f"visitor-{number}",
            "connection_id": f"tab-{number}",
            "source_ip": f"{100 + number // 65_536}.{number // 256 % 256}.{number % 256}.9",
        }
        await self._ingress.send_frame(build_connect_event(**visitor))
        return visitor

    async def _send(self, visitor: dict[str, str], kind: str, frame_id: str, data: dict[str, Any]) -> None:
        body = json.dumps({"v": 1, "type": kind, "id": frame_id, "data": data})
        answer = await self._ingress.send_frame(build_frame_event(body, **visitor))
        frame = json.loads(answer.get("body") or "{}")
        if frame.get("type") == "error":
            self.hear_frame(visitor["connection_id"], frame)


class Traffic:
    """Visitors who arrive steadily, at several businesses in turn."""

    def __init__(self, visitors: Visitors, starts: Sequence[str]) -> None:
        self._visitors = visitors
        self._starts = starts
        self._next_start: dict[str, int] = {}

    async def arrive(self, tenants: Sequence[str], pace: Pace, seconds: float) -> Waits:
        """Let visitors come for a while; return how long they waited, once all have their answers."""
        waits = Waits()
        tenant = itertools.cycle(tenants)
        await asyncio.gather(
            self._repeat(pace.chats, seconds, lambda: self._visitors.ask_assistant(next(tenant), waits)),
            self._repeat(pace.slots, seconds, lambda: self._visitors.ask_for_times(next(tenant), waits)),
            self._repeat(pace.bookings, seconds, lambda: self.book(next(tenant), waits)),
        )
        return waits

    async def _repeat(self, per_second: float, seconds: float, begin: Callable[[], Any]) -> None:
        loop = asyncio.get_running_loop()
        began, tasks = loop.time(), list[asyncio.Task[None]]()
        for number in range(round(per_second * seconds)):
            await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
            tasks.append(asyncio.create_task(begin()))
        await asyncio.gather(*tasks)

    async def book(self, tenant: str, waits: Waits) -> None:
        """Let a visitor request the next time that a business has."""
        number = self._next_start[tenant] = self._next_start.get(tenant, -1) + 1
        await self._visitors.book(tenant, self._starts[number % len(self._starts)], waits)


async def _await_arrival(future: "asyncio.Future[tuple[float, str]]") -> tuple[float, str]:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await future
    return math.inf, "nothing"


def _describe_error(frame: dict[str, Any]) -> str:
    return f" {frame['data']['code']}" if frame["type"] == "error" else ""


def _parse_mark(client_id: str) -> int:
    number = client_id.removeprefix("mark-")
    return int(number) if number.isdigit() else 0
