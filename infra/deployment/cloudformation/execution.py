"""Shows what a change set would do, asks, executes it and waits for its end."""

from collections.abc import Mapping
from typing import Any

from infra.deployment.cloudformation import plan
from infra.deployment.cloudformation.change_set import (
    ChangeSet,
    ChangeSetExpiredError,
    Kind,
    create_change_set,
    discard_change_set,
    execute_change_set,
)
from infra.deployment.cloudformation.failure import describe_failure
from infra.deployment.cloudformation.stack import SUCCEEDED, Stack, find_stack
from infra.deployment.cloudformation.waiting import watch_stack
from infra.deployment.errors import DeployError
from infra.deployment.request import Environment, Request

_ATTEMPTS = 3


def carry_out_change(
    request: Request,
    environment: Environment,
    *,
    kind: Kind,
    arguments: Mapping[str, Any],
    question: str = "Deploy this?",
) -> Stack | None:
    """Create the change set, show it, ask and execute it; None if the change is not wanted.

    Without a question the plan is part of one that was confirmed. If nothing changes, the stack is as it should be.

    Raises:
        DeployError: the plan would lose something that was not named, or the stack was rolled back.
    """
    client = environment.clients("cloudformation")
    confirmed: tuple[plan.Change, ...] | None = None
    for attempt in range(1, _ATTEMPTS + 1):
        change_set = create_change_set(
            client,
            stack=request.stack,
            name=f"deploy-{environment.now():%Y%m%d-%H%M%S}-{attempt}",
            kind=kind,
            request=arguments,
            poll_seconds=environment.poll_seconds,
        )
        if change_set is None:
            environment.report("Nothing changes: the stack is as it should be.")
            return None if request.is_dry_run else find_stack(client, request.stack)
        if change_set.changes != confirmed and not _is_wanted(request, environment, kind, change_set, question):
            return None
        confirmed = change_set.changes
        try:
            execute_change_set(client, change_set, kind)
        except ChangeSetExpiredError:
            environment.report("The stack was changed by something else in the meantime: the plan is made again.")
            _discard(environment, kind, change_set)
            continue
        return _wait(environment, change_set)
    raise DeployError(f"something else keeps changing the stack: {_ATTEMPTS} plans expired. Find out what it is")


def _is_wanted(request: Request, environment: Environment, kind: Kind, change_set: ChangeSet, question: str) -> bool:
    for line in plan.describe_plan(change_set.changes):
        environment.report(line)
    try:
        _refuse_losses(request, change_set)
        if request.is_dry_run:
            environment.report("Dry run: nothing was changed.")
        elif not question or environment.confirm(question):
            return True
    except (DeployError, KeyboardInterrupt):
        _discard(environment, kind, change_set)
        raise
    _discard(environment, kind, change_set)
    return False


def _refuse_losses(request: Request, change_set: ChangeSet) -> None:
    if refused := plan.find_losses(change_set.changes, allowed=request.replaceable):
        names = " ".join(f"--replace-data {each.logical_id}" for each in refused)
        raise DeployError(
            "the plan would replace or remove what holds data (marked with !!). Change the parameters or the"
            f" template so that it stays, or name it: {names}"
        )


def _discard(environment: Environment, kind: Kind, change_set: ChangeSet) -> None:
    client = environment.clients("cloudformation")
    discard_change_set(client, change_set.id, change_set.stack_id, kind, poll_seconds=environment.poll_seconds)


def _wait(environment: Environment, change_set: ChangeSet) -> Stack:
    client = environment.clients("cloudformation")
    stack = watch_stack(environment, change_set.stack_id)
    if stack is None or stack.status not in SUCCEEDED:
        text = describe_failure(client, change_set.stack_id, stack)
        if stack and stack.status in {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}:
            text += "\nThe stack is as it was before. Remove the cause and deploy again."
        raise DeployError(text)
    return stack
