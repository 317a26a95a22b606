"""Puts the stand-in behind HTTP: the application, and a server that runs until it is told to stop."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from infra.local.bedrock.control import ROUTES
from infra.local.bedrock.converse import STAND_IN, converse, converse_stream
from infra.local.bedrock.standin import Pace, StandIn

HOST = "127.0.0.1"
_MAX_REQUEST_BYTES = 25_000_000  # as the service: a request's body takes at most 25 MB
_SHUTDOWN_SECONDS = 0.2


def make_app(pace: Pace) -> web.Application:
    """Return the application with fresh state."""
    app = web.Application(client_max_size=_MAX_REQUEST_BYTES)
    app[STAND_IN] = StandIn(clock=time.monotonic, pace=pace)
    app.router.add_post("/model/{model_id}/converse", converse)
    app.router.add_post("/model/{model_id}/converse-stream", converse_stream)
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
    return app


@asynccontextmanager
async def serving(pace: Pace, port: int = 0) -> AsyncIterator[str]:
    """Serve as long as the block runs, and hand out the address; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    # Without cancellation a stalled answer would outlive a client that has left.
    runner = web.AppRunner(
        make_app(pace), handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
