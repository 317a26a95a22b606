"""An HTTP proxy between the processes and the emulator, which slows one service or refuses its calls on request."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from infra.local.ports import HOST

DYNAMODB, SES = "dynamodb", "ses"
EDGE, EDGE_DYNAMODB = "/edge", "edge_dynamodb"
"""The path before that of calls from the functions of the WebSocket API, and the service that their tables are."""

_THROTTLED = 429
_DROPPED = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"})
"""Headers of one connection, not of the request."""


@dataclass(frozen=True)
class Rule:
    """What happens to every call of a service: it is delayed, and then carried out or throttled."""

    seconds: float = 0
    throttles: bool = False


class FaultyProxy:
    """The rules in force, how often each was applied, and the address; rules are set from another thread."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._rules: Mapping[str, Rule] = {}
        self.url = ""
        self.struck: Counter[str] = Counter()

    def put_rules(self, **rules: Rule) -> None:
        """Put these rules in force instead of those before; a call that waits already keeps its own."""
        self._rules = rules

    async def serve(self, stopping: asyncio.Event, ready: threading.Event) -> None:
        """Serve until `stopping` is set."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=False) as upstream:
            app = web.Application(client_max_size=64 * 1024 * 1024)

            async def forward(request: web.Request) -> web.Response:
                return await self._forward(request, upstream)

            app.router.add_route("*", "/{path:.*}", forward)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
            await runner.setup()
            try:
                await web.TCPSite(runner, HOST, 0).start()
                self.url = f"http://{HOST}:{runner.addresses[0][1]}"
                ready.set()
                await stopping.wait()
            finally:
                await runner.cleanup()

    async def _forward(self, request: web.Request, upstream: aiohttp.ClientSession) -> web.Response:
        body = await request.read()
        service = _find_service(request)
        if rule := self._rules.get(service):
            self.struck[service] += 1
            await asyncio.sleep(rule.seconds)
            if rule.throttles:
                return _build_throttling_answer()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _DROPPED}
        try:
            async with upstream.request(
                request.method, f"{self._upstream}{request.raw_path.removeprefix(EDGE)}", headers=headers, data=body
            ) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _DROPPED}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except aiohttp.ClientError:
            # The emulator is gone; so is this connection.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)


def _find_service(request: web.Request) -> str:
    if request.headers.get("X-Amz-Target", "").startswith("DynamoDB"):
        return EDGE_DYNAMODB if request.path.startswith(EDGE) else DYNAMODB
    return SES if request.path.startswith("/v2/email") else ""


def _build_throttling_answer() -> web.Response:
    headers = {"x-amzn-errortype": "TooManyRequestsException"}
    return web.json_response({"message": "Too many requests"}, status=_THROTTLED, headers=headers)


@contextmanager
def open_faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """Serve on a thread until the end of the `with`: the test's own loop must not delay what it measures."""
    proxy, ready, loop, stopping = FaultyProxy(upstream), threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(proxy.serve(stopping, ready),), name="faulty-proxy", daemon=True
    )
    thread.start()
    assert ready.wait(30), "the proxy does not listen"
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()
