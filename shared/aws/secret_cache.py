"""Reads secrets from Secrets Manager, and caches them between warm starts."""

from datetime import datetime, timedelta
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError

_CACHE_MAX_AGE = timedelta(minutes=15)


class Secrets:
    """A cache over `get_secret_value`: secrets are read at the start and seldom later."""

    def __init__(self, *, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._cache: dict[str, tuple[datetime, str]] = {}

    def get_text(self, secret_id: str) -> str:
        """Return a secret's text.

        Raises:
            ConfigurationError: it does not exist or may not be read; the text names it.
            TransientError: Secrets Manager can't be reached.
        """
        cached = self._cache.get(secret_id)
        now = self._clock.now()
        if cached and now - cached[0] < _CACHE_MAX_AGE:
            return cached[1]
        try:
            with translate_aws_errors("secrets.get"):
                value: str = self._client.get_secret_value(SecretId=secret_id)["SecretString"]
        except PermanentError as error:
            raise ConfigurationError(
                f"the secret {secret_id!r} can't be read ({error.reason}): create it, or allow "
                "secretsmanager:GetSecretValue on it"
            ) from error
        self._cache[secret_id] = (now, value)
        return value

    def forget(self, secret_id: str) -> None:
        """Read the secret again next time, because its cached value was refused."""
        self._cache.pop(secret_id, None)
