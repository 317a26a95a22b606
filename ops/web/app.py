"""The desk as an ASGI application: its routes and its middleware."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ops.answers.answers import Answers
from ops.desk.desk import Desk
from ops.today.presence import StaffPresence
from ops.today.today import Today
from ops.usage.usage import Usage
from ops.web.address_limit import AddressLimit
from ops.web.answers import AnswersPages
from ops.web.failure import FailurePages
from ops.web.failures import FailuresPages
from ops.web.headers import BodyLimit, StrictHeaders
from ops.web.overview import OverviewPage
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from ops.web.runs import Runs
from ops.web.samples import Samples
from ops.web.session_check import SessionCheck
from ops.web.sessions import Sessions
from ops.web.sign_in import SignOut
from ops.web.today import TodayPages
from ops.web.usage import UsagePages
from shared.circuits.ports import CircuitRecords
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.retention import DESK_SESSION_LIFETIME

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
HEALTH = "/health"


class SignIn(Protocol):
    """One way to sign in."""

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of its pages and actions."""
        ...

    async def accepts_session(self, session: Mapping[str, Any]) -> bool:
        """Return whether a session goes on; it is asked at each request."""
        ...


SignInFactory = Callable[[Sessions, Rendering], SignIn]


def create_app(
    *,
    desk: Desk,
    today: Today,
    presence: StaffPresence,
    usage: Usage,
    answers: Answers,
    samples: Samples,
    circuits: CircuitRecords,
    sign_in: SignInFactory,
    session_key: str,
    public_url: str,
    zone: ZoneInfo,
    clock: Clock,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """Return the desk. All routes but the sign-in, static files and `/health` require a sign-in (`route_guard.py`)."""
    address = urlsplit(public_url)
    https = address.scheme == "https"
    sessions = Sessions(clock=clock)
    rendering = Rendering(sessions=sessions, clock=clock, zone=zone)
    runs = Runs(clock=clock)
    guard = RouteGuard(sessions)
    own_sign_in = sign_in(sessions, rendering)
    pages: Sequence[Route | Mount] = [
        *own_sign_in.build_routes(guard),
        *SignOut(sessions=sessions).build_routes(guard),
        *OverviewPage(desk=desk, samples=samples, circuits=circuits, rendering=rendering, clock=clock).build_routes(
            guard
        ),
        *FailuresPages(desk=desk, runs=runs, rendering=rendering, clock=clock).build_routes(guard),
        *FailurePages(desk=desk, sessions=sessions, rendering=rendering).build_routes(guard),
        *TodayPages(today=today, presence=presence, rendering=rendering).build_routes(guard),
        *UsagePages(usage=usage, today=today, rendering=rendering).build_routes(guard),
        *AnswersPages(answers=answers, today=today, rendering=rendering).build_routes(guard),
        guard.build_public_page_route(HEALTH, _answer_health_check),
        Mount("/static", StaticFiles(directory=STATIC)),
        Mount("/widget", StaticFiles(directory=_find_widget())),
    ]
    app = Starlette(
        routes=pages,
        lifespan=lifespan,
        middleware=[
            Middleware(StrictHeaders, https=https),
            Middleware(AddressLimit),
            Middleware(_KnownHosts, allowed_hosts=sorted({address.hostname or "", "127.0.0.1", "localhost"})),
            Middleware(
                SessionMiddleware,
                secret_key=session_key,
                # Cookies are shared between ports, so two desks on one machine need two names.
                session_cookie="__Host-stride-desk" if https else f"stride-desk-{address.port or 80}",
                max_age=int(DESK_SESSION_LIFETIME.total_seconds()),
                same_site="lax",
                https_only=https,
            ),
            Middleware(_ErrorPages, render=_build_error_page(rendering, sessions)),
            Middleware(SessionCheck, accepts=own_sign_in.accepts_session),
            Middleware(BodyLimit),
        ],
        exception_handlers={HTTPException: _build_http_error_handler(rendering, sessions)},
    )
    app.state.runs = runs
    return app


def _find_widget() -> Path:
    """Return the folder of the widget, whose modules show an answer here as the visitor sees it."""
    installed = Path(__file__).parent / "widget"
    return installed if installed.exists() else Path(__file__).parents[2] / "widget"


async def _answer_health_check(_request: Request) -> Response:
    return PlainTextResponse("ok")


class _KnownHosts(TrustedHostMiddleware):
    """Rejects unknown host names, except for `/health`, which load balancers request by address."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == HEALTH:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


ErrorPage = Callable[[Request, int], Response]


class _ErrorPages:
    """Renders an error page for every exception; the log has the traceback, but no form data."""

    def __init__(self, app: ASGIApp, *, render: ErrorPage) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_and_note_start(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_start)
        except ClientDisconnect:
            return
        except TransientError as error:
            log.warning("page_unavailable", error=describe_error(error))
            status = 503
        except PermanentError as error:
            log.warning("page_failed", error=describe_error(error))
            status = 500
        except Exception:
            log.exception("page_failed")
            status = 500
        else:
            return
        if not has_started:
            await self._render(Request(scope), status)(scope, receive, send)


def _build_error_page(rendering: Rendering, sessions: Sessions) -> ErrorPage:
    def render(request: Request, status: int) -> Response:
        return rendering.render_page(
            request, "problem.html", sessions.find_operator(request), status=status, problem_status=status
        )

    return render


def _build_http_error_handler(
    rendering: Rendering, sessions: Sessions
) -> Callable[[Request, Exception], Awaitable[Response]]:
    render = _build_error_page(rendering, sessions)

    async def handle(request: Request, error: Exception) -> Response:
        return render(request, error.status_code if isinstance(error, HTTPException) else 500)

    return handle
