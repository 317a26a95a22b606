"""The three calls that every message costs, without botocore's generated serialiser and parser.

Credentials, their refresh, the endpoint and the certificates are botocore's, and rare calls go through
aiobotocore's client.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiobotocore.credentials import AioCredentials
from pydantic_core import to_json

from shared.aws.errors import translate_aws_errors
from shared.aws.http_pool import HttpPool
from shared.aws.json_calls import JsonCalls, parse_content
from shared.aws.sqs import CALL_DEADLINE_SECONDS, RECEIVE_DEADLINE_SECONDS, SqsQueue
from shared.aws.sqs_messages import (
    build_change_request,
    build_delete_request,
    build_receive_request,
    parse_deliveries,
    parse_failed_entries,
)
from shared.clock import Clock
from shared.consumer.delivery import Delivery, FailedEntry, VisibilityChange


class SqsCalls(JsonCalls):
    """Signed calls to SQS over one pool of connections."""

    def __init__(self, *, http: HttpPool, region: str, credentials: AioCredentials | None, clock: Clock) -> None:
        super().__init__(
            http=http, service="sqs", target="AmazonSQS", region=region, credentials=credentials, clock=clock
        )

    async def call(self, action: str, request: dict[str, Any], *, deadline_seconds: float) -> dict[str, Any]:
        """Return the content of the answer; raise as `send` does, and `OSError` if it is not one of SQS."""
        return parse_content(await self.send(action, to_json(request), deadline_seconds=deadline_seconds))


class LeanSqsQueue(SqsQueue):
    """An SQS queue whose frequent calls cost a fraction of the client's."""

    def __init__(
        self, *, lean_polls: SqsCalls, lean_calls: SqsCalls, client: Any, url: str, dead_letter_url: str
    ) -> None:
        super().__init__(polls=client, calls=client, url=url, dead_letter_url=dead_letter_url)
        self._lean_polls = lean_polls
        self._lean_calls = lean_calls

    async def receive(
        self, *, max_messages: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None = None
    ) -> Sequence[Delivery]:
        """Return up to 10 messages, waiting for the first one."""
        request = build_receive_request(self._url, max_messages, wait_seconds, visibility_seconds, attempt_id)
        with translate_aws_errors("sqs.receive"):
            answer = await self._lean_polls.call(
                "ReceiveMessage", request, deadline_seconds=wait_seconds + RECEIVE_DEADLINE_SECONDS
            )
        return parse_deliveries(answer)

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[FailedEntry]:
        """Delete up to 10 messages; return those that the queue failed to delete."""
        request = build_delete_request(self._url, deliveries)
        with translate_aws_errors("sqs.delete"):
            answer = await self._lean_calls.call("DeleteMessageBatch", request, deadline_seconds=CALL_DEADLINE_SECONDS)
        return parse_failed_entries(answer, deliveries)

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[FailedEntry]:
        """Change up to 10 time-outs; return the deliveries that the queue failed to change."""
        request = build_change_request(self._url, changes)
        with translate_aws_errors("sqs.change_visibility"):
            answer = await self._lean_calls.call(
                "ChangeMessageVisibilityBatch", request, deadline_seconds=CALL_DEADLINE_SECONDS
            )
        return parse_failed_entries(answer, [change.delivery for change in changes])


@asynccontextmanager
async def open_lean_sqs_queue(
    client: Any,
    *,
    credentials: AioCredentials | None,
    clock: Clock,
    url: str,
    dead_letter_url: str,
    ca_file: str | None = None,
) -> AsyncIterator[LeanSqsQueue]:
    """Open a queue with two pools of connections of its own; `client` is aiobotocore's, for rare calls."""
    signing: dict[str, Any] = {"region": client.meta.region_name, "credentials": credentials, "clock": clock}
    endpoint = client.meta.endpoint_url
    async with HttpPool(endpoint, ca_file=ca_file) as polls, HttpPool(endpoint, ca_file=ca_file) as calls:
        yield LeanSqsQueue(
            lean_polls=SqsCalls(http=polls, **signing),
            lean_calls=SqsCalls(http=calls, **signing),
            client=client,
            url=url,
            dead_letter_url=dead_letter_url,
        )
