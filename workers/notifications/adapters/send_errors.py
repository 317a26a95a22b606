"""Tells errors after which a message was certainly not sent from those after which it may have been."""

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
)

from shared.errors import TransientError
from workers.notifications.ports import UnknownOutcomeError

_REQUEST_NOT_SENT = (
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    NoCredentialsError,
    CredentialRetrievalError,
)
_AMBIGUOUS_STATUS_CODES = frozenset({500, 502, 504})
"""The request may have been processed and only its response lost. With 429 and 503 it was not processed."""


def translate_send_error(error: TransientError, *, reason: str) -> TransientError:
    """Return the error with a dead-letter reason, as `UnknownOutcomeError` if the provider may have accepted it."""
    kind = UnknownOutcomeError if _may_have_been_accepted(error.__cause__) else TransientError
    return kind(str(error), retry_after=error.retry_after, reason=reason)


def _may_have_been_accepted(cause: BaseException | None) -> bool:
    if isinstance(cause, ClientError):
        return cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in _AMBIGUOUS_STATUS_CODES
    return not isinstance(cause, _REQUEST_NOT_SENT)
