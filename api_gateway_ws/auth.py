"""Decides who may connect, and as which session; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeSerializer

from api_gateway_ws.ports import ConnectProfile, TokenVerifier
from shared.retention import RESUME_TOKEN_LIFETIME, compute_expiry

if TYPE_CHECKING:
    from shared.messages.server import Resume


@dataclass(frozen=True, slots=True)
class Admitted:
    """The visitor may connect as this session."""

    session_id: str
    resume: "Resume"


@dataclass(frozen=True, slots=True)
class Denied:
    """The visitor may not connect; `reason` is only for the log."""

    reason: str


class ForgedTokenError(Exception):
    """The token has an invalid signature, or is for another tenant."""


class SessionTokens:
    """Signs and reads resume tokens: tenant, session and expiry, signed with HMAC-SHA256.

    Several keys may be given, newest last: the last one signs, all are accepted, so that keys can be rotated.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._serialiser = URLSafeSerializer(
            list(keys), salt="stride-session-1", signer_kwargs={"digest_method": "sha256", "key_derivation": "hmac"}
        )

    def issue(self, tenant: str, session_id: str, now: datetime) -> str:
        """Return a token for the URL."""
        ends = compute_expiry(now, RESUME_TOKEN_LIFETIME)
        token = self._serialiser.dumps({"t": tenant, "s": session_id, "e": ends})
        return token if isinstance(token, str) else token.decode()

    def verify(self, token: str, tenant: str, now: datetime) -> str | None:
        """Return the session id, or None for a token that has expired.

        Raises:
            ForgedTokenError: the signature, the tenant or the content is invalid.
        """
        try:
            content = self._serialiser.loads(token)
        except BadSignature as error:
            raise ForgedTokenError("bad signature") from error
        if not isinstance(content, dict) or content.get("t") != tenant:
            raise ForgedTokenError("another tenant's token")
        return str(content["s"]) if now.timestamp() < int(content["e"]) else None


def is_origin_allowed(origin: str | None, profile: ConnectProfile) -> bool:
    """Return whether a page of this origin may open the tenant's chat (RFC 6454; compared without a final slash)."""
    if not origin or origin == "null":
        return profile.allow_missing_origin
    return origin.rstrip("/").lower() in {allowed.rstrip("/").lower() for allowed in profile.allowed_origins}


def decide_admission(
    *,
    tenant: str,
    profile: ConnectProfile,
    origin: str | None,
    token: str | None,
    tokens: TokenVerifier,
    now: datetime,
    fresh_id: Callable[[], str],
) -> Admitted | Denied:
    """Decide about one `$connect`."""
    if not is_origin_allowed(origin, profile):
        return Denied("foreign_origin")
    if not token:
        return Admitted(fresh_id(), "new")
    try:
        session_id = tokens.verify(token, tenant, now)
    except ForgedTokenError:
        return Denied("forged_token")
    return Admitted(session_id, "ok") if session_id else Admitted(fresh_id(), "expired")
