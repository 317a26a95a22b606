"""Executes the changes of a change set in the account."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.aws_account.schemas import identifier
from tests.fakes.aws_account.services import Account
from tests.fakes.aws_account.stacks import FakeChangeSet, FakeResource, FakeStack


def apply_changes(
    account: Account,
    stack: FakeStack,
    change_set: FakeChangeSet,
    *,
    failures: Mapping[str, str],
    numbers: Iterator[int],
) -> tuple[str, str] | None:
    """Change the resources one by one; return (logical id, reason) of the first that fails."""
    stack.resources = stack.copy_resources()
    declared = change_set.declared_resources()
    for change in (each["ResourceChange"] for each in change_set.changes):
        name = change["LogicalResourceId"]
        if name in failures:
            return name, failures[name]
        if change["Action"] == "Remove":
            removed = stack.resources.pop(name)
            if removed.is_retained:
                removed.status = "DELETE_SKIPPED"
                stack.left_behind.append(removed)
            else:
                account.existing.pop((removed.type, removed.physical_id), None)
            continue
        resource = declared[name]
        if change["Action"] == "Modify" and change["Replacement"] == "False":
            resource.physical_id, resource.status = stack.resources[name].physical_id, "UPDATE_COMPLETE"
            stack.resources[name] = resource
            if problem := _reserve(account, resource):
                return name, problem
            continue
        resource.physical_id = change_set.imports.get(name) or _make_physical_id(stack, resource, next(numbers))
        key = resource.type, resource.physical_id
        if key in account.existing and name not in change_set.imports:
            return name, f"{resource.physical_id} already exists"
        account.existing.setdefault(key, _make_content(stack, resource, next(numbers)))
        stack.resources[name] = resource
        if problem := _reserve(account, resource):
            return name, problem
    return None


def _reserve(account: Account, resource: FakeResource) -> str:
    """Reserve executions for a function as PutFunctionConcurrency does, and return its refusal."""
    if resource.type != "AWS::Lambda::Function":
        return ""
    key = resource.type, resource.physical_id
    number = int(resource.properties.get("ReservedConcurrentExecutions", 0))
    account.existing[key] = {**account.existing[key], "reserved": number}
    if number and account.lambda_.count_unreserved() < 100:
        return (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution"
            " below its minimum value of [100]."
        )
    return ""


def _make_physical_id(stack: FakeStack, resource: FakeResource, number: int) -> str:
    if resource.type == "AWS::SecretsManager::Secret":
        return f"arn:aws:secretsmanager:eu-central-1:1:secret:{resource.logical_id}-{number}"
    named = [resource.properties[name] for name in identifier(resource.type) if name in resource.properties]
    is_known = not any("<" in name for name in named)
    if len(named) == len(identifier(resource.type)) and is_known:
        return "|".join(named)
    generated = f"{stack.name}-{resource.logical_id}-{number}"
    return generated.lower() if resource.type == "AWS::S3::Bucket" else generated


def _make_content(stack: FakeStack, resource: FakeResource, number: int) -> dict[str, Any]:
    content: dict[str, Any] = {"stack": stack.name, "logical_id": resource.logical_id}
    if resource.type == "AWS::DynamoDB::Table":
        return {"KeySchema": resource.properties["KeySchema"]}
    if resource.type == "AWS::SecretsManager::Secret":
        return {**content, "version": f"version-{number}", "value": f"secret-{number}-" + "x" * 40}
    return content
