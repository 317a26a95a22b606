"""What watches from outside: SES, the model, and the management endpoint, each over real HTTP."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable

from bench.chat.clock import read_ms
from bench.chat.marks import MarkBook
from bench.chat.model import ModelStub, Pace
from bench.floods.floods import MARK
from tests.broker.framing import Connection, Request

MailListener = Callable[[str, float], None]
"""Hears of each e-mail: its address, and when SES received it."""


class MailStub:
    """SES: it accepts every e-mail at once, and tells a listener."""

    def __init__(self, on_mail: MailListener) -> None:
        self._on_mail = on_mail
        self.sent: Counter[str] = Counter()
        """E-mails of visitors and of floods."""

    def handle(self, request: Request, connection: Connection) -> None:
        """Accept an e-mail."""
        addresses = json.loads(request.body or b"{}").get("Destination", {}).get("ToAddresses", [])
        for address in addresses:
            self.sent[MARK if MARK in address else "visitors"] += 1
            self._on_mail(address, read_ms())
        connection.send(200, b"Content-Type: application/json\r\n", b'{"MessageId": "m"}')


class CountingModel(ModelStub):
    """The stub of Bedrock, which also counts what a flood asked."""

    def __init__(self, book: MarkBook, pace: Pace) -> None:
        super().__init__(book, pace)
        self.calls: Counter[str] = Counter()

    def handle(self, request: Request, connection: Connection) -> None:
        """Begin an answer."""
        self.calls[MARK if f" {MARK} ".encode() in request.body else "visitors"] += 1
        super().handle(request, connection)


class Arrivals:
    """Lets a visitor wait for an e-mail or a frame that arrives from outside."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[tuple[float, str]]] = {}

    def expect(self, key: str) -> "asyncio.Future[tuple[float, str]]":
        """Return what will have the time and the type of the arrival."""
        future: asyncio.Future[tuple[float, str]] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        return future

    def note(self, key: str, at_ms: float, kind: str) -> None:
        """Note an arrival, if somebody waits for it."""
        future = self._waiting.pop(key, None)
        if future and not future.done():
            future.set_result((at_ms, kind))
