"""Issues resume tokens with the key in Secrets Manager, which is read when the first token is issued."""

from datetime import datetime

from api_gateway_ws.auth import SessionTokens
from shared.aws.secret_cache import Secrets


class SecretTokenIssuer:
    """A `TokenIssuer`: a `$connect`, which issues no token, does not wait for the key."""

    def __init__(self, *, secrets: Secrets, secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id

    def issue(self, tenant: str, session_id: str, now: datetime) -> str:
        """Return a token for the URL."""
        return SessionTokens(self._secrets.get_text(self._secret_id).split()).issue(tenant, session_id, now)
