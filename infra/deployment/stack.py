"""Reads and waits for a CloudFormation stack, and reports which resource failed and why."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.deployment.errors import DeployError, error_message, is_throttled

TIMEOUT_SECONDS = 3600.0
"""A stack that creates everything takes minutes; one whose rollback alarms are watched takes longer."""

SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


@dataclass(frozen=True)
class Stack:
    """A stack that exists, or that was deleted and is found by its id."""

    id: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    reason: str = ""
    is_protected: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    changed_at: datetime | None = None


@dataclass(frozen=True)
class StackResource:
    """A resource of a stack."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""


def find_stack(client: Any, name: str) -> Stack | None:
    """Return a stack by name or id; None if there is none. A deleted one has only its id."""
    try:
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        # CloudFormation has the same code, `ValidationError`, for this and for every invalid request.
        if "does not exist" in error_message(error):
            return None
        raise
    if stack["StackStatus"] == "DELETE_COMPLETE" and name != stack["StackId"]:
        return None
    return Stack(
        id=stack["StackId"],
        status=stack["StackStatus"],
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())},
        outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
        reason=stack.get("StackStatusReason", ""),
        is_protected=stack.get("EnableTerminationProtection", False),
        tags={each["Key"]: each["Value"] for each in stack.get("Tags", ())},
        changed_at=stack.get("LastUpdatedTime") or stack.get("CreationTime"),
    )


def list_resources(client: Any, stack_id: str) -> dict[str, StackResource]:
    """Return the resources by logical id; for a deleted stack, for 90 days, by its id.

    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html)
    """
    found: dict[str, StackResource] = {}
    token: dict[str, str] = {}
    while True:
        page = client.list_stack_resources(StackName=stack_id, **token)
        for each in page["StackResourceSummaries"]:
            found[each["LogicalResourceId"]] = StackResource(
                each["LogicalResourceId"],
                each.get("PhysicalResourceId", ""),
                each["ResourceType"],
                each["ResourceStatus"],
                each.get("ResourceStatusReason", ""),
            )
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def wait_for_stack(
    client: Any, stack_id: str, *, poll_seconds: float, report: Callable[[str], None] = lambda _line: None
) -> Stack | None:
    """Wait until no operation is in progress; None if the stack is gone.

    A stack in review is waited for: its change set was executed, or it is being deleted.
    """
    end = time.monotonic() + TIMEOUT_SECONDS
    status = ""
    while True:
        try:
            stack = find_stack(client, stack_id)
        except ClientError as error:
            # The operation goes on at AWS, whatever a poll says.
            if not is_throttled(error):
                raise
        else:
            if stack is None or stack.status == "DELETE_COMPLETE":
                return None
            if not stack.status.endswith("IN_PROGRESS"):
                return stack
            if stack.status != status:
                status = stack.status
                report(f"  {status}")
        if time.monotonic() > end:
            raise DeployError(
                f"the stack is still {status} after {TIMEOUT_SECONDS:.0f} s. It goes on at AWS: deploy again later"
            )
        time.sleep(poll_seconds)


def is_in_progress(status: str) -> bool:
    """Return whether CloudFormation works on the stack; a stack in review only waits for its first change set."""
    return status.endswith("IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


_NAME_IS_IN_USE = """something outside the stack has that name. Deploy again: what can be imported is imported; name \
anything else with --import NAME=PHYSICAL_ID, or delete it"""
_QUEUE_NAME = "SQS frees the name of a deleted queue after 60 seconds: deploy again in a minute"
_CONCURRENCY = """the account's quota of concurrent executions is too small: raise it, or reserve nothing \
(IngressReservedConcurrency=none AuthorizerReservedConcurrency=none)"""
_PERMISSION = "the deploying identity lacks that permission"
_HINTS = {
    "already exists": _NAME_IS_IN_USE,
    # The name of CloudFormation's check before a deployment.
    "ResourceExistenceCheck": _NAME_IS_IN_USE,
    "deleted recently": _QUEUE_NAME,
    "60 seconds after deleting": _QUEUE_NAME,
    "UnreservedConcurrentExecution": _CONCURRENCY,
    "not authorized": _PERMISSION,
    "AccessDenied": _PERMISSION,
    "Rate exceeded": "AWS throttled the creation: deploy again",
}


def find_advice(reason: str) -> str:
    """Return what to do about a reason that CloudFormation gave; empty if nothing particular is known."""
    return next((f"\n    {advice}" for text, advice in _HINTS.items() if text in reason), "")


def describe_failure(client: Any, stack_id: str, stack: Stack | None) -> str:
    """Return the failed resources of the last operation with their reasons."""
    failed = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(_events_of_the_last_operation(client, stack_id))
        if event["ResourceStatus"].endswith("FAILED") and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    status = stack.status if stack else "gone"
    reasons = failed or [(stack.reason if stack else "") or "no reason given"]
    return f"the stack is {status}:\n" + "\n".join(f"  {line}{find_advice(line)}" for line in dict.fromkeys(reasons))


def _events_of_the_last_operation(client: Any, stack_id: str) -> list[Mapping[str, Any]]:
    """Return the newest events, newest first, back to the one that began the operation."""
    events: list[Mapping[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = client.describe_stack_events(StackName=stack_id, **token)
        for event in page["StackEvents"]:
            events.append(event)
            is_of_stack = event.get("PhysicalResourceId") == event["StackId"]
            if is_of_stack and event.get("ResourceStatusReason") == "User Initiated":
                return events
        if not page.get("NextToken"):
            return events
        token = {"NextToken": page["NextToken"]}
