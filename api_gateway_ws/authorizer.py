"""The use case of the `$connect` authorizer: check tenant, Origin and token, and grant a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from api_gateway_ws.auth import Admitted, Denied, decide_admission
from api_gateway_ws.limits.connects import Connect, ConnectLimiter
from api_gateway_ws.ports import Profiles, TokenStates, TokenVerifier
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.ids import new_id
from shared.languages.available import choose_language
from shared.resume_tokens import TokenState
from shared.tenants.tenant_id import TENANT_ID

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """What a browser sends with `$connect`."""

    tenant: str
    origin: str | None
    token: str | None
    locale: str | None
    accept_language: str | None
    source_ip: str = ""


@dataclass(frozen=True, slots=True)
class ConnectGrant:
    """The authorizer context, which API Gateway passes with every later event of the connection."""

    tenant: str
    session_id: str
    resume: str
    locale: str
    is_rotation_due: bool = False
    limited_until: datetime | None = None
    """Until when a connection that is over a limit is not registered, and its frames are refused."""
    rates: str = ""
    """The rate limits that the business has set, so that the ingress need not read its profile for each frame."""


class ConnectAuthorizer:
    """Decides who may connect; never raises because of what a client sent."""

    def __init__(
        self,
        *,
        profiles: Profiles,
        tokens: TokenVerifier,
        states: TokenStates,
        limiter: ConnectLimiter,
        clock: Clock,
    ) -> None:
        self._profiles = profiles
        self._tokens = tokens
        self._states = states
        self._limiter = limiter
        self._clock = clock

    def authorize(self, request: ConnectRequest) -> ConnectGrant | None:
        """Return the grant, or None for a deny policy."""
        decision = self._decide_grant(request)
        if isinstance(decision, Denied):
            log.info("connection_denied", reason=decision.reason)
            return None
        log.info(
            "connection_allowed",
            session_id=decision.session_id,
            resume=decision.resume,
            **({"is_limited": True} if decision.limited_until else {}),
        )
        return decision

    def _decide_grant(self, request: ConnectRequest) -> ConnectGrant | Denied:
        if not TENANT_ID.fullmatch(request.tenant):
            return Denied("malformed_tenant")
        try:
            profile = self._profiles.get_profile(request.tenant)
        except PermanentError as error:
            return Denied(error.reason)
        admission = decide_admission(
            tenant=request.tenant,
            profile=profile,
            origin=request.origin,
            token=request.token,
            tokens=self._tokens,
            read_state=self._read_state,
            now=self._clock.now(),
            fresh_id=new_id,
        )
        match admission:
            case Denied():
                return admission
            case Admitted(session_id, resume, is_rotation_due):
                rates, is_returning = profile.limits.rates_text, resume == "ok"
                limited = self._limiter.admit(
                    Connect(request.tenant, request.source_ip, session_id if is_returning else None, rates)
                )
                if limited and limited.is_flood and not is_returning:
                    return Denied("flood")
                return ConnectGrant(
                    tenant=request.tenant,
                    session_id=session_id,
                    resume=resume,
                    locale=_choose_locale(request, profile.locale),
                    is_rotation_due=is_rotation_due,
                    limited_until=self._clock.now() + timedelta(milliseconds=limited.wait_ms) if limited else None,
                    rates=rates,
                )

    def _read_state(self, session_id: str) -> TokenState:
        """Return the state of the session's tokens; an outage of the table must not end every conversation."""
        try:
            return self._states.read(session_id)
        except (TransientError, PermanentError) as error:
            log.warning("token_state_not_read", session_id=session_id, error=describe_error(error))
            return TokenState()


def _choose_locale(request: ConnectRequest, tenant_locale: str) -> str:
    browser_locale = (request.accept_language or "").split(",")[0].split(";")[0].strip()
    return choose_language(request.locale, browser_locale, tenant_locale)
