"""Creates, reads, executes and deletes change sets."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from infra.deployment.cloudformation.failure import find_advice
from infra.deployment.cloudformation.plan import Change, read_changes
from infra.deployment.cloudformation.stack import find_stack
from infra.deployment.cloudformation.waiting import wait_for_stack
from infra.deployment.errors import DeployError, error_code, error_message, has_no_credentials, is_passing, is_throttled
from infra.deployment.pages import read_pages

TIMEOUT_SECONDS = 600.0
_NOTHING_CHANGES = ("didn't contain changes", "No updates are to be performed")
_EXPIRED = frozenset(
    {"ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus", "InvalidChangeSetStatusException"}
)

Kind = Literal["CREATE", "UPDATE", "IMPORT"]


class ChangeSetExpiredError(Exception):
    """The change set is no longer there or no longer fits the stack: something else has changed it."""


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed."""

    id: str
    stack_id: str
    changes: tuple[Change, ...]


def create_change_set(
    client: Any, *, stack: str, name: str, kind: Kind, request: Mapping[str, Any], poll_seconds: float
) -> ChangeSet | None:
    """Create a change set and wait until CloudFormation has computed it; None if nothing would change."""
    answer = _create(client, stack, name, kind, request)
    try:
        return _wait(client, answer, name=name, poll_seconds=poll_seconds)
    except KeyboardInterrupt:
        discard_change_set(client, answer["Id"], answer["StackId"], kind, poll_seconds=poll_seconds)
        raise


def _wait(client: Any, answer: Mapping[str, Any], *, name: str, poll_seconds: float) -> ChangeSet | None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while True:
        described = _describe(client, answer["Id"])
        if described and described["Status"] == "CREATE_COMPLETE":
            if described["ExecutionStatus"] == "UNAVAILABLE":
                delete_change_set(client, answer["Id"])
                raise DeployError(f"CloudFormation can't execute the change: {described.get('StatusReason', '')}")
            return ChangeSet(answer["Id"], answer["StackId"], read_changes(described["Changes"]))
        if described and described["Status"] == "FAILED":
            reason = described.get("StatusReason", "no reason given")
            delete_change_set(client, answer["Id"])
            if any(text in reason for text in _NOTHING_CHANGES):
                return None
            raise DeployError(f"CloudFormation refused the change: {reason}{find_advice(reason)}")
        if time.monotonic() > end:
            raise DeployError(f"the change set {name} is not computed after {TIMEOUT_SECONDS:.0f} s: deploy again")
        time.sleep(poll_seconds)


def _create(client: Any, stack: str, name: str, kind: Kind, request: Mapping[str, Any]) -> Mapping[str, Any]:
    for attempt in range(1, 4):
        try:
            answer: Mapping[str, Any] = client.create_change_set(
                StackName=stack,
                ChangeSetName=f"{name}-{attempt}",
                ChangeSetType=kind,
                Capabilities=["CAPABILITY_IAM"],
                **request,
            )
        except ClientError as error:
            if error_code(error).startswith("AlreadyExists") and attempt < 3:
                continue
            if error_code(error).startswith("LimitExceeded"):
                raise DeployError("the stack has too many change sets: delete old ones in the console") from error
            if "_IN_PROGRESS state" in error_message(error):
                raise DeployError(
                    f"{error_message(error)} Somebody else has begun to change it: deploy again when that has ended"
                ) from error
            if has_no_credentials(error) or is_passing(error):
                raise
            raise DeployError(f"CloudFormation refused the template: {error_message(error)}") from error
        else:
            return answer
    raise AssertionError


def _describe(client: Any, change_set: str) -> dict[str, Any] | None:
    """Return the change set with the changes of all pages; None if AWS throttled the request."""
    try:
        pages = list(read_pages(client.describe_change_set, ChangeSetName=change_set))
    except ClientError as error:
        if is_throttled(error):
            return None
        raise
    return {**pages[0], "Changes": [change for page in pages for change in page.get("Changes", ())]}


def execute_change_set(client: Any, change_set: ChangeSet, kind: Kind) -> None:
    """Start the execution; a failure is rolled back.

    Raises:
        ChangeSetExpiredError: the change set has to be made again, and shown again.
    """
    try:
        # The reference gives two defaults for this; an import takes no such argument.
        rollback = {} if kind == "IMPORT" else {"DisableRollback": False}
        client.execute_change_set(ChangeSetName=change_set.id, **rollback)
    except ClientError as error:
        if error_code(error) in _EXPIRED:
            raise ChangeSetExpiredError(error_message(error)) from error
        raise


def delete_change_set(client: Any, change_set: str) -> None:
    """Delete a change set that is not executed; one that is gone already is fine."""
    try:
        client.delete_change_set(ChangeSetName=change_set)
    except ClientError as error:
        if error_code(error) not in _EXPIRED:
            raise


def discard_change_set(client: Any, change_set: str, stack_id: str, kind: Kind, *, poll_seconds: float) -> None:
    """Delete the change set, and the empty stack that CloudFormation made for the first one."""
    delete_change_set(client, change_set)
    if kind != "UPDATE":
        stack = find_stack(client, stack_id)
        if stack and stack.status == "REVIEW_IN_PROGRESS":
            client.delete_stack(StackName=stack_id)
            # Its name is free only after that.
            wait_for_stack(client, stack_id, poll_seconds=poll_seconds)


def build_import_list(found: Sequence[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Return (type, logical id, physical id) as CloudFormation takes them."""
    return [
        {
            "ResourceType": kind,
            "LogicalResourceId": logical_id,
            "ResourceIdentifier": {IDENTIFIERS[kind]: physical_id},
        }
        for kind, logical_id, physical_id in found
    ]


IDENTIFIERS = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Id",
    "AWS::Cognito::UserPool": "UserPoolId",
    "AWS::SES::EmailIdentity": "EmailIdentity",
    "AWS::IAM::OIDCProvider": "Arn",
}
"""The types that are imported, with the property that identifies a resource: the schema's primary identifier.

All of them can be imported: their schemas have a read handler
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html).
"""
