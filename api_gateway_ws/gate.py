"""The use case of the `$connect` authorizer: check tenant, Origin and token, and vouch for the session."""

from dataclasses import dataclass

import structlog

from api_gateway_ws.auth import Admitted, Denied, SessionTokens, admit
from api_gateway_ws.ports import Profiles
from shared.clock import Clock
from shared.errors import PermanentError
from shared.ids import new_id
from shared.tenants.profile import TENANT_ID
from shared.texts import language_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Knock:
    """What a visitor's browser brings to `$connect`."""

    tenant: str
    origin: str | None
    token: str | None
    locale: str | None
    accept_language: str | None


@dataclass(frozen=True, slots=True)
class Pass:
    """What API Gateway hands to every later event of the connection."""

    tenant: str
    session_id: str
    resume: str
    locale: str


class Gate:
    """Decides who may connect; never raises for what a stranger sent."""

    def __init__(self, *, profiles: Profiles, tokens: SessionTokens, clock: Clock) -> None:
        self._profiles = profiles
        self._tokens = tokens
        self._clock = clock

    def decide(self, knock: Knock) -> Pass | None:
        """Return the pass, or None for a deny policy."""
        answer = self._answer(knock)
        if isinstance(answer, Denied):
            log.info("connection_denied", reason=answer.reason)
            return None
        log.info("connection_allowed", session_id=answer.session_id, resume=answer.resume)
        return answer

    def _answer(self, knock: Knock) -> Pass | Denied:
        if not TENANT_ID.fullmatch(knock.tenant):
            return Denied("malformed_tenant")
        try:
            profile = self._profiles.profile(knock.tenant)
        except PermanentError as error:
            return Denied(error.reason)
        admission = admit(
            tenant=knock.tenant,
            profile=profile,
            origin=knock.origin,
            token=knock.token,
            tokens=self._tokens,
            now=self._clock.now(),
            fresh_id=new_id,
        )
        match admission:
            case Denied():
                return admission
            case Admitted(session_id, resume):
                return Pass(
                    tenant=knock.tenant,
                    session_id=session_id,
                    resume=resume,
                    locale=_locale(knock, profile.locale),
                )


def _locale(knock: Knock, tenants: str) -> str:
    browsers = (knock.accept_language or "").split(",")[0].split(";")[0].strip()
    return language_of(knock.locale, browsers, tenants)
