"""The server: passes requests to the control routes or to SQS, and applies faults and latency."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from infra.aws import REGION
from infra.local.ports import HOST
from tests.broker.control import Control
from tests.broker.counts import Counts
from tests.broker.errors import SqsError
from tests.broker.exchange import Exchange
from tests.broker.fault_injector import FaultInjector
from tests.broker.faults import Faults
from tests.broker.framing import Connection, Request
from tests.broker.service import Service, refuse

_UNSIGNED = SqsError("MissingAuthenticationToken", "The request must contain an Authorization header.", 403)
_JSON = b"Content-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: %012x\r\n"
_request_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the broker."""

    port: int = 0
    latency_ms: float = 0
    """Added to every call, half of it to the request and half to the answer."""
    seed: int | None = None
    """The seed of random faults."""


class _Answer:
    """A request that waits for its answer on a connection."""

    __slots__ = ("_connection", "_half_seconds", "_number")

    def __init__(self, connection: Connection, half_seconds: float) -> None:
        self._connection = connection
        self._number = connection.requests
        self._half_seconds = half_seconds

    @property
    def gone(self) -> bool:
        return self._connection.transport is None

    def answer(self, body: bytes, *, status: int = 200, query_error: str = "") -> None:
        """Send the answer."""
        if self._half_seconds:
            asyncio.get_running_loop().call_later(self._half_seconds, self._send, body, status, query_error)
        else:
            self._send(body, status, query_error)

    def _send(self, body: bytes, status: int, query_error: str) -> None:
        if self._connection.requests != self._number:
            return
        headers = _JSON % next(_request_ids)
        if query_error:
            headers += f"x-amzn-query-error: {query_error}\r\n".encode()
        self._connection.send(status, headers, body)


class Broker:
    """Handles the requests of all connections."""

    def __init__(self, base_url: str, options: Options) -> None:
        self._half_seconds = options.latency_ms / 2000
        self._counts = Counts()
        self._faults = Faults(options.seed)
        self._loop = asyncio.get_running_loop()
        self._service = Service(base_url=base_url, region=REGION, counts=self._counts, clock=self._loop.time)
        self._fault_injector = FaultInjector(self._faults, self._service, self._counts)
        self._control = Control(self._service, self._faults, self._counts)

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a request, now or later."""
        if request.path.startswith("/_broker"):
            status, body = self._control.answer(request.method, request.path, request.body)
            connection.send(status, b"Content-Type: application/json\r\n", body)
            return
        exchange = _Answer(connection, self._half_seconds)
        if self._half_seconds:
            self._loop.call_later(self._half_seconds, self._carry_out, request, exchange, connection)
        else:
            self._carry_out(request, exchange, connection)

    def _carry_out(self, request: Request, exchange: Exchange, connection: Connection) -> None:
        action = request.target.rpartition(".")[2]
        self._counts.requests[action] += 1
        if not request.signed:
            refuse(exchange, _UNSIGNED)
            return
        rule = self._faults.take(action) if self._faults.rules else None
        if rule is None:
            self._service.carry_out(action, request.body, exchange)
        else:
            self._fault_injector.strike(rule, action, request, exchange, connection.disconnect)


@asynccontextmanager
async def serving(options: Options) -> AsyncIterator[str]:
    """Serve for the duration of the `async with`, and yield the address."""
    connections: set[Connection] = set()
    # The port is bound first, because queue URLs contain it.
    brokers: list[Broker] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(brokers[0].handle, connections), HOST, options.port, backlog=1024, start_serving=False
    )
    address = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    brokers.append(Broker(address, options))
    await server.start_serving()
    try:
        yield address
    finally:
        server.close()
        for connection in list(connections):
            connection.disconnect()
        await server.wait_closed()
