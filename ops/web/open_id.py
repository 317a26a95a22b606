"""Signing in at an OpenID Connect provider, such as a Cognito user pool: authorization code with PKCE."""

import re
from collections.abc import Mapping
from typing import Any

import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.web.rendering import Rendering
from ops.web.route_guard import SIGN_IN, RouteGuard, safe_local_url
from ops.web.sessions import Sessions
from ops.web.settings import WebSettings

log = structlog.get_logger()

RETURN = f"{SIGN_IN}/return"
SCOPE = "openid profile email"
_START = f"{SIGN_IN}/start"
_NEXT = "next"
_TENANT = re.compile(r"[a-z0-9-]{3,40}")
_NAMES = ("email", "cognito:username", "sub")
"""What a provider has checked: a name that people can give themselves would let them act as somebody else."""
_TIMEOUT_SECONDS = 5


class OpenIdSignIn:
    """Lets in whom the provider vouches for, to the tenants that their token names.

    State, nonce and the PKCE verifier are kept in the session's cookie until the person comes back.
    """

    def __init__(
        self, *, settings: WebSettings, public_url: str, sessions: Sessions, rendering: Rendering, client: Any = None
    ) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer or ""
        self._return_url = f"{public_url}{RETURN}"
        self._sessions = sessions
        self._rendering = rendering
        self._provider = client or self._registered()

    def routes(self, guard: RouteGuard) -> list[Route]:
        """Return the page, the way out and the way back."""
        return [
            guard.public_page(SIGN_IN, self._show),
            guard.public_page(_START, self._start),
            guard.public_page(RETURN, self._return),
        ]

    async def _show(self, request: Request) -> Response:
        if self._sessions.operator(request):
            return RedirectResponse("/", status_code=303)
        return self._page(request)

    async def _start(self, request: Request) -> Response:
        if self._sessions.operator(request):
            return RedirectResponse("/", status_code=303)
        request.session[_NEXT] = safe_local_url(request.query_params.get("next"))
        try:
            answer: Response = await self._provider.authorize_redirect(request, self._return_url)
        except (HTTPError, OAuthError, RuntimeError, ValueError):
            log.exception("open_id_provider_failed")
            return self._page(request, problem="provider_down", status=502)
        return answer

    async def _return(self, request: Request) -> Response:
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
            return self._refused(request, "not_signed_in")
        except (HTTPError, RuntimeError, ValueError):
            log.exception("open_id_provider_failed")
            return self._page(request, problem="provider_down", status=502)
        # Without a checked identity token there is no claim to go by.
        operator = operator_from_claims(token.get("userinfo") or {}, self._settings)
        if operator is None:
            log.warning("sign_in_refused", method="open_id", error="no_tenants")
            return self._refused(request, "no_tenants")
        self._sessions.begin(request, operator)
        log.info("signed_in", method="open_id")
        return RedirectResponse(safe_local_url(next_page), status_code=303)

    def _refused(self, request: Request, problem: str) -> Response:
        self._sessions.end(request)
        return self._page(request, problem=problem, status=403)

    def _page(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        next_page = safe_local_url(request.query_params.get("next"))
        return self._rendering.page(
            request, "sign_in.html", status=status, next=next_page, problem=problem, provider=_START
        )

    def _registered(self) -> Any:
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
                "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
            },
        )


def operator_from_claims(claims: Mapping[str, Any], settings: WebSettings) -> Operator | None:
    """Return who the claims are about, and whose failures they may see; None for somebody who may see none.

    The claim of tenants is text with spaces or commas between, or a list; it must not be one that people can
    change of themselves. Groups whose names are ids of tenants count, too.
    """
    names = [claims.get(name) for name in _NAMES if name != "email" or _is_true(claims.get("email_verified"))]
    name = next((one for one in names if isinstance(one, str) and one.isprintable() and one.strip()), None)
    if name is None:
        return None
    groups = _listed(claims.get(settings.oidc_groups_claim))
    if settings.oidc_operators_group in groups:
        return Operator(name=name[:100], tenants=None)
    wanted = {*groups, *_listed(claims.get(settings.oidc_tenants_claim))}
    tenants = frozenset(one for one in wanted if _TENANT.fullmatch(one))
    return Operator(name=name[:100], tenants=tenants) if tenants else None


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _is_true(value: object) -> bool:
    return value is True or value == "true"
