"""Describes why an operation failed: the resources, CloudFormation's reasons, and what to do about them."""

from collections.abc import Mapping
from typing import Any

from infra.deployment.cloudformation.stack import Stack
from infra.deployment.pages import read_pages

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
    for page in read_pages(client.describe_stack_events, StackName=stack_id):
        for event in page["StackEvents"]:
            events.append(event)
            is_of_stack = event.get("PhysicalResourceId") == event["StackId"]
            if is_of_stack and event.get("ResourceStatusReason") == "User Initiated":
                return events
    return events
