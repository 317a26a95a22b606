"""Finds what a stack or an update has left: tables, bucket, secrets and accounts, and a deleted stack's parameters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.deployment.cloudformation.change_set import IDENTIFIERS
from infra.deployment.cloudformation.stack import find_stack, list_resources
from infra.deployment.findings import Clients, Finding, run_probe
from infra.deployment.pages import read_pages
from infra.deployment.parameters import HIDDEN
from infra.deployment.versions.records import Record

_GENERATED_NAMES = {
    "s3": "AWS::S3::Bucket",
    "secretsmanager:secret": "AWS::SecretsManager::Secret",
    "cognito-idp:userpool": "AWS::Cognito::UserPool",
}
"""Types whose names CloudFormation makes up, as the tagging API calls them. Tables have no tags of CloudFormation."""


@dataclass(frozen=True)
class Remains:
    """What is known of the deleted stack."""

    resources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Type and physical id by logical id; whether it still exists is not checked here."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """Parameters whose value only CloudFormation knew."""
    source: str = ""
    findings: tuple[Finding, ...] = ()
    """What could not be looked at."""


def find_remains(clients: Clients, stack: str, records: Sequence[Record]) -> Remains:
    """Return what earlier stacks of this name have retained; the newest one that has a resource counts.

    CloudFormation lists a deleted stack and its resources for 90 days. Our own records in the code bucket and the tags
    of the resources have no end. An older record has what an update has removed from the stack.
    """
    resources: dict[str, tuple[str, str]] = {}
    parameters: Mapping[str, str] | None = None
    sources = []
    deleted_stacks, tagged, findings = _look(clients, stack)
    for stack_id in deleted_stacks:
        left = {
            each.logical_id: (each.type, each.physical_id)
            for each in list_resources(clients("cloudformation"), stack_id).values()
            if each.status == "DELETE_SKIPPED" and each.type in IDENTIFIERS
        }
        if left and parameters is None:
            deleted = find_stack(clients("cloudformation"), stack_id)
            parameters = deleted.parameters if deleted else None
            sources.append("the deleted stack")
        resources = {**left, **resources}
    for record in reversed(records):
        resources = {**record.retained, **resources}
    if records:
        sources.append("the record of the last deployment")
        parameters = records[-1].parameters if parameters is None else parameters
    if set(tagged) - set(resources):
        sources.append("the tags of the resources")
    resources = {**tagged, **resources}
    known = parameters or {}
    return Remains(
        resources,
        {name: value for name, value in known.items() if value != HIDDEN},
        tuple(sorted(name for name, value in known.items() if value == HIDDEN)),
        ", ".join(sources),
        tuple(findings),
    )


def _look(clients: Clients, stack: str) -> tuple[list[str], dict[str, tuple[str, str]], list[Finding]]:
    """Return the deleted stacks, the tagged resources, and a finding for each that may not be looked at."""
    deleted_stacks: list[str] = []
    tagged: dict[str, tuple[str, str]] = {}

    def look_for_stacks() -> tuple[Finding, ...]:
        deleted_stacks.extend(_deleted_stacks(clients("cloudformation"), stack))
        return ()

    def look_for_tags() -> tuple[Finding, ...]:
        tagged.update(_find_tagged(clients, stack))
        return ()

    findings = run_probe("deleted stack", "cloudformation:ListStacks", look_for_stacks)
    findings += run_probe("deleted stack", "tag:GetResources", look_for_tags)
    return deleted_stacks, tagged, findings


def _deleted_stacks(client: Any, name: str) -> Iterator[str]:
    """Yield the ids of the deleted stacks of this name, the newest first."""
    pages = read_pages(client.list_stacks, StackStatusFilter=["DELETE_COMPLETE"])
    found = [each for page in pages for each in page["StackSummaries"] if each["StackName"] == name]
    found.sort(key=lambda each: each.get("DeletionTime") or each["CreationTime"], reverse=True)
    yield from (each["StackId"] for each in found)


def _find_tagged(clients: Clients, stack: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield resources with CloudFormation's tags of this stack; none if a logical id has two of them.

    (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html)
    """
    pages = read_pages(
        clients("resourcegroupstaggingapi").get_resources,
        sent="PaginationToken",
        received="PaginationToken",
        TagFilters=[{"Key": "aws:cloudformation:stack-name", "Values": [stack]}],
        ResourceTypeFilters=list(_GENERATED_NAMES),
    )
    found: dict[str, list[tuple[str, str]]] = {}
    mappings = [each for page in pages for each in page["ResourceTagMappingList"]]
    for each in mappings:
        tags = {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        kind, physical_id = _of_arn(each["ResourceARN"])
        found.setdefault(tags.get("aws:cloudformation:logical-id", ""), []).append((kind, physical_id))
    for logical_id, candidates in found.items():
        if len(candidates) == 1:
            yield logical_id, candidates[0]


def _of_arn(arn: str) -> tuple[str, str]:
    """Return type and physical id: a secret is its ARN, a bucket and a user pool the end of it."""
    service, rest = arn.split(":")[2], arn.split(":", 5)[5]
    if service == "secretsmanager":
        return "AWS::SecretsManager::Secret", arn
    return ("AWS::S3::Bucket", rest) if service == "s3" else ("AWS::Cognito::UserPool", rest.removeprefix("userpool/"))
