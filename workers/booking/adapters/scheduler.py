"""Schedules commands as one-time schedules of EventBridge Scheduler."""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.messages.commands import InternalBookingCommand


class EventBridgeSchedules:
    """One-time schedules in one group; each sends a message to a FIFO queue and is deleted afterwards.

    The queue needs content-based deduplication, because a schedule can't set a deduplication id:
    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_SqsParameters.html
    """

    def __init__(self, *, client: Any, group: str, queue_arn: str, role_arn: str) -> None:
        """`role_arn` is the role with which the scheduler sends to the queue."""
        self._client = client
        self._group = group
        self._queue_arn = queue_arn
        self._role_arn = role_arn

    async def put(self, name: str, at: datetime, command: InternalBookingCommand, *, group: str) -> None:
        """Create the schedule, with a time in whole seconds; an existing one of that name stays as it is."""
        with translate_aws_errors("scheduler.create"):
            try:
                await self._client.create_schedule(
                    Name=name,
                    GroupName=self._group,
                    ScheduleExpression=f"at({at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
                    ScheduleExpressionTimezone="UTC",
                    FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={
                        "Arn": self._queue_arn,
                        "RoleArn": self._role_arn,
                        "Input": command.model_dump_json(by_alias=True),
                        "SqsParameters": {"MessageGroupId": group},
                    },
                )
            except ClientError as error:
                if get_error_code(error) != "ConflictException":
                    raise

    async def remove(self, name: str) -> None:
        """Delete the schedule, if it exists."""
        with translate_aws_errors("scheduler.delete"):
            try:
                await self._client.delete_schedule(Name=name, GroupName=self._group)
            except ClientError as error:
                # A missing group gives the same error as a missing schedule; `put` reports a missing group.
                if get_error_code(error) != "ResourceNotFoundException":
                    raise
