"""A stand-in for the WebSocket API of API Gateway in this process, whose connections can be cut in every way.

Authorizer and ingress are the real ones. As on AWS two frames of one connection may be served at once, a response is
sent after everything that was posted meanwhile, and a post to a closed connection is answered with 410.
"""

import asyncio
import itertools
import json
import queue
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

from api_gateway_ws.authorizer import ConnectAuthorizer
from api_gateway_ws.authorizer_events import authorize_event
from api_gateway_ws.ingress import Ingress
from api_gateway_ws.ingress_events import serve_event
from bench.floods.events import ORIGIN, build_context
from shared.errors import TransientError
from tests.broker.framing import Connection, Request

INTERNAL_ERROR = json.dumps({"message": "Internal server error", "connectionId": "x", "requestId": "x"})
"""What API Gateway itself says where a function has failed."""

Instance = TypeVar("Instance")
Hear = Callable[["Line", str], None]
Watch = Callable[[str, bytes], None]


class Fault(Enum):
    """What goes wrong with the next frame of a line."""

    BEFORE_QUEUE = "the function ends before it has done anything"
    AFTER_QUEUE = "the function ends after the command is on its queue, before its answer"
    ACK_LOST = "the connection ends before the answer of the function"


class Functions(Generic[Instance]):
    """A Lambda function: an instance takes one event at a time."""

    def __init__(
        self,
        build: Callable[[], Instance],
        serve: Callable[[dict[str, Any], Instance], dict[str, Any]],
        *,
        instances: int,
    ) -> None:
        self._serve = serve
        self._idle: queue.SimpleQueue[Instance] = queue.SimpleQueue()
        # All are built before anything is measured.
        for _ in range(instances):
            self._idle.put(build())
        self._threads = ThreadPoolExecutor(instances)

    async def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to an event."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, event)

    def _run(self, event: dict[str, Any]) -> dict[str, Any]:
        instance = self._idle.get()
        try:
            return self._serve(event, instance)
        finally:
            self._idle.put(instance)


class Line:
    """One connection, as both ends see it: the client may be gone long before the gateway notices."""

    def __init__(self, gateway: "Gateway", connection_id: str, address: str, grant: dict[str, str], hear: Hear) -> None:
        self.id = connection_id
        self.address = address
        self.grant = grant
        self.closed = asyncio.Event()
        """Set when the client knows that it is closed."""
        self.fault: Fault | None = None
        self.cut_after_frames: int | None = None
        self.is_known = True
        """Whether the gateway takes it for open."""
        self._gateway = gateway
        self._hear = hear
        self._carries = True

    def send(self, text: str) -> None:
        """Send a frame; on a dead line it is lost, and nobody says so."""
        if self._carries:
            self._gateway.start(self._serve(text))

    def deliver(self, text: str) -> None:
        """Give the client a frame; where it does not get through nobody says so."""
        if not self._carries:
            return
        self._hear(self, text)
        if self.cut_after_frames is not None:
            self.cut_after_frames -= 1
            if self.cut_after_frames <= 0:
                self.cut(notice_seconds=0.2)

    def cut(self, *, notice_seconds: float, is_silent: bool = False) -> None:
        """Break the line; the gateway notices later, the client at once, or not at all where the line is silent."""
        self._carries = False
        if not is_silent:
            self.closed.set()
        self._gateway.start(self._be_noticed(notice_seconds))

    def close(self) -> None:
        """Close it in order, from either side."""
        self.cut(notice_seconds=0)

    async def _be_noticed(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.is_known:
            self.is_known = False
            await self._gateway.disconnect(self)

    async def _serve(self, text: str) -> None:
        fault, self.fault = self.fault, None
        if fault is Fault.BEFORE_QUEUE:
            self.deliver(INTERNAL_ERROR)
            return
        try:
            body = await self._gateway.invoke(self, "MESSAGE", text)
        except TransientError:
            self._gateway.failures += 1
            body = INTERNAL_ERROR
        if fault is Fault.ACK_LOST:
            self.cut(notice_seconds=0.1)
        elif fault is Fault.AFTER_QUEUE:
            self.deliver(INTERNAL_ERROR)
        elif body:
            self.deliver(body)


class Gateway:
    """Opens lines, and posts to them what the functions and the pools post."""

    def __init__(
        self, build_ingress: Callable[[], Ingress], build_authorizer: Callable[[], ConnectAuthorizer], *, tenant: str
    ) -> None:
        self._ingress = Functions(build_ingress, serve_event, instances=6)
        self._authorizer = Functions(build_authorizer, authorize_event, instances=4)
        self._tenant = tenant
        self._lines: dict[str, Line] = {}
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failures = 0
        """How many events ended with an error: the tables were too slow, in a process that is kept busy."""

    async def connect(self, token: str | None, hear: Hear) -> Line | None:
        """Return a line that is open, or None where the authorizer denies it."""
        number = next(self._numbers)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        event = {
            "methodArn": "arn:aws:execute-api:eu-central-1:000000000000:api/live/$connect",
            "headers": {"Origin": ORIGIN},
            "queryStringParameters": {"tenant": self._tenant, "locale": "en", **({"session": token} if token else {})},
            "requestContext": {"identity": {"sourceIp": address}},
        }
        policy = await self._authorizer.invoke(event)
        if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
            return None
        line = Line(self, f"line-{number}", address, policy["context"], hear)
        try:
            await self.invoke(line, "CONNECT")
        except TransientError:
            self.failures += 1
            return None
        self._lines[line.id] = line
        return line

    async def invoke(self, line: Line, kind: str, body: str = "") -> str | None:
        """Let the ingress serve an event of a line, and return the body of its answer."""
        context = build_context(kind, line.id, line.address, line.grant)
        event: dict[str, Any] = {"requestContext": context, "body": body}
        answer = await self._ingress.invoke(event)
        return answer.get("body")

    async def disconnect(self, line: Line) -> None:
        """Forget a line, and tell the ingress."""
        self._lines.pop(line.id, None)
        try:
            await self.invoke(line, "DISCONNECT")
        except TransientError:
            self.failures += 1

    def handle(self, request: Request, connection: Connection) -> None:
        """Serve the management endpoint."""
        line = self._lines.get(unquote(request.path.rpartition("/")[2]))
        if line is None or not line.is_known:
            connection.send(410, b"x-amzn-ErrorType: GoneException\r\n", b"{}")
            return
        # On AWS, too, an accepted frame may still be lost on its way.
        connection.send(200, b"", b"")
        line.deliver(request.body.decode())

    def start(self, steps: Coroutine[Any, Any, Any]) -> None:
        """Run something beside everything else."""
        task = asyncio.get_running_loop().create_task(steps)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for everything that runs beside; raises what went wrong there."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
