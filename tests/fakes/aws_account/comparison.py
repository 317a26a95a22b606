"""Computes the changes of a change set as CloudFormation describes them."""

from collections.abc import Iterator
from typing import Any

from tests.fakes.aws_account.rendering import differences
from tests.fakes.aws_account.schemas import is_replaced, takes_tags
from tests.fakes.aws_account.stacks import FakeChangeSet, FakeResource, FakeStack


def compare(stack: FakeStack, change_set: FakeChangeSet) -> Iterator[dict[str, Any]]:
    """Yield what the change set would change in the stack."""
    declared = change_set.declared_resources()
    for name, each in declared.items():
        if name in change_set.imports:
            yield _change("Import", each, physical_id=change_set.imports[name])
        elif name not in stack.resources:
            yield _change("Add", each)
        elif change := _modification(stack.resources[name], each, retags=stack.tags != change_set.tags):
            yield change
    for name, each in stack.resources.items():
        if name not in declared:
            policy = "Retain" if each.is_retained else "Delete"
            yield {**_change("Remove", each, physical_id=each.physical_id), "PolicyAction": policy}


def _change(action: str, resource: FakeResource, *, physical_id: str = "") -> dict[str, Any]:
    return {
        "Action": action,
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.type,
        **({"PhysicalResourceId": physical_id} if physical_id else {}),
    }


def _modification(before: FakeResource, after: FakeResource, *, retags: bool) -> dict[str, Any] | None:
    names = differences(before.properties, after.properties)
    details = [
        {
            "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"},
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for name in names
    ]
    if retags and takes_tags(after.type):
        details.append({"Target": {"Attribute": "Tags"}, "Evaluation": "Static"})
    if not details:
        return None
    answers = {is_replaced(after.type, name) for name in names}
    replacement = next((answer for answer in ("True", "Conditional") if answer in answers), "False")
    policy = "ReplaceAndRetain" if before.is_retained else "ReplaceAndDelete"
    return {
        **_change("Modify", after, physical_id=before.physical_id),
        "Replacement": replacement,
        "Details": details,
        **({} if replacement == "False" else {"PolicyAction": policy}),
    }
