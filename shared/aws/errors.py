"""Translates the errors of AWS clients into transient and permanent errors."""

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
        "RequestThrottledException",
        "ThrottledException",
        "EC2ThrottledException",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "KmsThrottled",
        "KMSThrottling",
        "OverLimit",
        "Throttled",
        "KMS.ThrottlingException",
        "SlowDown",
        "LimitExceededException",
    }
)
_TRANSIENT = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ReplicatedWriteConflictException",
        "InternalServerError",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
        "RequestTimeoutException",
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


def get_error_code(error: ClientError) -> str:
    """Return the error code of AWS, `` if there is none."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def find_aws_error_code(error: BaseException) -> str:
    """Return the error code of AWS behind a translated error, `` if there is none."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ClientError):
        cause = cause.__cause__
    return get_error_code(cause) if cause is not None else ""


def is_transient(code: str, status: int) -> bool:
    """Return whether the same call may succeed later: the service failed, or throttled it."""
    return code in _THROTTLED | _TRANSIENT or status == 429 or status >= 500


@contextmanager
def translate_aws_errors(operation: str) -> Iterator[None]:
    """Raise `TransientError` or `PermanentError` for the errors of an AWS client inside the `with`."""
    try:
        yield
    except ClientError as error:
        code = get_error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        text = f"{operation}: {code}"
        if code in _THROTTLED or status == 429:
            raise TransientError(text, retry_after=timedelta(seconds=1)) from error
        if is_transient(code, status):
            raise TransientError(text) from error
        kind = DeploymentError if code in _DEPLOYMENT else PermanentError
        raise kind(f"aws_{code or status}", text) from error
    except ParamValidationError as error:
        # Its text repeats the parameters, which may contain a visitor's text.
        raise PermanentError("aws_client", f"{operation}: {type(error).__name__}") from error
    except (BotoCoreError, TimeoutError, OSError) as error:
        # Unreachable, or temporarily without credentials: the message is not the cause.
        raise TransientError(f"{operation}: {type(error).__name__}") from error
