"""Calls whose answers are read while they come, over a pool of connections."""

import asyncio
from http import HTTPStatus

import httptools

from shared.aws.connection_pool import ConnectionPool, PooledConnection, build_post

_MAX_HEADERS_BYTES = 64 * 1024
_MAX_PENDING_BYTES = 128 * 1024
"""What an answer may be ahead of its reader who is about to read."""


class HttpStreamPool(ConnectionPool["_Connection"]):
    """Makes calls to one host. An answer keeps its connection until it is closed."""

    def __init__(self, url: str, *, ca_file: str | None = None) -> None:
        """Take the host's URL, `http://` or `https://`, and the certificates to trust."""
        super().__init__(url, _Connection, ca_file=ca_file)

    async def post(self, headers: dict[str, str], body: bytes, *, path: str) -> "StreamedAnswer":
        """Send a POST and return its answer once it begins; `path` is percent-encoded. The caller closes the answer.

        A connection that the server has closed while it was idle shows that only when it is used: the request is
        sent once more, on a new one.

        Raises:
            OSError: the connection could not be made, or ended before the answer began.
        """
        request = build_post(path, headers, body)
        connection = self.take_idle()
        if connection is not None:
            try:
                return await self._begin(connection, request)
            except _StaleConnectionError:
                pass
        return await self._begin(await self.open(), request)

    async def _begin(self, connection: "_Connection", request: bytes) -> "StreamedAnswer":
        try:
            await connection.begin(request)
        except BaseException:
            # Also a cancelled call: no later call may read this answer.
            connection.close()
            raise
        return StreamedAnswer(self, connection)


class StreamedAnswer:
    """An HTTP response whose body is still coming."""

    def __init__(self, pool: HttpStreamPool, connection: "_Connection") -> None:
        self._pool = pool
        self._connection: _Connection | None = connection
        self.status = connection.status
        self.headers = connection.headers
        """Names are lower case."""

    async def read(self) -> bytes:
        """Return what has come since the last read, at least one byte; empty at the end.

        Raises:
            OSError: the connection ended before the body did.
        """
        if self._connection is None:
            raise ConnectionAbortedError("the answer is closed")
        return await self._connection.read()

    def close(self) -> None:
        """Give the connection back if the body was read to its end, or else end it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection, keep_alive=connection.end())


class _StaleConnectionError(ConnectionResetError):
    """A connection that was used before ended before the first byte of the next answer."""


class _Connection(PooledConnection):
    """One connection, which has one answer at a time. Methods without a docstring are httptools' and asyncio's."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 0
        self.headers: dict[str, str] = {}
        self._parser = httptools.HttpResponseParser(self)
        self._answers = 0
        self._is_open = False
        """Whether an answer is awaited or read."""
        self._has_answer = False
        """Whether a byte of it has come."""
        self._has_begun = False
        """Whether its headers have."""
        self._is_complete = False
        self._may_go_on = False
        """Whether the connection can have another answer after this one."""
        self._is_paused = False
        self._failure: Exception | None = None
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._headers_bytes = 0
        self._waiter: asyncio.Future[None] | None = None

    async def begin(self, request: bytes) -> None:
        """Send a request, and wait for the headers of its answer."""
        if self.transport is None or self.is_closed:
            raise _StaleConnectionError("the connection is closed")
        self.status, self.headers, self._headers_bytes = 0, {}, 0
        self._has_answer = self._has_begun = self._is_complete = False
        self._is_open = True
        self.transport.write(request)
        while not self._has_begun:
            if self._failure:
                raise self._failure
            await self._wait()
        self._answers += 1

    async def read(self) -> bytes:
        """Return the bytes that have come; empty at the end of the body."""
        while not self._pending:
            if self._is_complete:
                return b""
            if self._failure:
                raise self._failure
            await self._wait()
        pieces, self._pending, self._pending_bytes = self._pending, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> bool:
        """End the answer; return whether the connection can have another one."""
        self._is_open = False
        self._pending, self._pending_bytes = [], 0
        # Or else nobody would notice that the server ends the connection.
        self._resume()
        return self._is_complete and self._may_go_on and not self.is_closed

    async def _wait(self) -> None:
        self._resume()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _pause(self) -> None:
        if not self._is_paused and self.transport:
            self._is_paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused and self.transport:
            self._is_paused = False
            self.transport.resume_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._is_complete and self._failure is None:
            self._failure = error
        self._wake()

    def data_received(self, data: bytes) -> None:
        if not self._is_open or self._is_complete:
            self._fail(ConnectionError("data that no call asked for"))
            self.close()
            return
        self._has_answer = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"no HTTP: {type(error).__name__}"))
            self.close()  # also after a complete answer: no call asked for the rest
        if not self._has_begun:
            self._headers_bytes += len(data)
            if self._headers_bytes > _MAX_HEADERS_BYTES:
                self._fail(ConnectionError("the headers are too long"))
                self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        text = f"the connection ended before the answer: {type(exc).__name__}"
        is_stale = self._answers and not self._has_answer
        self._fail(_StaleConnectionError(text) if is_stale else ConnectionResetError(text))

    def on_message_begin(self) -> None:
        if self._is_complete:
            raise ConnectionError("a second answer in the same packet")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status >= HTTPStatus.OK:
            self._has_begun = True
            self._wake()
        else:
            self.headers = {}

    def on_body(self, body: bytes) -> None:
        self._pending.append(body)
        self._pending_bytes += len(body)
        if self._waiter is None or self._pending_bytes > _MAX_PENDING_BYTES:
            # The rest comes in one piece when somebody reads it: that costs less, and the server has to wait.
            self._pause()
        self._wake()

    def on_message_complete(self) -> None:
        if self._has_begun:
            self._is_complete = True
            self._may_go_on = bool(self._parser.should_keep_alive())
            self._wake()
