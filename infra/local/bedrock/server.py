"""The HTTP server of the stand-in, and its application."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from infra.local.bedrock.control import ROUTES
from infra.local.bedrock.converse import STAND_IN, converse, converse_stream
from infra.local.bedrock.standin import Pace, StandIn

HOST = "127.0.0.1"
_MAX_REQUEST_BYTES = 25_000_000  # the service's limit for a request's body is 25 MB
_SHUTDOWN_SECONDS = 0.2


def create_app(pace: Pace) -> web.Application:
    """Return the application with fresh state."""
    app = web.Application(client_max_size=_MAX_REQUEST_BYTES)
    app[STAND_IN] = StandIn(clock=time.monotonic, pace=pace)
    app.router.add_post("/model/{model_id}/converse", converse)
    app.router.add_post("/model/{model_id}/converse-stream", converse_stream)
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
    return app


@asynccontextmanager
async def open_server(pace: Pace, port: int = 0) -> AsyncIterator[str]:
    """Serve for the duration of the `async with`, and yield the address; port 0 stands for a free one.

    Raises:
        OSError: the port is in use.
    """
    # Without cancellation a stalled answer would continue after its client has disconnected.
    runner = web.AppRunner(
        create_app(pace), handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
