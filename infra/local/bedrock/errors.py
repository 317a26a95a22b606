"""The errors of Bedrock Runtime, with the codes and statuses of AWS."""

STATUS = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ServiceQuotaExceededException": 400,
    "ThrottlingException": 429,
    "ModelStreamErrorException": 424,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
}


class BedrockError(Exception):
    """An error for the client, with the code and the message of AWS."""

    def __init__(self, code: str, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_seconds = retry_after_seconds

    @property
    def status(self) -> int:
        """Return the HTTP status that goes with the code."""
        return STATUS[self.code]


def build_validation_error(message: str) -> BedrockError:
    """Return the refusal of a request that breaks a rule of the service."""
    return BedrockError("ValidationException", message)


def build_model_error(message: str) -> BedrockError:
    """Return the refusal of a request that breaks a rule of the model behind the service."""
    return build_validation_error(f"The model returned the following errors: {message}")


def build_on_demand_error(model_id: str) -> BedrockError:
    """Return the refusal of a model's own id where the model is available only through an inference profile."""
    return build_validation_error(
        f"Invocation of model ID {model_id} with on-demand throughput isn\u2019t supported. Retry your request with "
        "the ID or ARN of an inference profile that contains this model."
    )


def build_cache_error() -> BedrockError:
    """Return the refusal of a cache point by a model without prompt caching."""
    return BedrockError(
        "AccessDeniedException",
        "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more "
        "information.",
    )


def build_throttling_error() -> BedrockError:
    """Return the error for an account that exceeds its quota."""
    return BedrockError("ThrottlingException", "Too many requests, please wait before trying again.")


def build_internal_error() -> BedrockError:
    """Return an internal error of the service."""
    return BedrockError("InternalServerException", "The system encountered an unexpected error during processing.")


def build_model_stream_error() -> BedrockError:
    """Return an error of the model during an answer."""
    return BedrockError("ModelStreamErrorException", "The model stream ended with an error. Try your request again.")
