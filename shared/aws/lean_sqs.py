"""The three calls that every message costs, without botocore's generated serialiser and parser.

Credentials, their refresh and the endpoint are botocore's, connections are aiohttp's, and what is rare goes through
aiobotocore's client.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiobotocore.credentials import AioCredentials
from botocore.exceptions import ClientError, NoCredentialsError
from pydantic_core import from_json, to_json

from shared.aws.errors import translated
from shared.aws.signer import JsonCallSigner
from shared.aws.sqs import CALL_DEADLINE_SECONDS, RECEIVE_DEADLINE_SECONDS, SqsQueue
from shared.aws.sqs_messages import change_request, delete_request, deliveries_of, receive_request, refused_of
from shared.clock import Clock
from shared.consumer.delivery import Delivery, Refused, VisibilityChange

_CONNECT_SECONDS = 2.0
_IDLE_SECONDS = 15.0
"""AWS closes idle connections after 20 s; one that is closed under a call costs that call a retry."""


class SqsCalls:
    """Signed calls to SQS over one pool of connections."""

    def __init__(
        self,
        *,
        http: aiohttp.ClientSession,
        endpoint_url: str,
        region: str,
        credentials: AioCredentials | None,
        clock: Clock,
    ) -> None:
        where = urlsplit(endpoint_url)
        # Looked up once: aiohttp would read the environment for every call.
        self._proxy = None if proxy_bypass(where.hostname or "") else getproxies().get(where.scheme)
        self._http = http
        self._url = endpoint_url.rstrip("/") + "/"
        self._signer = JsonCallSigner(service="sqs", region=region, host=where.netloc)
        self._credentials = credentials
        self._clock = clock

    async def call(self, action: str, request: dict[str, Any], *, deadline_seconds: float) -> dict[str, Any]:
        """Return the answer.

        Raises:
            ClientError: SQS said no, as botocore would raise it.
            TimeoutError: nothing came within the deadline.
            OSError: the connection failed.
        """
        if self._credentials is None:
            raise NoCredentialsError
        body = to_json(request)
        frozen = await self._credentials.get_frozen_credentials()
        headers = self._signer.headers(f"AmazonSQS.{action}", body, frozen, self._clock.now())
        timeout = aiohttp.ClientTimeout(total=deadline_seconds, connect=_CONNECT_SECONDS)
        try:
            async with self._http.post(
                self._url, data=body, headers=headers, timeout=timeout, proxy=self._proxy
            ) as response:
                content = await response.read()
                if response.status == 200:
                    answer: dict[str, Any] = from_json(content) if content else {}
                    return answer
                raise _client_error(action, response.status, response.headers.get("x-amzn-query-error", ""), content)
        except aiohttp.ClientError as error:
            # aiohttp's own family, of which only a part are OSErrors.
            raise ConnectionError(f"{type(error).__name__}") from error


def _client_error(action: str, status: int, query_error: str, content: bytes) -> ClientError:
    try:
        problem = from_json(content)
    except ValueError:
        problem = {}
    kind = problem.get("__type", "") if isinstance(problem, dict) else ""
    # The older name, which botocore prefers too: `AWS.SimpleQueueService.NonExistentQueue;Sender`.
    code = query_error.partition(";")[0] or kind.rpartition("#")[2]
    return ClientError(
        {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item,unused-ignore]
        action,
    )


class LeanSqsQueue(SqsQueue):
    """An SQS queue whose hot calls cost a fraction of the client's."""

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
        request = receive_request(self._url, max_messages, wait_seconds, visibility_seconds, attempt_id)
        with translated("sqs.receive"):
            answer = await self._lean_polls.call(
                "ReceiveMessage", request, deadline_seconds=wait_seconds + RECEIVE_DEADLINE_SECONDS
            )
        return deliveries_of(answer)

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Refused]:
        """Delete up to 10 messages; return those that the queue failed to delete."""
        request = delete_request(self._url, deliveries)
        with translated("sqs.delete"):
            answer = await self._lean_calls.call("DeleteMessageBatch", request, deadline_seconds=CALL_DEADLINE_SECONDS)
        return refused_of(answer, deliveries)

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[Refused]:
        """Change up to 10 time-outs; return the deliveries that the queue failed to change."""
        request = change_request(self._url, changes)
        with translated("sqs.change_visibility"):
            answer = await self._lean_calls.call(
                "ChangeMessageVisibilityBatch", request, deadline_seconds=CALL_DEADLINE_SECONDS
            )
        return refused_of(answer, [change.delivery for change in changes])


@asynccontextmanager
async def lean_sqs_queue(
    client: Any, *, credentials: AioCredentials | None, clock: Clock, url: str, dead_letter_url: str
) -> AsyncIterator[LeanSqsQueue]:
    """Open a queue with two pools of connections of its own; `client` is aiobotocore's, for what is rare."""
    where: dict[str, Any] = {
        "endpoint_url": client.meta.endpoint_url,
        "region": client.meta.region_name,
        "credentials": credentials,
        "clock": clock,
    }
    async with _pool() as polls, _pool() as calls:
        yield LeanSqsQueue(
            lean_polls=SqsCalls(http=polls, **where),
            lean_calls=SqsCalls(http=calls, **where),
            client=client,
            url=url,
            dead_letter_url=dead_letter_url,
        )


def _pool() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
    )
