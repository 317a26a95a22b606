"""Serves the health of a pool as `/livez` and `/readyz` on a small HTTP server, for a supervisor that restarts it."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from shared.consumer.lease import LeaseKeeper
from shared.consumer.source import Source
from shared.errors import ConfigurationError

Problems = Callable[[], Sequence[str]]

_POLL_MARGIN_SECONDS = 30.0
"""Longer than any deadline of a receive call: a call that is open for longer hangs."""

_SILENT_KEEPER_SECONDS = 60.0
_BLOCKED_LOOP_SECONDS = 60.0
_LOOP_BEAT_SECONDS = 1.0


class Vitals:
    """The signs that a pool is stuck. An idle pool is not stuck: its long poll ends in time."""

    def __init__(self, *, source: Source, leases: LeaseKeeper, wait_seconds: float) -> None:
        self._source = source
        self._leases = leases
        self._stuck_seconds = wait_seconds + _POLL_MARGIN_SECONDS
        self.loop_ran_at = time.monotonic()
        self.is_stopping = False
        self.is_started = False

    async def record_beats(self) -> None:
        """Record that the event loop runs, until cancelled."""
        while True:
            self.loop_ran_at = time.monotonic()
            await asyncio.sleep(_LOOP_BEAT_SECONDS)

    def find_liveness_problems(self) -> list[str]:
        """Return why the process should be replaced; called from any thread."""
        now = time.monotonic()
        problems = []
        since = self._source.find_oldest_receive_start()
        if since is not None and now - since > self._stuck_seconds:
            problems.append(f"a receive has been open for {now - since:.0f} s")
        if self.is_started and not self.is_stopping and not self._source.is_open:
            problems.append("nothing receives")
        if self.is_started and not self.is_stopping and now - self._leases.heartbeat.beat_at > _SILENT_KEEPER_SECONDS:
            problems.append("leases are not kept")
        if self.is_started and not self.is_stopping and now - self.loop_ran_at > _BLOCKED_LOOP_SECONDS:
            problems.append(f"a handler has blocked the event loop for {now - self.loop_ran_at:.0f} s")
        if overdue_message_ids := self._leases.list_overdue_message_ids():
            problems.append(f"handlers hang: {', '.join(overdue_message_ids[:5])}")
        return problems

    def find_readiness_problems(self) -> list[str]:
        """Return why the pool processes no messages at the moment."""
        problems = self.find_liveness_problems()
        if not self.is_started:
            problems.append("starting")
        if self.is_stopping:
            problems.append("stopping")
        if error := self._source.last_error:
            problems.append(f"receiving fails: {error}")
        return problems


class HealthSource(Protocol):
    """What a health check asks; its methods are called from any thread."""

    def find_liveness_problems(self) -> list[str]:
        """Return why the process should be replaced."""
        ...

    def find_readiness_problems(self) -> list[str]:
        """Return why no messages are processed at the moment."""
        ...


@contextmanager
def serve_health(
    vitals: HealthSource, *, port: int | None, host: str = "127.0.0.1", poll_seconds: float = 0.1
) -> Iterator[str | None]:
    """Answer `GET /livez` and `/readyz` on a thread of its own: 200, or 503 with the reasons.

    The thread answers even while the event loop is blocked. Without a port there is no server. The body gets the
    server's address; port 0 takes a free one. `poll_seconds` is how soon the server notices that it has to end.
    """
    if port is None:
        yield None
        return
    checks: dict[str, Problems] = {"/livez": vitals.find_liveness_problems, "/readyz": vitals.find_readiness_problems}
    try:
        server = ThreadingHTTPServer((host, port), _make_handler_class(checks))
    except OSError as error:
        raise ConfigurationError(f"POOL_HEALTH_PORT: {host}:{port} can't be listened on: {error.strerror}") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="health", args=(poll_seconds,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _make_handler_class(checks: dict[str, Problems]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers the checks."""

        timeout = 5  # for a client that connects and sends nothing

        def do_GET(self) -> None:
            """Answer one check."""
            check = checks.get(self.path.partition("?")[0])
            if check is None:
                self._send_answer(HTTPStatus.NOT_FOUND, {"error": f"ask {' or '.join(checks)}"})
                return
            problems = list(check())
            status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
            self._send_answer(status, {"ok": not problems, "problems": problems})

        def _send_answer(self, status: HTTPStatus, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            """Log nothing: a line per probe would hide the other lines."""

    return Handler
