"""The three calls that every message costs, without botocore's generated serialiser and parser.

Credentials, their refresh, the endpoint and the certificates are botocore's, and rare calls go through
aiobotocore's client.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiobotocore.credentials import AioCredentials
from botocore.exceptions import ClientError, NoCredentialsError
from pydantic_core import from_json, to_json

from shared.aws.errors import translate_aws_errors
from shared.aws.http_pool import HttpPool
from shared.aws.signer import RequestSigner
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
from shared.json_objects import parse_json_object


class SqsCalls:
    """Signed calls to SQS over one pool of connections."""

    def __init__(self, *, http: HttpPool, region: str, credentials: AioCredentials | None, clock: Clock) -> None:
        self._http = http
        self._signer = RequestSigner(service="sqs", region=region, host=http.host)
        self._credentials = credentials
        self._clock = clock

    async def call(self, action: str, request: dict[str, Any], *, deadline_seconds: float) -> dict[str, Any]:
        """Return the answer.

        Raises:
            ClientError: SQS refused the call, as botocore would raise it.
            TimeoutError: no answer within the deadline.
            OSError: the connection failed, or the answer was not one of SQS.
        """
        if self._credentials is None:
            raise NoCredentialsError
        body = to_json(request)
        try:
            async with asyncio.timeout(deadline_seconds):
                frozen = await self._credentials.get_frozen_credentials()
        except RuntimeError as error:
            # Botocore raises it for credentials that it could not refresh in time.
            raise NoCredentialsError from error
        headers = self._signer.sign(
            "POST",
            "/",
            headers={"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"},
            body=body,
            credentials=frozen,
            now=self._clock.now(),
        )
        answer = await self._http.post(headers, body, deadline_seconds=deadline_seconds)
        content = parse_json_object(answer.body, parse=from_json) if answer.body else {}
        if answer.status != HTTPStatus.OK:
            raise _build_client_error(action, answer.status, answer.headers, content or {})
        if content is None:
            raise ConnectionError("the answer is no JSON object")
        return content


def _build_client_error(action: str, status: int, headers: dict[bytes, bytes], problem: dict[str, Any]) -> ClientError:
    # The older name, which botocore prefers too: `AWS.SimpleQueueService.NonExistentQueue;Sender`.
    older = headers.get(b"x-amzn-query-error", b"").decode("latin-1").partition(";")[0]
    code = older or str(problem.get("__type", "")).rpartition("#")[2] or str(status)
    response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, action)


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


def supports_lean_calls(endpoint_url: str) -> bool:
    """Return whether lean calls work with this address: they support neither a proxy nor a path."""
    address = urlsplit(endpoint_url)
    needs_proxy = address.scheme in getproxies() and not proxy_bypass(address.hostname or "")
    return not needs_proxy and address.path in {"", "/"}
