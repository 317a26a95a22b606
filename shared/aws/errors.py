"""Turns the vendor's errors into "try again" and "never again"."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared.errors import DeploymentError, PermanentError, TransientError

_THROTTLED = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "KmsThrottled",
        "KMS.ThrottlingException",
        "SlowDown",
        "LimitExceededException",
    }
)
_PASSING = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "InternalServerError",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
        "ExpiredToken",
        "ExpiredTokenException",
    }
)
_DEPLOYMENT = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "RequestExpired",
        "ResourceNotFoundException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    }
)


def error_code(error: ClientError) -> str:
    """Return the code that AWS gave, `` if none."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def find_error_code(error: BaseException) -> str:
    """Return the code of AWS that a translated error comes from, `` if none."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ClientError):
        cause = cause.__cause__
    return error_code(cause) if cause is not None else ""


@contextmanager
def translate_aws_errors(what: str) -> Iterator[None]:
    """Raise `TransientError` or `PermanentError` for what the vendor's client raises inside the `with`."""
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        text = f"{what}: {code}"
        if code in _THROTTLED or status == 429:
            raise TransientError(text, retry_after=timedelta(seconds=1)) from error
        if code in _PASSING or status >= 500:
            raise TransientError(text) from error
        kind = DeploymentError if code in _DEPLOYMENT else PermanentError
        raise kind(f"aws_{code or status}", text) from error
    except ParamValidationError as error:
        # Its text repeats what was sent, and that may be a visitor's words.
        raise PermanentError("aws_client", f"{what}: {type(error).__name__}") from error
    except (BotoCoreError, TimeoutError, OSError) as error:
        # Unreachable, or without credentials for the moment: what the message says is not to blame.
        raise TransientError(f"{what}: {type(error).__name__}") from error
