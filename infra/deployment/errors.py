"""The errors of a deployment, and the error codes of AWS that several modules distinguish."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)

_NO_PERMISSION = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "403",
    }
)
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_INVALID_CREDENTIALS = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"})

_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)


class DeployError(Exception):
    """The stack was not deployed; the text says what happened and what to do."""


class UnwatchedError(DeployError):
    """CloudFormation works on the stack, and this process can't wait for its end; the text says how to go on."""


class UnrecordedError(DeployError):
    """The stack was deployed, and what comes after that was not done; the text says what to do."""


@contextmanager
def after_deployment(advice: str) -> Iterator[None]:
    """Raise `UnrecordedError` with the advice when a step fails that follows the change of the stack."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UnrecordedError(
            f"the stack is deployed, but the deployment is not recorded: {describe_error(error)}. {advice}"
        ) from error


def error_code(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """Return AWS's message of an error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def is_no_permission(error: ClientError) -> bool:
    """Return whether the caller lacks a permission."""
    return error_code(error) in _NO_PERMISSION


def is_throttled(error: ClientError | BotoCoreError) -> bool:
    """Return whether AWS asks for a slower pace."""
    return isinstance(error, ClientError) and error_code(error) in _THROTTLED


def is_passing(error: ClientError | BotoCoreError) -> bool:
    """Return whether the same request may succeed in a moment: AWS is out of order, or the connection interrupted."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= 500)
    return isinstance(error, NoConnectionError | HTTPClientError)


def has_no_credentials(error: ClientError | BotoCoreError) -> bool:
    """Return whether the caller has no credentials, or none that are valid any longer."""
    if isinstance(error, ClientError):
        return error_code(error) in _INVALID_CREDENTIALS
    return isinstance(error, _NO_CREDENTIALS)


def describe_error(error: ClientError | BotoCoreError) -> str:
    """Return what AWS or its client says, and what to do about missing credentials."""
    advice = ". Sign in again (such as `aws sso login`), and repeat the command" if has_no_credentials(error) else ""
    return f"{str(error).rstrip('.')}{advice}"
