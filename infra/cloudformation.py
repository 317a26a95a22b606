"""Creates or updates a CloudFormation stack, and reports which resource failed and why."""

import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

TIMEOUT_SECONDS = 900.0
_NO_UPDATES = "No updates are to be performed"


class DeployError(Exception):
    """The stack could not be deployed; the text names the resources and their reasons."""


def put_stack(
    client: Any, *, name: str, template: Mapping[str, str], parameters: Mapping[str, str], poll_seconds: float
) -> dict[str, str]:
    """Create or update the stack, wait for it and return its outputs.

    `template` has one argument with the template or its address: `TemplateBody` or `TemplateURL`.
    """
    request = {
        "StackName": name,
        **template,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())],
        "Capabilities": ["CAPABILITY_IAM"],
    }
    before = _find_stack(client, name)
    if before and before["StackStatus"] in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"}:
        # A stack whose first creation failed can't be updated, only deleted.
        client.delete_stack(StackName=name)
        _wait_for_stack(client, name, poll_seconds)
        before = None
    try:
        answer = client.update_stack(**request) if before else client.create_stack(**request)
    except ClientError as error:
        # CloudFormation has the same code, `ValidationError`, for this and for an invalid template.
        if _NO_UPDATES in str(error):
            return read_outputs(client, name)
        raise DeployError(f"CloudFormation refused the template: {error.response['Error']['Message']}") from error
    stack = _wait_for_stack(client, answer["StackId"], poll_seconds)
    if stack is None or stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployError(_describe_failure(client, answer["StackId"], stack))
    return _parse_outputs(stack)


def read_outputs(client: Any, name: str) -> dict[str, str]:
    """Return the outputs of a deployed stack."""
    stack = _find_stack(client, name)
    if stack is None:
        raise DeployError(f"there is no stack {name!r}: deploy it first")
    return _parse_outputs(stack)


def _parse_outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def _find_stack(client: Any, name: str) -> dict[str, Any] | None:
    try:
        stack: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        # As above: CloudFormation has no separate code for a missing stack.
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def _wait_for_stack(client: Any, name: str, poll_seconds: float) -> dict[str, Any] | None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while (stack := _find_stack(client, name)) and stack["StackStatus"].endswith("IN_PROGRESS"):
        if time.monotonic() > end:
            raise DeployError(f"the stack is still {stack['StackStatus']} after {TIMEOUT_SECONDS:.0f} s")
        time.sleep(poll_seconds)
    return stack


def _describe_failure(client: Any, stack_id: str, stack: Mapping[str, Any] | None) -> str:
    events = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    failed = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("FAILED") and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    status = stack["StackStatus"] if stack else "gone"
    reasons = failed or [str(stack.get("StackStatusReason", "no reason given") if stack else "no reason given")]
    return f"the stack is {status}:\n" + "\n".join(f"  {line}" for line in dict.fromkeys(reasons))
