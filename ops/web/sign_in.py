"""Sign-in with the token of the desk, and sign-out."""

import hmac

import structlog
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.web.rendering import Rendering
from ops.web.route_guard import SIGN_IN, RouteGuard, sanitize_local_url
from ops.web.sessions import Sessions
from ops.web.sign_in_limit import SignInLimit

log = structlog.get_logger()

MAX_NAME_CHARACTERS = 60


class TokenSignIn:
    """Signs in everybody who has the token; all share it, so the name is not verified."""

    def __init__(
        self,
        *,
        token: str,
        tenants: frozenset[str] | None,
        sessions: Sessions,
        limit: SignInLimit,
        rendering: Rendering,
    ) -> None:
        self._token = token
        self._tenants = tenants
        self._sessions = sessions
        self._limit = limit
        self._rendering = rendering

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the sign-in."""
        return [
            guard.build_public_page_route(SIGN_IN, self._show_page),
            guard.build_public_action_route(SIGN_IN, self._sign_in),
        ]

    async def _show_page(self, request: Request) -> Response:
        if self._sessions.find_operator(request):
            return RedirectResponse("/", status_code=303)
        return self._render_page(request, next_page=request.query_params.get("next"))

    async def _sign_in(self, request: Request, form: FormData) -> Response:
        address = request.client.host if request.client else ""
        next_page = str(form.get("next", ""))
        if not self._limit.is_allowed(address):
            log.warning("sign_in_throttled")
            return self._render_page(request, next_page=next_page, problem="too_many_tries", status=429)
        if not hmac.compare_digest(str(form.get("token", "")).strip().encode(), self._token.encode()):
            self._limit.record_failure(address)
            log.warning("sign_in_refused", method="token")
            return self._render_page(request, next_page=next_page, problem="wrong_token", status=403)
        name = " ".join(str(form.get("name", "")).split())
        if not name or not name.isprintable() or len(name) > MAX_NAME_CHARACTERS:
            return self._render_page(request, next_page=next_page, problem="no_name", status=422)
        self._sessions.sign_in(request, Operator(name=name, tenants=self._tenants))
        log.info("signed_in", method="token")
        return RedirectResponse(sanitize_local_url(next_page), status_code=303)

    def _render_page(
        self, request: Request, *, next_page: str | None, problem: str = "", status: int = 200
    ) -> Response:
        return self._rendering.render_page(
            request, "sign_in.html", status=status, next=sanitize_local_url(next_page), problem=problem, provider=False
        )


class SignOut:
    """Ends the session at the desk; a session at an OpenID provider stays, and ends on the provider's own page."""

    def __init__(self, *, sessions: Sessions) -> None:
        self._sessions = sessions

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the route of the action."""
        return [guard.build_action_route("/sign-out", self._sign_out)]

    async def _sign_out(self, request: Request, _operator: Operator, _form: FormData) -> Response:
        self._sessions.sign_out(request)
        log.info("signed_out")
        return RedirectResponse(f"{SIGN_IN}?said=signed_out", status_code=303)
