"""The stacks of the fake CloudFormation by name and id, and the calls that read them."""

import itertools
from datetime import UTC, datetime
from typing import Any

from tests.fakes.aws_account.refusal import refusal
from tests.fakes.aws_account.stacks import FakeStack


class StackRegistry:
    def __init__(self) -> None:
        self.stacks: list[FakeStack] = []
        self.numbers = itertools.count(1)
        """What makes generated names unique."""
        self.clock = datetime(2026, 11, 28, tzinfo=UTC)

    def stack(self, name: str) -> FakeStack:
        """Return the stack that has this name now."""
        return next(each for each in self.stacks if each.name == name and each.status != "DELETE_COMPLETE")

    def physical_ids(self, name: str) -> dict[str, str]:
        """Return the physical ids by logical id."""
        return {each.logical_id: each.physical_id for each in self.stack(name).resources.values()}

    def find(self, name: str) -> FakeStack:
        """Return a stack by name or id; a deleted one has only its id."""
        for each in self.stacks:
            if each.id == name or (each.name == name and each.status != "DELETE_COMPLETE"):
                return each
        raise refusal("ValidationError", f"Stack with id {name} does not exist")

    def add(self, name: str) -> FakeStack:
        """Add the empty stack that a first change set makes."""
        arn = f"arn:aws:cloudformation:eu-central-1:111122223333:stack/{name}/{next(self.numbers)}"
        stack = FakeStack(name, arn, ["REVIEW_IN_PROGRESS"])
        self.stacks.append(stack)
        return stack

    def describe_stacks(self, **arguments: Any) -> dict[str, Any]:
        stack = self.find(arguments["StackName"])
        parameters = stack.visible_parameters()
        return {
            "Stacks": [
                {
                    "StackName": stack.name,
                    "StackId": stack.id,
                    "StackStatus": stack.next_status(),
                    "Parameters": [{"ParameterKey": key, "ParameterValue": each} for key, each in parameters.items()],
                    "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs().items()],
                    "EnableTerminationProtection": stack.is_protected,
                    "Tags": [{"Key": name, "Value": value} for name, value in stack.tags.items()],
                    "CreationTime": self.clock,
                }
            ]
        }

    def list_stacks(self, **arguments: Any) -> dict[str, Any]:
        if "NextToken" not in arguments:
            return {"StackSummaries": [], "NextToken": "second"}
        return {
            "StackSummaries": [
                {
                    "StackName": each.name,
                    "StackId": each.id,
                    "StackStatus": each.status,
                    "DeletionTime": each.deleted_at,
                }
                for each in self.stacks
                if each.status in arguments["StackStatusFilter"]
            ]
        }

    def list_stack_resources(self, **arguments: Any) -> dict[str, Any]:
        stack = self.find(arguments["StackName"])
        listed = [*stack.resources.values(), *stack.left_behind]
        summaries = [{**each.describe(), "LastUpdatedTimestamp": self.clock} for each in listed]
        # Two pages, so that a reader of only the first one is noticed.
        half = len(summaries) // 2
        if "NextToken" in arguments:
            return {"StackResourceSummaries": summaries[half:]}
        return {"StackResourceSummaries": summaries[:half], "NextToken": "second"}

    def describe_stack_resources(self, **arguments: Any) -> dict[str, Any]:
        physical_id = arguments["PhysicalResourceId"]
        for stack in self.stacks:
            for each in stack.resources.values():
                if each.physical_id == physical_id and not each.is_deleted:
                    return {"StackResources": [{**each.describe(), "StackId": stack.id, "StackName": stack.name}]}
        raise refusal("ValidationError", f"Stack for {physical_id} does not exist")

    def describe_stack_events(self, **arguments: Any) -> dict[str, Any]:
        return {"StackEvents": list(reversed(self.find(arguments["StackName"]).events))}

    def get_template(self, **arguments: Any) -> dict[str, Any]:
        template = self.find(arguments["StackName"]).template
        assert template is not None
        return {"TemplateBody": template.text}
