"""The one error of a deployment, and the error codes of AWS that several modules distinguish."""

from botocore.exceptions import ClientError

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


class DeployError(Exception):
    """The stack was not deployed; the text says what happened and what to do."""


def error_code(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """Return AWS's message of an error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def is_no_permission(error: ClientError) -> bool:
    """Return whether the caller lacks a permission."""
    return error_code(error) in _NO_PERMISSION


def is_throttled(error: ClientError) -> bool:
    """Return whether AWS asks for a slower pace."""
    return error_code(error) in _THROTTLED
