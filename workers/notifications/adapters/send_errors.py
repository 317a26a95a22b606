"""Tells a provider that said no from one that gave no answer, and may have taken what it was given."""

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

_NEVER_ARRIVED = (
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    NoCredentialsError,
    CredentialRetrievalError,
)
_MISHAPS = frozenset({500, 502, 504})
"""Something broke on the way, perhaps on the way back. With 429 and 503 nothing was done."""


def translate_send_error(error: TransientError, *, reason: str) -> TransientError:
    """Return the error with the ledger's word for it; a `PerhapsTakenError` if the provider may have said yes."""
    kind = UnknownOutcomeError if _may_have_arrived(error.__cause__) else TransientError
    return kind(str(error), retry_after=error.retry_after, reason=reason)


def _may_have_arrived(cause: BaseException | None) -> bool:
    if isinstance(cause, ClientError):
        return cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in _MISHAPS
    return not isinstance(cause, _NEVER_ARRIVED)
