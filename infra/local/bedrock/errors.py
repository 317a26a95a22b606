"""The errors that Bedrock Runtime answers with, under AWS's own codes and statuses."""

STATUS = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ThrottlingException": 429,
    "ModelStreamErrorException": 424,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
}


class BedrockError(Exception):
    """An error for the client: `code` as AWS names it, a message as AWS words it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """Return the HTTP status that goes with the code."""
        return STATUS[self.code]


def invalid(message: str) -> BedrockError:
    """Return the refusal of a request that breaks a rule of the service."""
    return BedrockError("ValidationException", message)


def throttling_error() -> BedrockError:
    """Return what an account over its quota hears."""
    return BedrockError("ThrottlingException", "Too many requests, please wait before trying again.")


def internal() -> BedrockError:
    """Return the service's own failure."""
    return BedrockError("InternalServerException", "The system encountered an unexpected error during processing.")


def stream_broke() -> BedrockError:
    """Return the model's failure in the middle of an answer."""
    return BedrockError("ModelStreamErrorException", "The model stream ended with an error. Try your request again.")
