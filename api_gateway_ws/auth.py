"""Decides who may connect, and as which session; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from api_gateway_ws.ports import ConnectProfile, TokenVerifier
from shared.resume_tokens import ResumeToken, TokenState
from shared.retention import RESUME_TOKEN_LIFETIME, compute_expiry

if TYPE_CHECKING:
    from shared.messages.server import Resume


@dataclass(frozen=True, slots=True)
class Admitted:
    """The visitor may connect as this session."""

    session_id: str
    resume: "Resume"
    is_rotation_due: bool = False
    """Whether the first `hello` has to rotate the session's tokens."""


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

    def verify(self, token: str, tenant: str, now: datetime) -> ResumeToken | None:
        """Return what the token says, or None for one that has expired.

        Raises:
            ForgedTokenError: the signature, the tenant or the content is invalid.
        """
        try:
            content = self._serialiser.loads(token)
            is_own_spelling = _is_own_spelling(token.rpartition(".")[2])
        except BadSignature as error:
            raise ForgedTokenError("bad signature") from error
        if not is_own_spelling:
            raise ForgedTokenError("another spelling")
        if not isinstance(content, dict) or content.get("t") != tenant:
            raise ForgedTokenError("another tenant's token")
        expires_at = datetime.fromtimestamp(int(content["e"]), UTC)
        return ResumeToken(str(content["s"]), expires_at) if now < expires_at else None


def _is_own_spelling(signature: str) -> bool:
    """Return whether a valid signature is spelled as it was issued.

    A decoder passes over unused bits and foreign characters. The signature itself covers the rest of the token.
    """
    return base64_encode(base64_decode(signature)).decode() == signature


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
    read_state: Callable[[str], TokenState],
    now: datetime,
    fresh_id: Callable[[], str],
) -> Admitted | Denied:
    """Decide about one `$connect`; `read_state` is called only with the session of a valid token."""
    if not is_origin_allowed(origin, profile):
        return Denied("foreign_origin")
    if not token:
        return Admitted(fresh_id(), "new")
    try:
        resumed = tokens.verify(token, tenant, now)
    except ForgedTokenError:
        return Denied("forged_token")
    if resumed is None:
        return Admitted(fresh_id(), "expired")
    state = read_state(resumed.session_id)
    if not state.accepts(resumed, now):
        return Admitted(fresh_id(), "expired")
    return Admitted(resumed.session_id, "ok", is_rotation_due=state.is_rotation_due(resumed, now))
