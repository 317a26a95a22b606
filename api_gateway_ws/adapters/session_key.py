"""Issues and verifies resume tokens with the keys in Secrets Manager, which may be rotated meanwhile."""

import hmac
from datetime import datetime, timedelta

from api_gateway_ws.auth import ForgedTokenError, SessionTokens
from shared.aws.secret_cache import Secrets
from shared.resume_tokens import ResumeToken

RECHECK_AFTER = timedelta(minutes=1)
"""How old the keys may be that refuse a token: a newer one may have signed it. Forged tokens cost no more reads."""


class SecretSessionTokens:
    """A `TokenIssuer`, a `TokenVerifier` and the `Digests` of rate limits; it reads its keys when it needs them."""

    def __init__(self, *, secrets: Secrets, secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id

    def read_keys(self) -> None:
        """Read the keys now, so that a start fails without them."""
        self._secrets.get_text(self._secret_id)

    def issue(self, tenant: str, session_id: str, now: datetime) -> str:
        """Return a token for the URL."""
        return _parse_keys(self._secrets.get_text(self._secret_id)).issue(tenant, session_id, now)

    def verify(self, token: str, tenant: str, now: datetime) -> ResumeToken | None:
        """Return what the token says, or None for one that has expired.

        Raises:
            ForgedTokenError: the signature, the tenant or the content is invalid.
        """
        keys = self._secrets.get_text(self._secret_id)
        try:
            return _parse_keys(keys).verify(token, tenant, now)
        except ForgedTokenError:
            newer = self._secrets.get_text(self._secret_id, max_age=RECHECK_AFTER)
            if newer == keys:
                raise
            return _parse_keys(newer).verify(token, tenant, now)

    def compute_digest(self, text: str) -> str:
        """Return a keyed hash of a text: 32 hexadecimal characters."""
        newest = self._secrets.get_text(self._secret_id).split()[-1]
        return hmac.digest(newest.encode(), f"rate/{text}".encode(), "sha256").hex()[:32]


def _parse_keys(text: str) -> SessionTokens:
    return SessionTokens(text.split())
