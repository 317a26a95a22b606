"""A pool of keep-alive connections to one host, for small uniform calls.

A general HTTP client spends three quarters of such a call on features that are not needed here: redirects,
cookies, compression, streaming, middleware. Parsing is httptools' (llhttp), TLS and sockets are asyncio's.
"""

import asyncio
import ssl
import time
from collections import deque
from http import HTTPStatus
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import httptools

_CONNECT_SECONDS = 2.0
_IDLE_SECONDS = 15.0
"""AWS closes connections that were idle for 20 s; a call on a closed connection fails."""

_MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""More than any answer of SQS: a receive may return ten messages of 1 MiB, and JSON may need six bytes for one byte."""


class HttpPool:
    """Keep-alive connections, as many as there are concurrent calls."""

    def __init__(self, url: str, *, ca_file: str | None = None) -> None:
        """Take the host's URL, `http://` or `https://`, and the certificates to trust."""
        address = urlsplit(url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError(f"not an http(s) address: {url}")
        self.host = address.netloc
        self._hostname = address.hostname
        self._port = address.port or (443 if address.scheme == "https" else 80)
        self._tls = ssl.create_default_context(cafile=ca_file) if address.scheme == "https" else None
        self._idle: deque[_Connection] = deque()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            self._idle.pop().close()

    async def post(self, headers: dict[str, str], body: bytes, *, deadline_seconds: float, path: str = "/") -> "Answer":
        """Send a POST and return the answer, whatever its status; `path` is percent-encoded.

        Raises:
            OSError: the connection could not be made, or ended before the answer did.
            TimeoutError: no whole answer came within the deadline.
        """
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if "\n" in head.replace("\r\n", ""):
            raise ValueError("a header must not have a line break")
        if not path.isprintable() or " " in path:
            raise ValueError("a path must be percent-encoded")
        request = f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        connection = self._take_idle_connection() or await self._open_connection()
        try:
            answer = await connection.exchange(request, deadline_seconds)
        except BaseException:
            # Also a cancelled call: no later call may read the rest of this answer.
            connection.close()
            raise
        if answer.keep_alive:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _take_idle_connection(self) -> "_Connection | None":
        """Return the connection that was used last, which is the least likely to be closed; None if all are in use."""
        oldest = time.monotonic() - _IDLE_SECONDS
        while self._idle and (self._idle[0].is_closed or self._idle[0].idle_since < oldest):
            self._idle.popleft().close()
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed:
                return connection
        return None

    async def _open_connection(self) -> "_Connection":
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                _Connection,
                self._hostname,
                self._port,
                ssl=self._tls,
                server_hostname=self._hostname if self._tls else None,
            )
        return connection


class Answer:
    """A complete HTTP response."""

    __slots__ = ("body", "headers", "keep_alive", "status")

    def __init__(self, status: int, headers: dict[bytes, bytes], body: bytes, *, keep_alive: bool) -> None:
        self.status = status
        self.headers = headers
        """Names are lower case."""
        self.body = body
        self.keep_alive = keep_alive


class _Connection(asyncio.Protocol):
    """One connection, which has one call at a time. The methods without a docstring are httptools' and asyncio's."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.is_closed = False
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0

    async def exchange(self, request: bytes, deadline_seconds: float) -> Answer:
        """Send a request and return its answer."""
        if self._transport is None or self.is_closed:
            raise ConnectionResetError("the connection is closed")
        loop = asyncio.get_running_loop()
        self._answered = loop.create_future()
        timer = loop.call_later(deadline_seconds, self._fail_exchange, TimeoutError("no answer within the deadline"))
        try:
            self._transport.write(request)
            return await self._answered
        finally:
            timer.cancel()
            self._answered = None

    def close(self) -> None:
        """Close without waiting for the call under way."""
        self.is_closed = True
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answered is None or self._answered.done():
            self.close()  # data that no call asked for
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail_exchange(ConnectionError(f"no HTTP: {type(error).__name__}"))
            self.close()  # also after a complete answer: no call asked for the rest

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self._fail_exchange(ConnectionResetError(f"the connection ended before the answer: {type(exc).__name__}"))

    def on_message_begin(self) -> None:
        if self._answered is None or self._answered.done():
            self.close()  # a second answer in the same packet

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reserve_room(len(name) + len(value)):
            self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        if self._reserve_room(len(body)):
            self._body.append(body)

    def _reserve_room(self, size: int) -> bool:
        self._size += size
        if self._size > _MAX_ANSWER_BYTES:
            self._fail_exchange(ConnectionError("the answer is too long"))
            self.close()
            return False
        return True

    def on_message_complete(self) -> None:
        headers, body = self._headers, b"".join(self._body)
        self._headers, self._body, self._size = {}, [], 0
        status = self._parser.get_status_code()
        if status >= HTTPStatus.OK and self._answered and not self._answered.done():
            keep_alive = bool(self._parser.should_keep_alive())
            self._answered.set_result(Answer(status, headers, body, keep_alive=keep_alive))

    def _fail_exchange(self, error: Exception) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(error)
