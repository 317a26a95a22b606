"""Loads and caches the service account's credentials, from Secrets Manager or an environment variable."""

import json
import threading
from typing import Any

import structlog
from google.oauth2 import service_account

from shared.aws.secret_cache import Secrets
from shared.errors import ConfigurationError
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError

log = structlog.get_logger()

_SCOPES = ("https://www.googleapis.com/auth/calendar",)


class GoogleCredentials:
    """Loads the key at its first use, and again after it was refused. It is thread-safe."""

    def __init__(
        self, *, secrets: Secrets | None, secret_id: str, fallback: str | None, subject: str | None = None
    ) -> None:
        """Without Secrets Manager `secrets` is None; `subject` is the user that the account acts for, if any."""
        self._secrets = secrets
        self._secret_id = secret_id
        self._fallback = fallback
        self._subject = subject
        self._lock = threading.Lock()
        self._credentials: Any = None

    @property
    def may_invite(self) -> bool:
        """Return whether guests can be invited: a service account may do so only on behalf of a user.

        https://developers.google.com/workspace/calendar/api/guides/auth
        """
        return bool(self._subject)

    def get_credentials(self) -> Any:
        """Return the credentials.

        Raises:
            UnusableCalendarError: `NOT_CONFIGURED`; the message says what to set.
        """
        with self._lock:
            if self._credentials is None:
                self._credentials = self._read_credentials()
            return self._credentials

    def forget(self) -> None:
        """Drop the credentials, so that the key is loaded again at the next use."""
        with self._lock:
            self._credentials = None
            if self._secrets:
                self._secrets.forget(self._secret_id)

    def _read_credentials(self) -> Any:
        text = self._read_key_text()
        if not text:
            raise UnusableCalendarError(
                CalendarProblem.NOT_CONFIGURED,
                f"no service account: put its JSON key into the secret {self._secret_id!r} "
                "(USE_SECRETS_MANAGER=true) or into GOOGLE_SERVICE_ACCOUNT_KEY",
            )
        try:
            account = service_account.Credentials.from_service_account_info(json.loads(text), scopes=_SCOPES)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            # JSON that is no object, or has unexpected fields. The error's text is left out: it could contain the key.
            if self._secrets:
                self._secrets.forget(self._secret_id)  # so that a corrected key works at once
            raise UnusableCalendarError(
                CalendarProblem.NOT_CONFIGURED, "the service account's key is not valid"
            ) from error
        return account.with_subject(self._subject) if self._subject else account

    def _read_key_text(self) -> str | None:
        if self._secrets is None:
            return self._fallback
        try:
            return self._secrets.get_text(self._secret_id)
        except ConfigurationError as error:
            log.warning("google_secret_unreadable", error=str(error), fallback=bool(self._fallback))
            return self._fallback
