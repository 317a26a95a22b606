"""The HTTP server of the stand-in, which listens on this machine only."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from infra.local.google_calendar.auth import TokenRefused
from infra.local.google_calendar.control import CONTROL_PATH, Control
from infra.local.google_calendar.errors import ApiError
from infra.local.google_calendar.routes import BASE_PATH, build_api_routes
from infra.local.google_calendar.standin import Standin

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 0.5

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(standin: Standin, middlewares: Sequence[Middleware] = ()) -> web.Application:
    """Return the application with all routes; `middlewares` see an answer before the refusals become JSON."""

    async def token(request: web.Request) -> web.StreamResponse:
        fault = standin.faults.take_matching("token")
        if fault is not None:
            return await standin.faults.apply(fault, request, "token")
        try:
            granted = standin.authority.exchange_assertion(await request.post(), own_url=str(request.url))
        except TokenRefused as refusal:
            return web.json_response(refusal.build_body(), status=HTTPStatus.BAD_REQUEST)
        return web.json_response(granted)

    app = web.Application(middlewares=[_build_call_counter(standin), _answer_refusals_as_json, *middlewares])
    app.add_routes([web.post("/token", token), *Control(standin).build_routes(), *build_api_routes(standin)])
    app.on_shutdown.append(lambda _app: standin.faults.close())
    return app


@asynccontextmanager
async def open_server(standin: Standin, port: int = 0, *, middlewares: Sequence[Middleware] = ()) -> AsyncIterator[str]:
    """Serve until the end of the `async with`; yield the server's address. Raise OSError if the port is in use."""
    runner = web.AppRunner(create_app(standin, middlewares), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def build_api_endpoint(address: str) -> str:
    """Return the client library's `api_endpoint`; it must end in a slash."""
    return f"{address}{BASE_PATH}/"


def _build_call_counter(standin: Standin) -> Middleware:
    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(CONTROL_PATH):
            resource = request.match_info.route.resource
            path = request.path if resource is None else resource.canonical
            standin.calls[f"{request.method} {path}"] += 1
        return await handler(request)

    return count


@web.middleware
async def _answer_refusals_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as refusal:
        return web.json_response(refusal.build_body(), status=refusal.status)
