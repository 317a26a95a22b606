"""Keep-alive connections to one host over HTTP/1.1: what calls and streams share.

A general HTTP client spends three quarters of a small call on features that are not needed here: redirects, cookies,
compression, middleware. Parsing is httptools' (llhttp), TLS and sockets are asyncio's.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar, cast
from urllib.parse import urlsplit

_CONNECT_SECONDS = 2.0
_IDLE_SECONDS = 15.0
"""AWS closes connections that were idle for 20 s; a call on a closed connection fails."""


class PooledConnection(asyncio.Protocol):
    """One connection, which has one exchange at a time."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.is_closed = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        # uvloop's transports are such without being subclasses.
        self.transport = cast("asyncio.Transport", transport)

    def close(self) -> None:
        """Close without waiting for the exchange under way."""
        self.is_closed = True
        if self.transport:
            self.transport.abort()


ConnectionT = TypeVar("ConnectionT", bound=PooledConnection)


class ConnectionPool(Generic[ConnectionT]):
    """Keep-alive connections, as many as there are concurrent exchanges."""

    def __init__(self, url: str, make_connection: Callable[[], ConnectionT], *, ca_file: str | None = None) -> None:
        """Take the host's URL, `http://` or `https://`, and the certificates to trust."""
        address = urlsplit(url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError(f"not an http(s) address: {url}")
        self.host = address.netloc
        self._make_connection = make_connection
        self._hostname = address.hostname
        self._port = address.port or (443 if address.scheme == "https" else 80)
        self._tls = ssl.create_default_context(cafile=ca_file) if address.scheme == "https" else None
        self._idle: deque[ConnectionT] = deque()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            self._idle.pop().close()

    def take_idle(self) -> ConnectionT | None:
        """Return the connection that was used last, which is the least likely to be closed; None if all are in use."""
        oldest = time.monotonic() - _IDLE_SECONDS
        while self._idle and (self._idle[0].is_closed or self._idle[0].idle_since < oldest):
            self._idle.popleft().close()
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed:
                return connection
        return None

    async def open(self) -> ConnectionT:
        """Return a new connection.

        Raises:
            OSError: it could not be made.
            TimeoutError: nor within the time for it.
        """
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                self._make_connection,
                self._hostname,
                self._port,
                ssl=self._tls,
                server_hostname=self._hostname if self._tls else None,
            )
        return connection

    def give_back(self, connection: ConnectionT, *, keep_alive: bool) -> None:
        """Keep a connection whose exchange has ended for the next one, or close it."""
        if keep_alive:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.close()


def build_post(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a POST as it is sent; `path` is percent-encoded.

    Raises:
        ValueError: the path or a header would end its line.
    """
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if "\n" in head.replace("\r\n", ""):
        raise ValueError("a header must not have a line break")
    if not path.isprintable() or " " in path:
        raise ValueError("a path must be percent-encoded")
    return f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
