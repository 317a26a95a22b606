"""The stub of Bedrock: an event stream over real HTTP whose first words come after a scripted time."""

import asyncio
from dataclasses import dataclass

from bench.chat.clock import read_ms
from bench.chat.marks import MarkBook
from infra.local.bedrock.event_stream import CONTENT_TYPE, encode_event
from tests.broker.framing import Connection, Request

_HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nx-amzn-RequestId: bench\r\nTransfer-Encoding: chunked\r\n\r\n"
).encode()
_WORDS = ("a ", "massage ", "costs ", "two ", "hundred ", "and ", "twenty ", "zloty, ", "for ", "an ", "hour. ")


@dataclass(slots=True)
class Pace:
    """How the model answers."""

    first_token_ms: float = 300
    events: int = 40
    """Events with words in an answer; each has about two tokens."""
    events_per_second: float = 40


class ModelStub:
    """Answers each `ConverseStream` at the pace of the moment, and notes when it was asked and began."""

    def __init__(self, book: MarkBook, pace: Pace) -> None:
        self.pace = pace
        self.open_streams = 0
        self.events = 0
        self._book = book
        self._streams: set[asyncio.Task[None]] = set()

    def handle(self, request: Request, connection: Connection) -> None:
        """Begin an answer."""
        asked = read_ms()
        task = asyncio.create_task(self._stream(request, connection, asked))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

    async def _stream(self, request: Request, connection: Connection, asked: float) -> None:
        marks, pace, loop = self._book.find_in(request.body), self.pace, asyncio.get_running_loop()
        if marks:
            marks.asked = asked
        self.open_streams += 1
        try:
            _write(connection, _HEAD)
            _write(connection, _chunk(encode_event("messageStart", {"role": "assistant"})))
            due = loop.time() + pace.first_token_ms / 1000
            for number in range(pace.events):
                await asyncio.sleep(max(0.0, due - loop.time()))
                due += 1 / pace.events_per_second
                if connection.transport is None:
                    return
                if number == 0 and marks:
                    marks.first_token = read_ms()
                _write(connection, _chunk(_DELTAS[number % len(_DELTAS)]))
                self.events += 1
            # `send` ends the exchange on the connection, so that it takes the next request.
            _write(connection, b"".join(map(_chunk, _build_end(pace.events))))
            connection.end_answer(b"0\r\n\r\n")
        finally:
            self.open_streams -= 1


def _build_end(events: int) -> list[bytes]:
    usage = {"inputTokens": 200, "outputTokens": 2 * events, "totalTokens": 200 + 2 * events}
    usage |= {"cacheReadInputTokens": 6000, "cacheWriteInputTokens": 0}
    return [
        encode_event("contentBlockStop", {"contentBlockIndex": 0}),
        encode_event("messageStop", {"stopReason": "end_turn"}),
        encode_event("metadata", {"usage": usage, "metrics": {"latencyMs": 1}}),
    ]


_DELTAS = [encode_event("contentBlockDelta", {"delta": {"text": word}, "contentBlockIndex": 0}) for word in _WORDS]


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def _write(connection: Connection, content: bytes) -> None:
    if connection.transport is not None:
        connection.transport.write(content)
