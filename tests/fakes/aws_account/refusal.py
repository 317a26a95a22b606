"""AWS's errors as botocore raises them."""

from botocore.exceptions import ClientError


def refusal(code: str, message: str = "", operation: str = "Operation") -> ClientError:
    """Return an error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
