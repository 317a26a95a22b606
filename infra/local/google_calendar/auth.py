"""Authenticates callers: exchanges signed assertions for access tokens, and checks the tokens.

The exchange follows https://developers.google.com/identity/protocols/oauth2/service-account. Domain-wide
delegation is always granted: an account may act for any `sub`.
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from infra.local.google_calendar.errors import Json, build_invalid_credentials_error
from infra.local.google_calendar.keys import AccountKey
from infra.local.google_calendar.scopes import PREFIX

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
"""The client library uses this audience, whatever the `token_uri` of the key file."""

MAX_ASSERTION_SECONDS = 3600
CLOCK_SKEW_SECONDS = 300
TOKEN_LIFETIME_SECONDS = 3599


class TokenRefused(Exception):  # noqa: N818  # an answer of the protocol
    """The assertion is refused; `error` is a code of RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    def build_body(self) -> Json:
        """Return the JSON that goes with status 400."""
        return {"error": self.error, "error_description": self.description}


@dataclass(frozen=True)
class Caller:
    """The account that a token identifies: a service account, or the user for whom it acts."""

    account: str
    subject: str | None
    scopes: frozenset[str]
    expires_at: datetime

    @property
    def email(self) -> str:
        """Return the e-mail address that the caller's events carry."""
        return self.subject or self.account


class Authority:
    """The state of the token endpoint: registered keys, whether they are revoked, and issued tokens."""

    def __init__(
        self,
        keys: Iterable[AccountKey],
        *,
        clock: Callable[[], datetime],
        token_lifetime_seconds: int = TOKEN_LIFETIME_SECONDS,
    ) -> None:
        self._keys = tuple(keys)
        self._clock = clock
        self._lifetime_seconds = token_lifetime_seconds
        self._tokens: dict[str, Caller] = {}
        self._revoked = False

    def revoke_keys(self, *, keep_tokens: bool) -> None:
        """Refuse every key from now on; with `keep_tokens`, issued tokens stay valid, as at Google."""
        self._revoked = True
        if not keep_tokens:
            self.expire_tokens()

    def restore_keys(self) -> None:
        """Accept the keys again."""
        self._revoked = False

    def expire_tokens(self) -> None:
        """Make every issued token invalid."""
        self._tokens.clear()

    def exchange_assertion(self, form: Mapping[str, object], *, own_url: str) -> Json:
        """Return an access token for a signed assertion; raise `TokenRefused` if it is not valid."""
        if form.get("grant_type") != GRANT_TYPE:
            raise TokenRefused("unsupported_grant_type", "Invalid grant_type: " + str(form.get("grant_type")))
        header, claims, signed, signature = _parse_assertion(str(form.get("assertion", "")))
        account = str(claims.get("iss"))
        keys = [key for key in self._keys if key.client_email == account]
        if not keys:
            raise TokenRefused("invalid_grant", "Invalid grant: account not found")
        if not any(self._is_valid_signature(key, header, signed, signature) for key in keys):
            raise TokenRefused("invalid_grant", "Invalid JWT Signature.")
        if claims.get("aud") not in {GOOGLE_AUDIENCE, own_url, *(key.token_uri for key in keys)}:
            raise TokenRefused("invalid_grant", "Invalid JWT: Failed audience check.")
        now = self._clock()
        self._check_times(claims, now)
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes or not all(scope.startswith(PREFIX) for scope in scopes):
            raise TokenRefused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = "ya29.local-" + secrets.token_urlsafe(24)
        subject = claims.get("sub")
        self._tokens[token] = Caller(
            account,
            str(subject) if subject and subject != account else None,
            scopes,
            now + timedelta(seconds=self._lifetime_seconds),
        )
        return {"access_token": token, "expires_in": self._lifetime_seconds, "token_type": "Bearer"}

    def authenticate(self, authorization: str | None) -> Caller:
        """Return the caller whom an `Authorization` header identifies, or raise Google's refusal."""
        if not authorization:
            raise build_invalid_credentials_error("required", "Login Required.")
        scheme, _, token = authorization.partition(" ")
        caller = self._tokens.get(token) if scheme.lower() == "bearer" else None
        if caller is None or caller.expires_at <= self._clock():
            raise build_invalid_credentials_error()
        return caller

    def _is_valid_signature(self, key: AccountKey, header: Json, signed: bytes, signature: bytes) -> bool:
        if self._revoked or header.get("alg") != "RS256" or header.get("kid", key.key_id) != key.key_id:
            return False
        try:
            key.public_key.verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    @staticmethod
    def _check_times(claims: Json, now: datetime) -> None:
        issued, expires = claims.get("iat"), claims.get("exp")
        reasonable = (
            isinstance(issued, int)
            and isinstance(expires, int)
            and expires > now.timestamp()
            and issued <= now.timestamp() + CLOCK_SKEW_SECONDS
            and 0 < expires - issued <= MAX_ASSERTION_SECONDS
        )
        if not reasonable:
            raise TokenRefused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
                " Check your iat and exp values in the JWT claim.",
            )


def _parse_assertion(assertion: str) -> tuple[Json, Json, bytes, bytes]:
    """Split an assertion into header, claims, signed bytes and signature."""
    try:
        head, payload, signature = assertion.split(".")
        header, claims = dict(json.loads(_decode_part(head))), dict(json.loads(_decode_part(payload)))
        return header, claims, f"{head}.{payload}".encode(), _decode_part(signature)
    except (ValueError, TypeError) as malformed:
        raise TokenRefused("invalid_request", "Bad Request") from malformed


def _decode_part(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
