"""Translates the errors of Google's client to transient and permanent errors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httplib2
from google.auth.exceptions import RefreshError, TransportError
from googleapiclient.errors import HttpError

from shared.errors import RateLimitedError, TransientError
from workers.booking.adapters.google.credentials import GoogleCredentials
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.request_pauses import LimitScope

_RATE_LIMITS = {
    "rateLimitExceeded": LimitScope.EITHER,
    "userRateLimitExceeded": LimitScope.ACCOUNT,
    "dailyLimitExceeded": LimitScope.ACCOUNT,
    "quotaExceeded": LimitScope.CALENDAR,
}
_NOT_OURS = frozenset({"backendError"})
"""Reasons for a 403 that say nothing about our access."""


class GoogleLimitError(RateLimitedError):
    """Google has refused a request because of a limit."""

    def __init__(self, message: str, *, scope: LimitScope) -> None:
        super().__init__(message, retry_after=timedelta(seconds=2))
        self.scope = scope


def find_vendor_status(error: BaseException) -> int | None:
    """Return the HTTP status of Google's answer, or None if there was no answer."""
    return int(error.resp.status) if isinstance(error, HttpError) else None


def is_access_refused(error: BaseException) -> bool:
    """Return whether Google refuses us a calendar; a rate limit is no refusal."""
    return find_vendor_status(error) == HTTPStatus.FORBIDDEN and not _list_reasons(error) & {*_RATE_LIMITS, *_NOT_OURS}


def _list_reasons(error: Any) -> set[Any]:
    details = error.error_details if isinstance(error.error_details, list) else []
    return {detail.get("reason") for detail in details if isinstance(detail, dict)}


@contextmanager
def translate_google_errors(operation: str, credentials: GoogleCredentials) -> Iterator[None]:
    """Raise `TransientError` or `UnusableCalendarError` for what the client raises inside the `with`.

    Revoked access drops the cached credentials, so that a corrected key works at once.
    """
    try:
        yield
    except RefreshError as error:
        if getattr(error, "retryable", False):
            raise TransientError(f"{operation}: token endpoint") from error
        credentials.forget()
        raise UnusableCalendarError(
            CalendarProblem.ACCESS_REVOKED,
            f"{operation}: the service account's key is refused; put a valid key in the secret",
        ) from error
    except HttpError as error:
        raise _translate_http(operation, error, credentials) from error
    except (TransportError, httplib2.HttpLib2Error, TimeoutError, OSError, json.JSONDecodeError) as error:
        raise TransientError(f"{operation}: {type(error).__name__}") from error


def _translate_http(operation: str, error: HttpError, credentials: GoogleCredentials) -> Exception:
    status = int(error.resp.status)
    reasons = _list_reasons(error)
    limits = [scope for reason, scope in _RATE_LIMITS.items() if reason in reasons]
    if status == 429 or (status == 403 and limits):
        return GoogleLimitError(f"{operation}: {status}", scope=limits[0] if limits else LimitScope.EITHER)
    if status >= 500 or (status == 403 and reasons & _NOT_OURS):
        return TransientError(f"{operation}: {status}", retry_after=timedelta(seconds=2))
    if status in (409, 412):
        return TransientError(f"{operation}: {status}: changed concurrently")
    if status == 401:
        credentials.forget()
        return UnusableCalendarError(CalendarProblem.ACCESS_REVOKED, f"{operation}: 401")
    if status in (404, 410):
        return UnusableCalendarError(
            CalendarProblem.UNKNOWN, f"{operation}: {status}: check calendar_id in the profile"
        )
    if status == 400:
        named = ", ".join(sorted(str(reason) for reason in reasons if reason))
        return UnusableCalendarError(CalendarProblem.REQUEST_REFUSED, f"{operation}: {status}: {named}")
    return UnusableCalendarError(
        CalendarProblem.FORBIDDEN, f"{operation}: {status}: share the calendar with the service account"
    )
