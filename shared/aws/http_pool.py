"""Small uniform calls over a pool of connections: a request, and its whole answer."""

import asyncio
from http import HTTPStatus

import httptools

from shared.aws.connection_pool import ConnectionPool, PooledConnection, build_post

_MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""More than any answer of SQS: a receive may return ten messages of 1 MiB, and JSON may need six bytes for one byte."""


class HttpPool(ConnectionPool["_Connection"]):
    """Makes calls to one host, each on a connection of its own while it lasts."""

    def __init__(self, url: str, *, ca_file: str | None = None) -> None:
        """Take the host's URL, `http://` or `https://`, and the certificates to trust."""
        super().__init__(url, _Connection, ca_file=ca_file)

    async def post(self, headers: dict[str, str], body: bytes, *, deadline_seconds: float, path: str = "/") -> "Answer":
        """Send a POST and return the answer, whatever its status; `path` is percent-encoded.

        Raises:
            OSError: the connection could not be made, or ended before the answer did.
            TimeoutError: no whole answer came within the deadline.
        """
        request = build_post(path, headers, body)
        connection = self.take_idle() or await self.open()
        try:
            answer = await connection.exchange(request, deadline_seconds)
        except BaseException:
            # Also a cancelled call: no later call may read the rest of this answer.
            connection.close()
            raise
        self.give_back(connection, keep_alive=answer.keep_alive)
        return answer


class Answer:
    """A complete HTTP response."""

    __slots__ = ("body", "headers", "keep_alive", "status")

    def __init__(self, status: int, headers: dict[bytes, bytes], body: bytes, *, keep_alive: bool) -> None:
        self.status = status
        self.headers = headers
        """Names are lower case."""
        self.body = body
        self.keep_alive = keep_alive


class _Connection(PooledConnection):
    """One connection, which has one call at a time. The methods without a docstring are httptools' and asyncio's."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0

    async def exchange(self, request: bytes, deadline_seconds: float) -> Answer:
        """Send a request and return its answer."""
        if self.transport is None or self.is_closed:
            raise ConnectionResetError("the connection is closed")
        loop = asyncio.get_running_loop()
        self._answered = loop.create_future()
        timer = loop.call_later(deadline_seconds, self._fail_exchange, TimeoutError("no answer within the deadline"))
        try:
            self.transport.write(request)
            return await self._answered
        finally:
            timer.cancel()
            self._answered = None

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
