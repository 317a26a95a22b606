"""Finds a deployment: the local stack by its description file, any other by its CloudFormation stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from ops.settings import find_aws_region, send_calls_to_emulator
from shared.errors import ConfigurationError
from shared.ledger.failures import QUEUES

STACK_FILE = Path(".stride/stack.json")
"""The file in which `make up` describes its stack, relative to the checkout."""

STACK = "stride"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment, with the names of all its resources."""

    stack: str
    region: str
    endpoint_url: str | None
    """The address of the emulator; None on AWS."""
    variables: Mapping[str, str]
    """Parameters and outputs of the stack by the names of the workers' settings: `{"booking_queue_url": ...}`."""
    down: tuple[str, ...] = ()
    """Processes of a local stack that ended again and again, and were left down."""

    @property
    def title(self) -> str:
        """Return the display name."""
        return f"{self.stack} at {self.endpoint_url}" if self.endpoint_url else f"{self.stack} in {self.region}"

    @property
    def queue_urls(self) -> dict[str, str]:
        """Return the URLs of the queues by the queue names that failures have."""
        return {name: self.require_variable(f"{name}_queue_url") for name in QUEUES}

    def require_variable(self, variable: str) -> str:
        """Return a parameter or output of the stack.

        Raises:
            ConfigurationError: the stack does not have it, because another release was deployed.
        """
        if variable not in self.variables:
            raise ConfigurationError(
                f"the stack {self.title} has no output or parameter {variable}: deploy this release's template to it"
            )
        return self.variables[variable]


def find_deployment(*, stack: str | None = None, stack_file: Path | None = None) -> Deployment:
    """Return the named deployment; without a name the local one if it runs, else `stride` on AWS.

    Raises:
        ConfigurationError: there is no such deployment; the text says what to do.
    """
    if stack_file is None and stack is None and STACK_FILE.exists():
        stack_file = STACK_FILE
    if stack_file is None:
        region = find_aws_region()
        return _read_deployment(stack or STACK, region, None, {})
    description = _read_description(stack_file)
    endpoint_url, region = str(description["aws_endpoint_url"]), str(description["region"])
    send_calls_to_emulator(endpoint_url, region)
    local = {
        "google_calendar_endpoint": str(description.get("calendar_url") or ""),
        "bedrock_url": str(description.get("bedrock_url") or ""),
    }
    down = tuple(map(str, description.get("down") or ()))
    return replace(_read_deployment(stack or STACK, region, endpoint_url, local), down=down)


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no {path}: start the local stack with `make up`, or name a deployed one with --stack NAME"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be read ({type(error).__name__}): run `make up` again") from error
    if not isinstance(description, dict) or not {"aws_endpoint_url", "region"} <= description.keys():
        raise ConfigurationError(f"{path} does not describe a stack: run `make up` again")
    return description


def _read_deployment(stack: str, region: str, endpoint_url: str | None, local: Mapping[str, str]) -> Deployment:
    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    try:
        client = boto3.client("cloudformation", region_name=region, endpoint_url=endpoint_url, config=config)
        [description] = client.describe_stacks(StackName=stack)["Stacks"]
    except NoCredentialsError:
        raise ConfigurationError(
            "there are no AWS credentials, and no local stack runs here: sign in to AWS, or run `make up`"
        ) from None
    except ProfileNotFound as error:
        raise ConfigurationError(f"{error}: correct AWS_PROFILE, or run `aws configure sso`") from error
    except _EXPIRED_SIGN_IN as error:
        raise ConfigurationError(f"{str(error).rstrip('.')}. Sign in again, such as `aws sso login`") from error
    except ClientError as error:
        raise ConfigurationError(_describe_error(stack, region, error)) from error
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            f"{endpoint_url or 'AWS'} can't be reached ({type(error).__name__}): "
            + ("run `make up` again" if endpoint_url else "check the network and AWS_REGION")
        ) from error
    parameters = {_to_snake_case(p["ParameterKey"]): p["ParameterValue"] for p in description.get("Parameters", ())}
    outputs = {_to_snake_case(output["OutputKey"]): output["OutputValue"] for output in description.get("Outputs", ())}
    overrides = {name: value for name, value in local.items() if value}
    return Deployment(stack, region, endpoint_url, {**parameters, **outputs, **overrides})


_EXPIRED_SIGN_IN = (CredentialRetrievalError, PartialCredentialsError, SSOError, TokenRetrievalError)
"""The profile has credentials, and they can't be used; a session of IAM Identity Center ends within hours."""

_BAD_CREDENTIALS = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"})
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html"""


def _describe_error(stack: str, region: str, error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "ValidationError":
        return f"there is no stack {stack!r} in {region}: name it with --stack, and its region with AWS_REGION"
    if code in _BAD_CREDENTIALS:
        return f"AWS rejects the credentials ({code}): sign in again"
    return f"AWS does not describe the stack {stack!r} ({code}): allow cloudformation:DescribeStacks"


def _to_snake_case(name: str) -> str:
    """Return `ChatQueueUrl` as `chat_queue_url`."""
    return "".join(f"_{character}" if character.isupper() else character for character in name).strip("_").lower()
