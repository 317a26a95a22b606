"""Selects the Bedrock of the chat pool: the stand-in, or AWS with the user's credentials."""

import boto3
from botocore.exceptions import BotoCoreError

from infra.aws import REGION


class NoCredentialsFoundError(Exception):
    """The user has no AWS credentials; the text says how to provide them."""


def build_stand_in_variables(url: str) -> dict[str, str]:
    """Return the environment variables for the stand-in."""
    return {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url}


def build_aws_variables() -> dict[str, str]:
    """Return the environment variables with which the Bedrock client, and no other, calls AWS.

    Raises:
        NoCredentialsFoundError: boto3 finds no credentials.
    """
    session = boto3.Session()
    try:
        found = session.get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError as error:
        raise NoCredentialsFoundError(f"your AWS credentials can't be read: {error}") from error
    if frozen is None or not frozen.access_key or not frozen.secret_key:
        raise NoCredentialsFoundError(
            "BEDROCK=aws needs your AWS credentials, and there are none: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or leave BEDROCK out for the offline stand-in"
        )
    # The inference profile exists in EU regions only; elsewhere it is an invalid model identifier.
    region = session.region_name if (session.region_name or "").startswith("eu-") else REGION
    return {
        "BEDROCK_ACCESS_KEY_ID": frozen.access_key,
        "BEDROCK_SECRET_ACCESS_KEY": frozen.secret_key,
        **({"BEDROCK_SESSION_TOKEN": frozen.token} if frozen.token else {}),
        "BEDROCK_REGION": region,
        # The general endpoint of the emulator would apply to this client too.
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"https://bedrock-runtime.{region}.amazonaws.com",
    }
