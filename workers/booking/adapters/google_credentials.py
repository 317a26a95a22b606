"""The service account's credentials: Secrets Manager first, the environment variable as fallback, then kept."""

import json
import threading
from typing import Any

import structlog
from google.oauth2 import service_account

from shared.aws.secrets import Secrets
from shared.errors import ConfigurationError
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError

log = structlog.get_logger()

_SCOPES = ("https://www.googleapis.com/auth/calendar",)


class GoogleCredentials:
    """Reads the key at its first use, and again after it was refused. Safe to use from several threads."""

    def __init__(
        self, *, secrets: Secrets | None, secret_id: str, fallback: str | None, subject: str | None = None
    ) -> None:
        """Take `secrets=None` where Secrets Manager is not used, and the person that the account speaks for, if any."""
        self._secrets = secrets
        self._secret_id = secret_id
        self._fallback = fallback
        self._subject = subject
        self._lock = threading.Lock()
        self._kept: Any = None

    @property
    def may_invite(self) -> bool:
        """Whether guests can be invited: Google lets a service account do so in a person's name alone.

        https://developers.google.com/workspace/calendar/api/guides/auth
        """
        return bool(self._subject)

    def current(self) -> Any:
        """Return the credentials.

        Raises:
            UnusableCalendarError: `NOT_CONFIGURED`; the text says what to set.
        """
        with self._lock:
            if self._kept is None:
                self._kept = self._read()
            return self._kept

    def forget(self) -> None:
        """Read the key anew at the next use."""
        with self._lock:
            self._kept = None
            if self._secrets:
                self._secrets.forget(self._secret_id)

    def _read(self) -> Any:
        text = self._text()
        if not text:
            raise UnusableCalendarError(
                CalendarProblem.NOT_CONFIGURED,
                f"no service account: put its JSON key into the secret {self._secret_id!r} "
                "(USE_SECRETS_MANAGER=true) or into GOOGLE_SERVICE_ACCOUNT_KEY",
            )
        try:
            account = service_account.Credentials.from_service_account_info(json.loads(text), scopes=_SCOPES)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            # JSON that is no object, or an object with odd fields; its text could quote the key.
            if self._secrets:
                self._secrets.forget(self._secret_id)  # so that a repaired key works at once
            raise UnusableCalendarError(
                CalendarProblem.NOT_CONFIGURED, "the service account's key is not valid"
            ) from error
        return account.with_subject(self._subject) if self._subject else account

    def _text(self) -> str | None:
        if self._secrets is None:
            return self._fallback
        try:
            return self._secrets.text(self._secret_id)
        except ConfigurationError as error:
            log.warning("google_secret_unreadable", error=str(error), fallback=bool(self._fallback))
            return self._fallback
