"""HTTP/1.1 with keep-alive, as far as AWS clients need it."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

_REASONS = {200: b"OK", 400: b"Bad Request", 403: b"Forbidden", 404: b"Not Found", 500: b"Internal Server Error"}
_MAX_HEAD_BYTES = 65_536


class Request(NamedTuple):
    """The parts of a request that are used."""

    method: bytes
    path: str
    target: str
    """The header `X-Amz-Target`."""
    signed: bool
    """Whether there is an `Authorization` header."""
    body: bytes


class Connection(asyncio.Protocol):
    """One connection; a request is answered before the next one is handled."""

    def __init__(self, handle: Callable[[Request, "Connection"], None], connections: "set[Connection]") -> None:
        self._handle = handle
        self._connections = connections
        self._received = b""
        self._is_handling = False
        self._answered = True
        self.transport: asyncio.Transport | None = None
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        # uvloop's transports are such without being subclasses.
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the transport."""
        del exc
        self.transport = None
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Handle every request that is complete."""
        self._received = self._received + data if self._received else data
        if not self._is_handling:
            self._handle_requests()

    def send(self, status: int, headers: bytes, body: bytes) -> None:
        """Answer the current request, and handle the next one."""
        if self.transport is None:
            return
        head = b"HTTP/1.1 %d %b\r\n%bContent-Length: %d\r\n\r\n" % (status, _REASONS[status], headers, len(body))
        self.end_answer(head + body)

    def end_answer(self, data: bytes) -> None:
        """Write the rest of an answer, and handle the next request; a streamed answer is written to the transport."""
        if self.transport is None:
            return
        self.transport.write(data)
        self._answered = True
        if self._received and not self._is_handling:
            self._handle_requests()

    def disconnect(self) -> None:
        """Reset the connection without an answer."""
        if self.transport is not None:
            self.transport.abort()

    def _handle_requests(self) -> None:
        self._is_handling = True
        while self._answered and self._received and self.transport is not None:
            request = self._next()
            if request is None:
                break
            self._answered = False
            self.requests += 1
            self._handle(request, self)
        self._is_handling = False

    def _next(self) -> Request | None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            if len(self._received) > _MAX_HEAD_BYTES:
                self.disconnect()
            return None
        head = self._received[:end]
        lower = head.lower()
        length = int(_value(head, lower, b"\r\ncontent-length:") or 0)
        stop = end + 4 + length
        if len(self._received) < stop:
            if b"\r\nexpect: 100-continue" in lower and len(self._received) == end + 4 and self.transport:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body = self._received[end + 4 : stop]
        self._received = self._received[stop:]
        method, path, _ = head.partition(b"\r\n")[0].split(b" ", 2)
        target = _value(head, lower, b"\r\nx-amz-target:")
        return Request(method, path.decode(), target.decode(), b"\r\nauthorization:" in lower, body)


def _value(head: bytes, lower: bytes, name: bytes) -> bytes:
    start = lower.find(name)
    if start < 0:
        return b""
    start += len(name)
    end = lower.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip()
