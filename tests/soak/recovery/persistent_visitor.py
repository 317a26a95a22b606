"""A visitor with the manners of the widget: it comes back after a disconnect, and repeats what was not acknowledged."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import websockets

from tests.e2e.visitor import Visitor

Connect = Callable[..., AbstractAsyncContextManager[Visitor]]

RECEIPTS = frozenset({"ack", "chat.sent", "typing"})
"""They say that the command has arrived, and nothing about its answer."""

_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.5, 8.0
"""Before another connection; twice as long each time."""

_ACKNOWLEDGED_WITHIN_SECONDS = 12
"""After that the widget sends a command again; it sends a query again two seconds earlier."""

_WELCOMED_WITHIN_SECONDS = 15
"""After that the widget opens another connection."""

_LONG_SECONDS = 3600
_CONNECT_FAULTS = (OSError, TimeoutError, websockets.WebSocketException)


@dataclass
class Exchange:
    """One frame of a visitor, and what was heard about it: (seconds after the sending, frame)."""

    kind: str
    phase: str
    sent_at: float
    ends: tuple[str, ...]
    number: int = 1
    """Which try it is."""
    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, frame: dict[str, Any]) -> None:
        """Note a frame that answers this one."""
        self.heard.append((time.monotonic() - self.sent_at, frame))
        if frame["type"] in self.ends:
            self.has_ended.set()

    @property
    def first(self) -> tuple[float, str] | None:
        """When what was heard first, receipts aside."""
        return next(((at, describe(frame)) for at, frame in self.heard if frame["type"] not in RECEIPTS), None)

    @property
    def end(self) -> tuple[float, dict[str, Any]] | None:
        """When which frame ended it."""
        return next(((at, frame) for at, frame in self.heard if frame["type"] in self.ends), None)

    @property
    def ended_at(self) -> float | None:
        """When it ended, by the monotonic clock."""
        return self.sent_at + self.end[0] if self.end else None

    @property
    def was_acknowledged(self) -> bool:
        """Whether its `ack` was heard."""
        return any(frame["type"] == "ack" for _, frame in self.heard)

    @property
    def has_succeeded(self) -> bool:
        """Whether it ended with an answer, and not with an error."""
        return self.end is not None and self.end[1]["type"] != "error"

    def count_ends(self) -> int:
        """Return how many different frames ended it: a frame that is sent again has its number."""
        return len({frame.get("seq", at) for at, frame in self.heard if frame["type"] in self.ends})


def describe(frame: Mapping[str, Any]) -> str:
    """Return the type of a frame, or the code of an error."""
    if frame["type"] == "error":
        return str(frame["data"]["code"])
    return f"{frame['type']} (cut)" if frame["data"].get("cut") else str(frame["type"])


class PersistentVisitor:
    """One session, over as many connections as it takes."""

    def __init__(self, connect: Connect, phase: str) -> None:
        self._connect = connect
        self.phase = phase
        self._frames: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._visitor: Visitor | None = None
        self.has_connected = asyncio.Event()
        """Set with the first welcome."""
        self._token: str | None = None
        self._last_seq = 0
        self.exchanges: dict[str, Exchange] = {}
        """By the id of the frame, in their order."""
        self.unasked: list[dict[str, Any]] = []
        """Frames that answer none of this visitor's."""
        self.session = ""

    async def ask(self, kind: str, data: Mapping[str, Any], *ends: str, name: str, number: int = 1) -> Exchange:
        """Send a command once connected, and return when an answer or an error has ended it."""
        await self.has_connected.wait()
        frame_id = f"{name}-{len(self.exchanges) + 1}"
        exchange = Exchange(name, self.phase, time.monotonic(), (*ends, "error"), number)
        self.exchanges[frame_id] = exchange
        self._frames[frame_id] = (kind, data)
        while not exchange.has_ended.is_set():
            if self._visitor and not exchange.was_acknowledged:
                await self._send(self._visitor, frame_id)
            with suppress(TimeoutError):
                await asyncio.wait_for(exchange.has_ended.wait(), _ACKNOWLEDGED_WITHIN_SECONDS)
        return exchange

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        connecting = Exchange("connect", self.phase, time.monotonic(), ("welcome",))
        self.exchanges["connect"] = connecting
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._connect(greet=False, **({"session": self._token} if self._token else {})) as visitor:
                    await self._greet(visitor, connecting)
                    pause_seconds = _FIRST_PAUSE_SECONDS
                    await self._listen(visitor)
            except _CONNECT_FAULTS:
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, _MAX_PAUSE_SECONDS)
            finally:
                self._visitor = None

    async def _greet(self, visitor: Visitor, connecting: Exchange) -> None:
        await visitor.send(
            "hello",
            {"last_seq": self._last_seq, "locale": "en", "tz": "Europe/Warsaw", "capabilities": ["progress"]},
            frame_id="hello",
        )
        async with asyncio.timeout(_WELCOMED_WITHIN_SECONDS):
            while (welcome := await _receive(visitor)).get("re") != "hello":
                pass
        if welcome["type"] == "error":
            await asyncio.sleep(welcome["data"].get("retry_after_ms", 0) / 1000)
            raise TimeoutError("refused, and greeted again later")
        if not connecting.has_ended.is_set():
            connecting.hear(welcome)
        self.session, self._token = welcome["data"]["session_id"], welcome["data"]["session"]
        self._visitor = visitor
        self.has_connected.set()
        for frame_id, exchange in list(self.exchanges.items()):
            if frame_id in self._frames and not exchange.has_ended.is_set() and not exchange.was_acknowledged:
                await self._send(visitor, frame_id)

    async def _listen(self, visitor: Visitor) -> None:
        while True:
            frame = await _receive(visitor)
            self._last_seq = max(self._last_seq, frame.get("seq", 0))
            if frame["type"] == "progress" and "appointment_id" in frame["data"]:
                self.unasked.append(frame)  # About a code, whose request has its answer.
            elif exchange := self.exchanges.get(frame.get("re", "")):
                exchange.hear(frame)
            else:
                self.unasked.append(frame)

    async def _send(self, visitor: Visitor, frame_id: str) -> None:
        kind, data = self._frames[frame_id]
        try:
            await visitor.send(kind, data, frame_id=frame_id, capabilities=["progress"])
        except websockets.ConnectionClosed:
            return  # It is sent again over the next connection.


async def _receive(visitor: Visitor) -> dict[str, Any]:
    """Return the next frame of the server; what the gateway itself says of an error is no frame."""
    while True:
        with suppress(json.JSONDecodeError):
            return await visitor.receive(_LONG_SECONDS)


@asynccontextmanager
async def open_visitor(connect: Connect, phase: str) -> AsyncIterator[PersistentVisitor]:
    """Keep a visitor connected until the end of the `async with`."""
    visitor = PersistentVisitor(connect, phase)
    running = asyncio.create_task(visitor.run())
    try:
        yield visitor
    finally:
        if running.done():
            running.result()  # A frame against the contract.
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
