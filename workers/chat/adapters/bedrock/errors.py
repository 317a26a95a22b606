"""Translates the errors of Bedrock Runtime: busy, out of quota, failed, or of no use to try again.

While a visitor waits another call costs little, so whatever is not known to be permanent is tried again. That is the
reverse of `shared/aws/errors.py`, whose services refuse a wrong request with codes that nobody can list.

Sources of the codes: the errors of `ConverseStream`
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html), and those that every service
has (https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError, ParamValidationError
from botocore.parsers import ResponseParserError

from shared.aws.errors import get_error_code
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import PermanentError, TransientError
from workers.chat.ports import ModelFailure

_BUSY = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ModelNotReadyException",
        "ServiceUnavailableException",
        "ServiceUnavailable",
    }
)
_QUOTA = frozenset({"ServiceQuotaExceededException", "LimitExceededException"})
_SLOW = frozenset({"ModelTimeoutException", "RequestTimeout", "RequestTimeoutException"})
_PERMANENT = frozenset(
    {
        "ValidationException",
        "ValidationError",
        "AccessDeniedException",
        "AccessDenied",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
    }
)
_STATUSES = {408: DeadLetterReason.TIMEOUT, 429: ModelFailure.BUSY, 503: ModelFailure.BUSY}


@contextmanager
def translate_bedrock_errors(operation: str) -> Iterator[None]:
    """Raise `TransientError` or `PermanentError` for the errors of a call, or of its stream, inside the `with`.

    The text has the code alone: the message of a validation may repeat what a visitor wrote.
    """
    try:
        yield
    except EventStreamError as error:
        # In a stream nothing is permanent: the same request was accepted a moment ago.
        raise _build_transient(operation, error) from error
    except ClientError as error:
        code = _normalize(get_error_code(error))
        if code in _PERMANENT:
            raise PermanentError(f"aws_{code}", f"{operation}: {code}") from error
        raise _build_transient(operation, error) from error
    except ParamValidationError as error:
        # Its text repeats the parameters.
        raise PermanentError("aws_client", f"{operation}: {type(error).__name__}") from error
    except (aiohttp.ClientError, BotoCoreError, ParserError, ResponseParserError, TimeoutError, OSError) as error:
        # Unreachable, cut off, unreadable, or temporarily without credentials.
        raise TransientError(f"{operation}: {type(error).__name__}", reason=ModelFailure.FAILED) from error


def _build_transient(operation: str, error: ClientError) -> TransientError:
    code = _normalize(get_error_code(error))
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    return TransientError(
        f"{operation}: {code or status}",
        retry_after=read_retry_after(metadata.get("HTTPHeaders", {})),
        reason=_find_reason(code, status),
    )


def _find_reason(code: str, status: int) -> str:
    if code in _QUOTA:
        return ModelFailure.QUOTA
    if code in _BUSY:
        return ModelFailure.BUSY
    if code in _SLOW:
        return DeadLetterReason.TIMEOUT
    return _STATUSES.get(status, ModelFailure.FAILED)


def _normalize(code: str) -> str:
    """Return a code as responses have it; as an event of a stream it begins in lower case."""
    return code[:1].upper() + code[1:]


def read_retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the wait of a `Retry-After` header, in seconds or as a date; None if there is none, or nonsense.

    A date is compared with the response's own `Date`, so that no clock of this machine matters
    (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after).
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 24 * 3600)) if len(text) < 10 else timedelta(days=1)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return min(wait, timedelta(days=1)) if wait > timedelta(0) else None
