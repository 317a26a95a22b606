"""The statements of the template that apply to the local stack, by role."""

from dataclasses import dataclass

from tests.infra.conditions import Deployment
from tests.infra.resources import TEMPLATE
from tests.infra.template import as_list

PARAMETERS = {
    "LocalEndpoint": "http://127.0.0.1:4566",
    "SesFromEmail": "visits@example.com",
    "SmsEnabled": "true",
    "AlertEmail": "operator@example.com",
}
"""What decides about conditions of statements, as `infra/local/stack.py` and `tests/conftest.py` set it."""


@dataclass(frozen=True, order=True)
class Permission:
    """One action that a statement allows to a role."""

    role: str
    statement: str
    action: str


def list_permissions(**parameters: str) -> set[Permission]:
    """Return what all roles may do: those that functions and pools run with, and that of the schedules."""
    deployment = Deployment(TEMPLATE, **PARAMETERS, **parameters)
    return {
        Permission(role, statement["Sid"], action)
        for role, resource in deployment.resources().items()
        if resource["Type"] == "AWS::IAM::Role" and role != "DeployRole"
        for document in list_documents(deployment, role)
        for statement in document["Statement"]
        for action in as_list(statement["Action"])
    }


def list_documents(deployment: Deployment, role: str) -> list[dict]:
    """Return the policies of a role, attached and inline."""
    properties = deployment.properties(role)
    attached = [deployment.properties(name)["PolicyDocument"] for name in properties.get("ManagedPolicyArns", ())]
    return attached + [policy["PolicyDocument"] for policy in properties["Policies"]]
