"""Reads secrets from Secrets Manager, and caches them between warm starts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.aws.errors import translate_aws_errors
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError, TransientError

log = structlog.get_logger()

MAX_AGE = timedelta(minutes=15)
RETRY_AFTER = timedelta(seconds=30)
"""How long an old value is used while Secrets Manager can't be reached, before it is asked again."""


@dataclass(slots=True)
class _Kept:
    text: str
    read_at: datetime
    retry_at: datetime


class Secrets:
    """A cache over `get_secret_value`: secrets are read at the start and seldom later."""

    def __init__(self, *, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._cache: dict[str, _Kept] = {}

    def get_text(self, secret_id: str, *, max_age: timedelta = MAX_AGE) -> str:
        """Return a secret's text, of this age at most; an older one while Secrets Manager can't be reached.

        Raises:
            ConfigurationError: it does not exist or may not be read; the text names it.
            TransientError: Secrets Manager can't be reached, and the secret was not read before.
        """
        now, kept = self._clock.now(), self._cache.get(secret_id)
        if kept and (now - kept.read_at < max_age or now < kept.retry_at):
            return kept.text
        try:
            with translate_aws_errors("secrets.get"):
                text: str = self._client.get_secret_value(SecretId=secret_id)["SecretString"]
        except PermanentError as error:
            raise ConfigurationError(
                f"the secret {secret_id!r} can't be read ({error.reason}): create it, or allow "
                "secretsmanager:GetSecretValue on it"
            ) from error
        except TransientError as error:
            if kept is None:
                raise
            log.warning("secret_out_of_reach", secret_id=secret_id, problem=str(error))
            kept.retry_at = self._clock.now() + RETRY_AFTER
            return kept.text
        self._cache[secret_id] = _Kept(text, read_at=now, retry_at=now)
        return text

    def forget(self, secret_id: str) -> None:
        """Read the secret again next time, because its cached value was refused."""
        self._cache.pop(secret_id, None)
