"""Counts what AWS would bill: the emulator's API calls, WebSocket messages and function invocations.

`POST /_calls` starts a recording. `GET /_calls` returns what was recorded since, and how many invocations are running.
All callers are counted alike: functions, pools and the ingress's own client all reach the emulator over HTTP.
"""

import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from infra.local.billed_calls import (
    STACK_PREFIX,
    BilledCall,
    count_messages,
    identify_call,
    list_logged_metrics,
    measure_capacity,
)

_PATH = "/_calls"
_REPORTS_CAPACITY = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]
"""Answers the requests to one service of the emulator."""


class CallRecorder:
    """An ASGI application around the emulator's."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._is_recording = False
        self._running = 0
        """How many invocations of functions have begun and not ended."""
        self._lock = threading.Lock()
        """Functions are invoked from threads."""
        self._counts: dict[tuple[str, str], float] = {}
        """The amounts by call and measure, such as `("dynamodb PutItem connections", "write_units")`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        match scope["type"]:
            case "http" if scope["path"] == _PATH:
                await self._answer_control_request(scope, send)
            case "http" if self._is_recording:
                await self._record_request(scope, receive, send)
            case "websocket":
                await self._application(scope, self._record_incoming(receive), self._record_outgoing(send))
            case _:
                await self._application(scope, receive, send)

    @contextmanager
    def record_invocation(self, function: str) -> Iterator[Callable[[str], None]]:
        """Record one invocation of a function; the yielded function takes what it logged."""

        def record_log(log: str) -> None:
            self._add(f"lambda Invoke {function.removeprefix(STACK_PREFIX)}", {"log_bytes": len(log.encode())})
            for metric in list_logged_metrics(log):
                self._add(f"cloudwatch metric {metric}", {"calls": 1})

        with self._lock:
            self._running += 1
        try:
            yield record_log
        finally:
            self._add(f"lambda Invoke {function.removeprefix(STACK_PREFIX)}", {"calls": 1})
            with self._lock:
                self._running -= 1

    def ask_for_capacity(self, handle: Handler) -> Handler:
        """Return a handler of DynamoDB's requests that also reports units while calls are recorded.

        It gets a request after its signature was checked: a caller that did not ask for the units has not signed that.
        """

        async def handle_request(
            method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
        ) -> Answer:
            if self._is_recording and headers.get("x-amz-target", "").rpartition(".")[2] in _REPORTS_CAPACITY:
                body = json.dumps({**json.loads(body), "ReturnConsumedCapacity": "TOTAL"}).encode()
            return await handle(method, path, headers, body, query)

        return handle_request

    def _add(self, call: str, amounts: Mapping[str, float]) -> None:
        if self._is_recording:
            with self._lock:
                for measure, amount in amounts.items():
                    self._counts[call, measure] = self._counts.get((call, measure), 0) + amount

    async def _answer_control_request(self, scope: Scope, send: Send) -> None:
        calls: dict[str, dict[str, float]] = {}
        with self._lock:
            if scope["method"] == "POST":
                self._is_recording = True
                self._counts.clear()
            for (call, measure), amount in sorted(self._counts.items()):
                calls.setdefault(call, {})[measure] = amount
            report = {"calls": calls, "running": self._running}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(report).encode()})

    async def _record_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        call = identify_call(scope["method"], scope["path"], scope["query_string"].decode(), headers, body)
        if call is None:
            await self._application(scope, _replay(body, receive), send)
            return
        answer = bytearray()

        async def send_and_keep(event: Event) -> None:
            answer.extend(event.get("body", b""))
            await send(event)

        await self._application(scope, _replay(body, receive), send_and_keep)
        self._add(call.name, {"calls": 1, **_measure(call, body, bytes(answer))})

    def _record_incoming(self, receive: Receive) -> Receive:
        async def receive_and_count() -> Event:
            event = await receive()
            if event["type"] == "websocket.receive":
                self._add("apigateway message in", {"calls": count_messages(event)})
            return event

        return receive_and_count

    def _record_outgoing(self, send: Send) -> Send:
        async def send_and_count(event: Event) -> None:
            if event["type"] == "websocket.send":
                text: str = event.get("text") or ""
                kind = json.loads(text).get("type", "") if text.startswith("{") else "text"
                self._add(f"apigateway message out {kind}", {"calls": count_messages(event)})
            await send(event)

        return send_and_count


def _measure(call: BilledCall, body: bytes, answer: bytes) -> Mapping[str, float]:
    return measure_capacity(call.operation, json.loads(body), json.loads(answer)) if call.service == "dynamodb" else {}


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        event = await receive()
        body.extend(event.get("body", b""))
        if not event.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields a body that was read already, and then what follows."""
    events: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Event:
        return events.pop() if events else await receive()

    return receive_again
