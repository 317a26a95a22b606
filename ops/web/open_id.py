"""Sign-in at an OpenID Connect provider, such as a Cognito user pool: authorization code flow with PKCE."""

import re
from collections.abc import Mapping
from functools import cache
from ssl import SSLContext
from typing import Any

import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from httpx2 import HTTPError, create_ssl_context
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.web.rendering import Rendering
from ops.web.route_guard import SIGN_IN, RouteGuard, sanitize_local_url
from ops.web.sessions import Sessions
from ops.web.settings import WebSettings

log = structlog.get_logger()

RETURN = f"{SIGN_IN}/return"
SCOPE = "openid profile email"
_START = f"{SIGN_IN}/start"
_NEXT = "next"
_TENANT = re.compile(r"[a-z0-9-]{3,40}")
_NAMES = ("email", "cognito:username", "sub")
"""Claims that a provider has verified: with a name that users choose themselves they could act as somebody else."""
_TIMEOUT_SECONDS = 5


class OpenIdSignIn:
    """Signs in users that the provider authenticates, for the tenants that their token names.

    State, nonce and the PKCE verifier are kept in the session cookie until the user returns.
    """

    def __init__(
        self, *, settings: WebSettings, public_url: str, sessions: Sessions, rendering: Rendering, client: Any = None
    ) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer or ""
        self._return_url = f"{public_url}{RETURN}"
        self._sessions = sessions
        self._rendering = rendering
        self._provider = client or self._register_client()

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the page, of the redirect to the provider, and of the return."""
        return [
            guard.build_public_page_route(SIGN_IN, self._show_page),
            guard.build_public_page_route(_START, self._redirect_to_provider),
            guard.build_public_page_route(RETURN, self._handle_return),
        ]

    async def accepts_session(self, session: Mapping[str, Any]) -> bool:
        """Return whether a session may go on: not one that a token began, when the desk had no provider."""
        return "token" not in session

    async def _show_page(self, request: Request) -> Response:
        if self._sessions.find_operator(request):
            return RedirectResponse("/", status_code=303)
        return self._render_page(request)

    async def _redirect_to_provider(self, request: Request) -> Response:
        if self._sessions.find_operator(request):
            return RedirectResponse("/", status_code=303)
        request.session[_NEXT] = sanitize_local_url(request.query_params.get("next"))
        try:
            answer: Response = await self._provider.authorize_redirect(request, self._return_url)
        except (HTTPError, OAuthError, RuntimeError, ValueError):
            log.exception("open_id_provider_failed")
            return self._render_page(request, problem="provider_down", status=502)
        return answer

    async def _handle_return(self, request: Request) -> Response:
        next_page = request.session.get(_NEXT)
        try:
            token = await self._provider.authorize_access_token(
                request,
                claims_options={
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                },
            )
        except (OAuthError, JoseError) as error:
            log.warning("sign_in_refused", method="open_id", error=type(error).__name__)
            return self._reject_sign_in(request, "not_signed_in")
        except (HTTPError, RuntimeError, ValueError):
            log.exception("open_id_provider_failed")
            return self._render_page(request, problem="provider_down", status=502)
        # Without a verified identity token there are no claims.
        operator = parse_operator_claims(token.get("userinfo") or {}, self._settings)
        if operator is None:
            log.warning("sign_in_refused", method="open_id", error="no_tenants")
            return self._reject_sign_in(request, "no_tenants")
        self._sessions.sign_in(request, operator)
        log.info("signed_in", method="open_id")
        return RedirectResponse(sanitize_local_url(next_page), status_code=303)

    def _reject_sign_in(self, request: Request, problem: str) -> Response:
        self._sessions.sign_out(request)
        return self._render_page(request, problem=problem, status=403)

    def _render_page(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        next_page = sanitize_local_url(request.query_params.get("next"))
        return self._rendering.render_page(
            request, "sign_in.html", status=status, next=next_page, problem=problem, provider=_START
        )

    def _register_client(self) -> Any:
        secret = self._settings.oidc_client_secret
        return OAuth().register(
            "desk",
            client_id=self._settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            server_metadata_url=f"{self._issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "timeout": _TIMEOUT_SECONDS,
                "verify": _open_ssl_context(),
                "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
            },
        )


@cache
def _open_ssl_context() -> SSLContext:
    """Return one context for all calls: each of its own would load the system's certificates, 60 ms of CPU time."""
    return create_ssl_context()


def parse_operator_claims(claims: Mapping[str, Any], settings: WebSettings) -> Operator | None:
    """Return the operator that the claims describe, with their tenants; None if there are no tenants.

    The claim of tenants is text, separated by spaces or commas, or a list; users must not be able to change it
    themselves. Groups whose names are tenant ids count, too.
    """
    names = [claims.get(name) for name in _NAMES if name != "email" or _is_true(claims.get("email_verified"))]
    name = next((text for text in names if isinstance(text, str) and text.isprintable() and text.strip()), None)
    if name is None:
        return None
    groups = _to_list(claims.get(settings.oidc_groups_claim))
    if settings.oidc_operators_group in groups:
        return Operator(name=name[:100], tenants=None, is_display_name=False)
    claimed = {*groups, *_to_list(claims.get(settings.oidc_tenants_claim))}
    tenants = frozenset(tenant for tenant in claimed if _TENANT.fullmatch(tenant))
    return Operator(name=name[:100], tenants=tenants, is_display_name=False) if tenants else None


def _to_list(value: object) -> list[str]:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _is_true(value: object) -> bool:
    return value is True or value == "true"
