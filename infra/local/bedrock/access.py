"""Whether the account has access to a model, as a test sets it, with the errors of Bedrock where it has none.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from typing import Literal

from infra.local.bedrock.errors import BedrockError

State = Literal["granted", "denied", "no_subscription", "no_use_case", "legacy", "ended"]

_ERRORS: dict[State, tuple[str, str]] = {
    "denied": ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    "no_subscription": (
        "AccessDeniedException",
        (
            "Model access is denied due to IAM user or service role is not authorized to perform the required AWS"
            " Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to"
            " this model. Refer to the Amazon Bedrock documentation for further details."
        ),
    ),
    "no_use_case": (
        "ResourceNotFoundException",
        (
            "Model use case details have not been submitted for this account. Fill out the Anthropic use case details"
            " form before using the model. If you have already filled out the form, try again in 15 minutes."
        ),
    ),
    "legacy": (
        "ResourceNotFoundException",
        (
            "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model"
            " in the last 30 days. Please upgrade to an active model on Amazon Bedrock"
        ),
    ),
    "ended": (
        "ResourceNotFoundException",
        ("This model version has reached the end of its life. Please refer to the AWS documentation for more details."),
    ),
}


def check_state(state: State) -> None:
    """Refuse a call to a model to which the account has no access.

    Raises:
        BedrockError: an `AccessDeniedException` or a `ResourceNotFoundException`.
    """
    if state != "granted":
        raise BedrockError(*_ERRORS[state])
