"""Visitors who write messages through the real ingress and hear the frames that are posted to them."""

import asyncio
import json
import random
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api_gateway_ws.ingress import Ingress
from api_gateway_ws.ingress_events import serve_event
from bench.chat.clock import read_ms
from bench.chat.marks import MarkBook, Marks, write_question
from bench.chat.tables import Tables

ANSWER_TIMEOUT_SECONDS = 120
TENANT = "studio-lumen"

Ask = Callable[[int, Marks], Awaitable[None]]
"""Sends the message of a visitor, whose number is given, and returns when it has ended."""


class IngressThreads:
    """The ingress as its Lambda runs it: an instance takes one frame at a time, and each thread is one."""

    def __init__(self, build: Callable[[], Ingress], *, instances: int = 16) -> None:
        self._build = build
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(instances)

    async def send_frame(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to an event of API Gateway."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._serve, event)

    def _serve(self, event: dict[str, Any]) -> dict[str, Any]:
        if not hasattr(self._local, "ingress"):
            self._local.ingress = self._build()
        return serve_event(event, self._local.ingress)


class Visitors:
    """Each visitor has a session with one connection."""

    def __init__(self, book: MarkBook, tables: Tables, ingress: IngressThreads) -> None:
        self._book = book
        self._tables = tables
        self._ingress = ingress
        self._waiting: dict[str, tuple[Marks, asyncio.Future[None]]] = {}
        """By the client id of the message."""
        self._connected: set[int] = set()
        self.open_conversations = 0

    async def ask(self, visitor: int, marks: Marks) -> None:
        """Send a message through the ingress, and wait for the frame that ends it."""
        if visitor not in self._connected:
            self._connect(visitor)
        client_id = f"message-{marks.number}"
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[client_id] = marks, ended
        frame = {"v": 1, "type": "chat.send", "id": client_id, "data": {"text": write_question(marks.number)}}
        self.open_conversations += 1
        marks.frame_in = read_ms()
        try:
            answer = await self._ingress.send_frame(_build_event(visitor, json.dumps(frame)))
            marks.acknowledged = read_ms()
            if json.loads(answer.get("body") or "{}").get("type") != "ack":
                raise AssertionError(f"refused: {answer}")
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                await ended
        finally:
            self.open_conversations -= 1
            del self._waiting[client_id]

    def hear_frame(self, _connection_id: str, frame: dict[str, Any]) -> None:
        """Note a frame that was posted to a connection."""
        marks, ended = self._waiting.get(frame.get("re", ""), (None, None))
        if marks is None or ended is None or ended.done():
            return
        now = read_ms()
        match frame["type"]:
            case "chat.delta":
                marks.deltas += 1
                if marks.deltas == 1:
                    marks.first_delta = now
            case "chat.final" | "error":
                marks.ended, marks.end = now, frame["type"]
                ended.set_result(None)

    def _connect(self, visitor: int) -> None:
        row = {
            "session_id": {"S": f"session-{visitor}"},
            "connection_id": {"S": f"connection-{visitor}"},
            "connected_at_ms": {"N": "1700000000000"},
            "locale": {"S": "en"},
            "capabilities": {"S": "progress"},
        }
        self._tables.carry_out("PutItem", {"TableName": "ConnectionsTable", "Item": row})
        self._connected.add(visitor)


def _build_event(visitor: int, body: str) -> dict[str, Any]:
    grant = {"tenant": TENANT, "session_id": f"session-{visitor}", "locale": "en", "resume": "new"}
    return {
        "body": body,
        "requestContext": {
            "eventType": "MESSAGE",
            "routeKey": "$default",
            "connectionId": f"connection-{visitor}",
            "authorizer": grant,
            # Of a network of its own, as visitors come.
            "identity": {"sourceIp": f"10.{visitor >> 16 & 255}.{visitor >> 8 & 255}.{visitor & 255}"},
        },
    }


async def converse_at_once(
    ask: Ask,
    book: MarkBook,
    *,
    conversations: int,
    seconds: float,
    chance: random.Random,
    first_visitor: int,
    read_time_ms: Callable[[], float] = read_ms,
) -> list[Marks]:
    """Keep so many conversations going, each with its next message soon after an answer; return all marks."""
    ends, asked = read_time_ms() + seconds * 1000, list[Marks]()

    async def converse(visitor: int) -> None:
        await asyncio.sleep(chance.uniform(0, 1.5))
        while read_time_ms() < ends:
            marks = book.open_marks()
            asked.append(marks)
            await ask(visitor, marks)
            await asyncio.sleep(chance.uniform(0, 0.5))

    await asyncio.gather(*(converse(first_visitor + number) for number in range(conversations)))
    return asked


async def arrive_steadily(
    ask: Ask, book: MarkBook, *, per_second: float, seconds: float, first_visitor: int
) -> tuple[list[Marks], list["asyncio.Task[None]"]]:
    """Let new visitors write at a steady rate, whoever still waits; return the marks and who waits at the end."""
    asked, tasks, loop = list[Marks](), list[asyncio.Task[None]](), asyncio.get_running_loop()
    began = loop.time()
    for number in range(round(seconds * per_second)):
        await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
        marks = book.open_marks()
        asked.append(marks)
        tasks.append(asyncio.create_task(_coroutine(ask, first_visitor + number, marks)))
    await asyncio.sleep(max(0.0, began + seconds - loop.time()))
    return asked, tasks


async def _coroutine(ask: Ask, visitor: int, marks: Marks) -> None:
    await ask(visitor, marks)
