"""Finds the deployment to look after: the local stack by its file, any other by its CloudFormation stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from ops.settings import aws_region, send_calls_to_emulator
from shared.errors import ConfigurationError
from shared.ledger.failures import QUEUES

STACK_FILE = Path(".stride/stack.json")
"""Where `make up` describes the stack that it runs, from the checkout."""

STACK = "stride"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment, and everything that its parts are named."""

    stack: str
    region: str
    endpoint_url: str | None
    """Of the emulator; None on AWS."""
    variables: Mapping[str, str]
    """The settings of its workers, as far as the stack says them: `{"booking_queue_url": ...}`."""

    @property
    def title(self) -> str:
        """Return how a person calls it."""
        return f"{self.stack} at {self.endpoint_url}" if self.endpoint_url else f"{self.stack} in {self.region}"

    @property
    def queue_urls(self) -> dict[str, str]:
        """Return the queues' URLs by the names that failures have for them."""
        return {name: self.named(f"{name}_queue_url") for name in QUEUES}

    def named(self, variable: str) -> str:
        """Return a setting that the stack has to say.

        Raises:
            ConfigurationError: it was deployed from another release.
        """
        if variable not in self.variables:
            raise ConfigurationError(
                f"the stack {self.title} does not say its {variable}: deploy this release's template to it"
            )
        return self.variables[variable]


def find_deployment(*, stack: str | None = None, stack_file: Path | None = None) -> Deployment:
    """Return the deployment that is named; without a name the local one if it runs, else `stride` on AWS.

    Raises:
        ConfigurationError: there is none; the text says what to do.
    """
    if stack_file is None and stack is None and STACK_FILE.exists():
        stack_file = STACK_FILE
    if stack_file is None:
        region = aws_region()
        return _deployment(stack or STACK, region, None, {})
    described = _read(stack_file)
    endpoint_url, region = str(described["aws_endpoint_url"]), str(described["region"])
    send_calls_to_emulator(endpoint_url, region)
    local = {
        "google_calendar_endpoint": str(described.get("calendar_url") or ""),
        "bedrock_url": str(described.get("bedrock_url") or ""),
    }
    return _deployment(stack or STACK, region, endpoint_url, local)


def _read(path: Path) -> dict[str, Any]:
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no {path}: start the local stack with `make up`, or name a deployed one with --stack NAME"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be read ({type(error).__name__}): start `make up` anew") from error
    if not isinstance(described, dict) or not {"aws_endpoint_url", "region"} <= described.keys():
        raise ConfigurationError(f"{path} does not describe a stack: start `make up` anew")
    return described


def _deployment(stack: str, region: str, endpoint_url: str | None, local: Mapping[str, str]) -> Deployment:
    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    client = boto3.client("cloudformation", region_name=region, endpoint_url=endpoint_url, config=config)
    try:
        [found] = client.describe_stacks(StackName=stack)["Stacks"]
    except NoCredentialsError:
        raise ConfigurationError(
            "there are no AWS credentials, and no local stack runs here: sign in to AWS, or start `make up`"
        ) from None
    except ClientError as error:
        raise ConfigurationError(_refused(stack, region, error)) from error
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            f"{endpoint_url or 'AWS'} can't be reached ({type(error).__name__}): "
            + ("start `make up` anew" if endpoint_url else "check the network and AWS_REGION")
        ) from error
    given = {_variable(one["ParameterKey"]): one["ParameterValue"] for one in found.get("Parameters", ())}
    made = {_variable(one["OutputKey"]): one["OutputValue"] for one in found.get("Outputs", ())}
    return Deployment(stack, region, endpoint_url, {**given, **made, **{k: v for k, v in local.items() if v}})


_BAD_CREDENTIALS = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"})
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html"""


def _refused(stack: str, region: str, error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "ValidationError":
        return f"there is no stack {stack!r} in {region}: name it with --stack, and its region with AWS_REGION"
    if code in _BAD_CREDENTIALS:
        return f"AWS does not take the credentials ({code}): sign in anew"
    return f"AWS does not say what the stack {stack!r} is ({code}): allow cloudformation:DescribeStacks"


def _variable(name: str) -> str:
    """Return `ChatQueueUrl` as `chat_queue_url`."""
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in name).strip("_").lower()
