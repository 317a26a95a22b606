"""Reads secrets from Secrets Manager, and keeps them between warm starts."""

from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from shared.aws.errors import translate_aws_errors
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError
from shared.settings import AwsSettings

_KEPT = timedelta(minutes=15)

_TIMEOUTS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""A process that starts, or a visitor's handshake, waits for it."""


class Secrets:
    """A cache over `get_secret_value`, on boto3: secrets are read at start and seldom after."""

    def __init__(self, *, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._cache: dict[str, tuple[datetime, str]] = {}

    def text(self, secret_id: str) -> str:
        """Return a secret's text.

        Raises:
            ConfigurationError: it is not there, or we may not read it; the text says which one.
            TransientError: Secrets Manager can't be reached.
        """
        kept = self._cache.get(secret_id)
        now = self._clock.now()
        if kept and now - kept[0] < _KEPT:
            return kept[1]
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
        """Read the secret anew next time: what it said was refused."""
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
