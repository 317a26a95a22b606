"""Ends connections whose request does not arrive: a client that sends nothing, or slowly, would keep one for ever."""

import asyncio
from typing import ClassVar

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

log = structlog.get_logger()

_RECEIVED_STATES = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)


class _TimedProtocol(H11Protocol):
    """Ends the connection when a request has not arrived in time."""

    limit_seconds: ClassVar[float]
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._update_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._update_timer()

    def on_response_complete(self) -> None:
        self._stop_timer()
        super().on_response_complete()
        self._update_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _update_timer(self) -> None:
        if self.conn.their_state in _RECEIVED_STATES or self.transport.is_closing():
            self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.limit_seconds, self._end_connection)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_connection(self) -> None:
        self._timer = None
        log.info("request_not_received")
        self.transport.abort()


def limit_request_time(seconds: float) -> type[H11Protocol]:
    """Return uvicorn's protocol with a time limit for receiving each request, headers and body.

    It counts from the connection or the last response on, however often a client sends another byte. How long the
    desk takes for its response does not count. uvicorn itself limits only the time between two requests.
    """
    return type("TimedProtocol", (_TimedProtocol,), {"limit_seconds": seconds})
