"""Reads secrets from Secrets Manager, and caches them between warm starts."""

from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from shared.aws.errors import translate_aws_errors
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError
from shared.settings import AwsSettings

_CACHE_MAX_AGE = timedelta(minutes=15)

_TIMEOUTS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""Short, because the start of a process or a visitor's handshake waits for them."""


class Secrets:
    """A cache over `get_secret_value`, on boto3: secrets are read at the start and seldom later."""

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


def open_secrets(settings: AwsSettings, *, clock: Clock) -> Secrets:
    """Open the secrets of the account and region that the settings name."""
    client = boto3.client(
        "secretsmanager",
        region_name=settings.aws_region,
        endpoint_url=settings.aws_endpoint_url,
        config=_TIMEOUTS,
    )
    return Secrets(client=client, clock=clock)
