"""Sign-in with a token of one's own, or with the token of the desk; and sign-out."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.tokens.desk_tokens import DeskTokens
from ops.web.client_address import Network, find_client_network
from ops.web.rendering import Rendering
from ops.web.route_guard import SIGN_IN, RouteGuard, sanitize_local_url
from ops.web.sessions import Sessions
from ops.web.sign_in_limit import ATTEMPTS, SignInLimit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProcessToken:
    """The token of this process: `DESK_TOKEN`, or the random one that is printed at the start."""

    text: str
    operator: Operator
    """Who everybody with this token is."""
    is_configured: bool = False
    """Whether it is `DESK_TOKEN`, which this release accepts for the last time."""


class TokenSignIn:
    """Signs in whoever has a token; the name comes from the token."""

    def __init__(
        self,
        *,
        tokens: DeskTokens,
        process_token: ProcessToken,
        sessions: Sessions,
        limit: SignInLimit,
        rendering: Rendering,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self._tokens = tokens
        self._process_token = process_token
        kind = "configured" if process_token.is_configured else "printed"
        # With a fingerprint, so that the sessions of an earlier token end.
        self._process_token_id = f"{kind}#{tokens.compute_fingerprint(process_token.text)}"
        self._sessions = sessions
        self._limit = limit
        self._rendering = rendering
        self._trusted_proxies = trusted_proxies

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the sign-in."""
        return [
            guard.build_public_page_route(SIGN_IN, self._show_page),
            guard.build_public_action_route(SIGN_IN, self._sign_in),
        ]

    async def accepts_session(self, session: Mapping[str, Any]) -> bool:
        """Return whether the token that began a session is still valid; sessions of earlier releases name none."""
        token_id = session.get("token")
        if token_id == self._process_token_id:
            return True
        return isinstance(token_id, str) and "#" not in token_id and await self._tokens.is_session_valid(token_id)

    async def _show_page(self, request: Request) -> Response:
        if self._sessions.find_operator(request):
            return RedirectResponse("/", status_code=303)
        return self._render_page(request, next_page=request.query_params.get("next"))

    async def _sign_in(self, request: Request, form: FormData) -> Response:
        next_page = str(form.get("next", ""))
        signed_in = await self._find_operator(str(form.get("token", "")).strip())
        if signed_in is None:
            return self._refuse(request, next_page)
        operator, token_id = signed_in
        self._sessions.sign_in(request, operator, token_id=token_id)
        log.info("signed_in", method="token", token_id=token_id.partition("#")[0])
        return RedirectResponse(sanitize_local_url(next_page), status_code=303)

    async def _find_operator(self, text: str) -> tuple[Operator, str] | None:
        own = self._process_token
        if hmac.compare_digest(text.encode(errors="replace"), own.text.encode()):
            if own.is_configured:
                log.warning("desk_token_is_shared", advice="issue a token for each person: stride desk tokens issue")
            return own.operator, self._process_token_id
        token = await self._tokens.sign_in(text)
        return (token.operator, token.token_id) if token else None

    def _refuse(self, request: Request, next_page: str) -> Response:
        peer = request.client.host if request.client else ""
        client = find_client_network(peer, request.headers.getlist("x-forwarded-for"), self._trusted_proxies)
        failed = self._limit.count_failure(client)
        if failed > ATTEMPTS:
            return self._render_page(request, next_page=next_page, problem="too_many_tries", status=429)
        log.warning("sign_in_throttled" if failed == ATTEMPTS else "sign_in_refused", method="token")
        return self._render_page(request, next_page=next_page, problem="wrong_token", status=403)

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
