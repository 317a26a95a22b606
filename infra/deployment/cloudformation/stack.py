"""Reads a CloudFormation stack and its resources."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.deployment.errors import error_message
from infra.deployment.pages import read_pages
from infra.deployment.template import Template

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

    @property
    def is_removed(self) -> bool:
        """Return whether an update or a deletion has removed it from the stack; it may still exist."""
        return self.status.startswith("DELETE")


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

    One that an update has removed may be among them, as DELETE_SKIPPED.
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html)
    """
    found: dict[str, StackResource] = {}
    for page in read_pages(client.list_stack_resources, StackName=stack_id):
        for each in page["StackResourceSummaries"]:
            resource = StackResource(
                each["LogicalResourceId"],
                each.get("PhysicalResourceId", ""),
                each["ResourceType"],
                each["ResourceStatus"],
                each.get("ResourceStatusReason", ""),
            )
            if resource.logical_id not in found or not resource.is_removed:
                found[resource.logical_id] = resource
    return found


def list_owned_resources(client: Any, stack_id: str) -> dict[str, StackResource]:
    """Return the resources that the stack has now."""
    return {name: each for name, each in list_resources(client, stack_id).items() if not each.is_removed}


def read_deployed_template(client: Any, stack: Stack) -> Template:
    """Return the template of a stack as it was sent."""
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
    body = client.get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    # boto3 parses a template in JSON.
    return Template(body if isinstance(body, str) else json.dumps(body))


def is_in_progress(status: str) -> bool:
    """Return whether CloudFormation works on the stack; a stack in review only waits for its first change set."""
    return status.endswith("IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
