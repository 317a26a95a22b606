"""The stacks, resources and change sets of the fake CloudFormation, and how its answers describe them."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from infra.deployment.template import Template
from tests.fakes.aws_account.rendering import render

RETAINED = {"Retain", "RetainExceptOnCreate"}


@dataclass
class FakeResource:
    logical_id: str
    type: str
    physical_id: str
    properties: dict[str, Any]
    policy: str
    status: str = "CREATE_COMPLETE"
    reason: str = ""

    @property
    def is_retained(self) -> bool:
        """Return whether the deletion of the stack leaves it in the account."""
        return self.policy in RETAINED

    @property
    def is_deleted(self) -> bool:
        """Return whether it belongs to its stack no longer."""
        return self.status.startswith("DELETE")

    def describe(self) -> dict[str, Any]:
        return {
            "LogicalResourceId": self.logical_id,
            "PhysicalResourceId": self.physical_id,
            "ResourceType": self.type,
            "ResourceStatus": self.status,
            "ResourceStatusReason": self.reason,
        }


@dataclass
class FakeStack:
    name: str
    id: str
    statuses: list[str]
    """What the next descriptions say; the last one stays."""
    template: Template | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, FakeResource] = field(default_factory=dict)
    left_behind: list[FakeResource] = field(default_factory=list)
    """What updates have removed and retained."""
    tags: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    is_protected: bool = False
    deleted_at: datetime | None = None
    rollback: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return self.statuses[-1]

    def next_status(self) -> str:
        """Return what the next description says."""
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.status

    def outputs(self) -> dict[str, str]:
        if self.template is None:
            return {}
        names = {name: each.physical_id for name, each in self.resources.items()}
        values = self.template.values(self.parameters)
        declared = self.template.content.get("Outputs", {})
        rendered = {name: render(each["Value"], self.template, values, names) for name, each in declared.items()}
        return {name: value for name, value in rendered.items() if isinstance(value, str)}

    def visible_parameters(self) -> dict[str, str]:
        """Return the parameters as they are described: a NoEcho one is hidden."""
        declared = self.template.parameters if self.template else {}
        return {
            name: "****" if declared.get(name, {}).get("NoEcho") else value for name, value in self.parameters.items()
        }

    def copy_resources(self) -> dict[str, FakeResource]:
        """Return copies, so that a rollback has what was before."""
        return {name: replace(each) for name, each in self.resources.items()}

    def add_event(self, status: str, reason: str, resource: FakeResource | None = None) -> None:
        """Record what happened to the stack, or to one of its resources."""
        self.events.append(
            {
                "StackId": self.id,
                "StackName": self.name,
                "EventId": str(len(self.events)),
                "LogicalResourceId": resource.logical_id if resource else self.name,
                "PhysicalResourceId": "" if resource else self.id,
                "ResourceType": resource.type if resource else "AWS::CloudFormation::Stack",
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
        )


@dataclass
class FakeChangeSet:
    id: str
    stack_id: str
    kind: str
    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]
    imports: dict[str, str]
    """Physical ids by logical id."""
    rollback: Mapping[str, Any]
    changes: list[dict[str, Any]] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    reason: str = ""

    def fail(self, reason: str) -> None:
        """Let it be described as one that can't be executed."""
        self.status, self.reason = "FAILED", reason

    def declared_resources(self) -> dict[str, FakeResource]:
        """Return the resources that its template declares under its parameters, without physical ids."""
        declared = _render_resources(self.template, tuple(self.parameters.items()))
        return {each.logical_id: replace(each, properties=dict(each.properties)) for each in declared}


@functools.lru_cache(maxsize=64)
def _render_resources(template: Template, parameters: tuple[tuple[str, str], ...]) -> tuple[FakeResource, ...]:
    """Render them once for all tests with this template and these parameters: it takes longer than all else."""
    values = {
        **template.values(dict(parameters)),
        "AWS::Region": "eu-central-1",
        "AWS::AccountId": "111122223333",
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    return tuple(
        FakeResource(
            logical_id=name,
            type=each["Type"],
            physical_id="",
            properties=render(each.get("Properties", {}), template, values, {}),
            policy=each.get("DeletionPolicy", "Delete"),
        )
        for name, each in template.resources(values).items()
    )
