"""Waits until CloudFormation has ended what it does with a stack."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deployment.cloudformation.stack import Stack, find_stack
from infra.deployment.errors import UnwatchedError, describe_error, is_passing, is_throttled
from infra.deployment.request import Environment

TIMEOUT_SECONDS = 3600.0
"""A stack that creates everything takes minutes; one whose rollback alarms are watched takes longer."""

SILENCE_SECONDS = 300.0
"""An interrupted connection to AWS is mostly back within minutes."""


def wait_for_stack(
    client: Any,
    stack_id: str,
    *,
    poll_seconds: float,
    silence_seconds: float = 0,
    report: Callable[[str], None] = lambda _line: None,
) -> Stack | None:
    """Wait until no operation is in progress; None if the stack is gone.

    A stack in review is waited for: its change set was executed, or it is being deleted. An interrupted connection is
    waited for, too, up to `silence_seconds`.

    Raises:
        UnwatchedError: the operation goes on, but we may not look at it any longer, or it takes too long.
        KeyboardInterrupt: the operation goes on. The text says how to go on.
    """
    answered_at = time.monotonic()
    end = answered_at + TIMEOUT_SECONDS
    status = ""
    try:
        while time.monotonic() < end:
            try:
                stack = find_stack(client, stack_id)
            except (ClientError, BotoCoreError) as error:
                # The operation goes on at AWS, whatever a poll says.
                has_answered_lately = time.monotonic() - answered_at < silence_seconds
                if not is_throttled(error) and not (has_answered_lately and is_passing(error)):
                    raise UnwatchedError(f"{describe_error(error)}. {_explain(stack_id, status)}") from error
            else:
                answered_at = time.monotonic()
                if stack is None or stack.status == "DELETE_COMPLETE":
                    return None
                if not stack.status.endswith("IN_PROGRESS"):
                    return stack
                if stack.status != status:
                    status = stack.status
                    report(f"  {status}")
            time.sleep(poll_seconds)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_explain(stack_id, status)) from None
    raise UnwatchedError(f"no end after {TIMEOUT_SECONDS:.0f} s. {_explain(stack_id, status)}")


def watch_stack(environment: Environment, stack_id: str) -> Stack | None:
    """Wait for a stack on AWS, and show each status."""
    return wait_for_stack(
        environment.clients("cloudformation"),
        stack_id,
        poll_seconds=environment.poll_seconds,
        silence_seconds=SILENCE_SECONDS,
        report=environment.report,
    )


def _explain(stack_id: str, status: str) -> str:
    """Return what happens to the stack without us, and how to go on."""
    progress = f" ({status})" if status else ""
    cancellation = describe_cancellation(stack_id, status)
    return f"CloudFormation goes on{progress}, and rolls back what fails. Deploy again when it has ended{cancellation}"


def describe_cancellation(stack: str, status: str) -> str:
    """Return the command that stops an operation; only an update can be cancelled."""
    if status != "UPDATE_IN_PROGRESS":
        return ""
    return f". To stop the update: aws cloudformation cancel-update-stack --stack-name {stack}"
