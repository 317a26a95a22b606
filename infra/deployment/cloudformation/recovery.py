"""Brings a stack that a failed operation has left into a state from which it can be deployed, or says why not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from infra.deployment.cloudformation.failure import describe_failure
from infra.deployment.cloudformation.stack import (
    SUCCEEDED,
    Stack,
    StackResource,
    is_in_progress,
    list_resources,
)
from infra.deployment.cloudformation.waiting import describe_cancellation, watch_stack
from infra.deployment.errors import DeployError, error_message
from infra.deployment.request import Environment, Request

NEVER_CREATED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"})
"""Nothing was ever deployed successfully: such a stack can't be updated, only deleted.

(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html)
"""

_UPDATABLE = SUCCEEDED | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
_GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


@dataclass(frozen=True)
class Recovery:
    """What has to happen before a deployment, for the question."""

    explanation: tuple[str, ...]
    carry_out: Callable[[], None]
    deletes: bool = False
    """Whether the stack is gone afterwards."""


def carry_out_recovery(environment: Environment, recovery: Recovery, *, is_dry_run: bool) -> bool:
    """Explain it, ask, and carry it out; False if it is not wanted."""
    for line in recovery.explanation:
        environment.report(line)
    if is_dry_run:
        environment.report("Dry run: what comes after that can't be shown before it has happened.")
        return False
    if not environment.confirm("Do this first?"):
        return False
    recovery.carry_out()
    return True


def plan_recovery(request: Request, environment: Environment, stack: Stack) -> Recovery | None:
    """Return what is necessary; None if the stack can be updated as it is.

    Raises:
        DeployError: an operation is in progress, or only a person can decide.
    """
    if is_in_progress(stack.status):
        raise DeployError(
            f"another operation is in progress ({stack.status}): deploy again when it has ended"
            f"{describe_cancellation(request.stack, stack.status)}"
        )
    resources = list_resources(environment.clients("cloudformation"), stack.id)
    left = [each for each in resources.values() if each.status not in _GONE and each.physical_id]
    if stack.status in NEVER_CREATED or (stack.status == "IMPORT_ROLLBACK_COMPLETE" and not left):
        return _deletion(environment, stack, left)
    if stack.status in _UPDATABLE:
        return None
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        return _continue_rollback(request, environment, stack, resources)
    if stack.status == "DELETE_FAILED":
        failed = "".join(f"\n  {each.logical_id}: {each.reason}" for each in left if each.status == "DELETE_FAILED")
        raise DeployError(f"the stack could not be deleted. Remove the cause and delete it again:{failed}")
    raise DeployError(f"the stack is {stack.status} ({stack.reason or 'no reason given'}): repair it in the console")


def _deletion(environment: Environment, stack: Stack, left: Sequence[StackResource]) -> Recovery:
    if stack.is_protected:
        raise DeployError(
            f"the stack is {stack.status}: it was never deployed successfully, but is protected from deletion: aws"
            f" cloudformation update-termination-protection --no-enable-termination-protection --stack-name {stack.id}"
        )
    explanation = [f"The stack is {stack.status}: its creation never succeeded. It is deleted and created again."]
    if stack.status == "REVIEW_IN_PROGRESS":
        explanation.append("Perhaps somebody else is deploying it just now, and reads the plan.")
    explanation += [f"  with it: {each.logical_id} ({each.physical_id})" for each in left]
    client = environment.clients("cloudformation")

    def delete() -> None:
        environment.report("Deleting the stack whose creation failed")
        client.delete_stack(StackName=stack.id)
        remaining = watch_stack(environment, stack.id)
        if remaining is not None:
            raise DeployError(describe_failure(client, stack.id, remaining))

    return Recovery(tuple(explanation), delete, deletes=True)


def _continue_rollback(
    request: Request, environment: Environment, stack: Stack, resources: Mapping[str, StackResource]
) -> Recovery:
    """Continue a rollback that failed.

    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html)
    """
    skip = request.skip_rollback_of
    stuck = [each for each in resources.values() if each.status == "UPDATE_FAILED"]
    if wrong := sorted(set(skip) - {each.logical_id for each in stuck}):
        raise DeployError(
            f"--skip-rollback-of {', '.join(wrong)}: only what could not be rolled back can be skipped:"
            f" {', '.join(each.logical_id for each in stuck) or 'nothing'}"
        )
    explanation = [
        "The rollback of an earlier update failed: the stack is between two releases, and can't be updated.",
        "The rollback is continued first. What failed:",
        *(f"  {each.logical_id} ({each.type}): {each.reason or 'no reason given'}" for each in stuck),
        *(f"  {name} is left as it is, and may differ from the template" for name in skip),
    ]
    client = environment.clients("cloudformation")

    def proceed() -> None:
        environment.report("Continuing the rollback")
        arguments = {"ResourcesToSkip": list(skip)} if skip else {}
        try:
            client.continue_update_rollback(StackName=stack.id, **arguments)
        except ClientError as error:
            raise DeployError(f"the rollback can't be continued: {error_message(error)}") from error
        after = watch_stack(environment, stack.id)
        if after is None or after.status != "UPDATE_ROLLBACK_COMPLETE":
            raise DeployError(
                f"{describe_failure(client, stack.id, after)}\nRemove the cause and deploy again. If a resource can't"
                " be rolled back at all, name it: --skip-rollback-of NAME"
            )

    return Recovery(tuple(explanation), proceed)
