"""The call of the WebSocket API's management endpoint, without botocore's generated serialiser and parser.

An answer is posted in a dozen frames, and through aiobotocore a post costs more than all else that is done for it.
"""

import asyncio
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from aiobotocore.credentials import AioCredentials
from botocore.exceptions import ClientError

from shared.aws.call_signer import CallSigner
from shared.aws.clients import AwsClients
from shared.aws.http_pool import Answer, HttpPool
from shared.aws.json_calls import needs_proxy
from shared.backoff import compute_backoff_seconds
from shared.clock import Clock
from shared.settings import Transport

CONNECTIONS = 100
_ATTEMPTS = 2
_DEADLINE_SECONDS = 5.0
"""For one attempt, like the read time-out of the general client."""

_PAUSE_SECONDS = 0.1
_SERVICE = "execute-api"


class LeanManagementApi:
    """Has the methods of botocore's client that are used here: the same arguments and errors (without messages)."""

    def __init__(
        self,
        http: HttpPool,
        *,
        endpoint_url: str,
        region: str,
        credentials: AioCredentials | None,
        clock: Clock,
        general: Any,
        attempts: int = _ATTEMPTS,
    ) -> None:
        """Take the general client for what is rarely called."""
        self._general = general
        self._http = http
        self._base_path = urlsplit(endpoint_url).path.rstrip("/")
        self._signer = CallSigner(service=_SERVICE, region=region, host=http.host, credentials=credentials, clock=clock)
        self._attempts = attempts
        self._room = asyncio.Semaphore(CONNECTIONS)

    async def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - botocore's names
        """Post to a connection.

        Raises:
            ClientError: the endpoint refused the call; with the status 410 the connection is gone.
            OSError: no answer, also not to the last attempt.
        """
        path = f"{self._base_path}/@connections/{quote(ConnectionId, safe='~')}"
        attempt = 0
        while True:
            attempt += 1
            try:
                async with self._room:
                    answer = await self._send(path, Data)
            except OSError:  # with TimeoutError
                if attempt == self._attempts:
                    raise
            else:
                if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    return
                if attempt == self._attempts or not _may_succeed_later(answer.status):
                    raise _build_client_error(answer)
            await asyncio.sleep(
                compute_backoff_seconds(attempt, base_seconds=_PAUSE_SECONDS, cap_seconds=_PAUSE_SECONDS)
            )

    async def delete_connection(self, *, ConnectionId: str) -> None:  # noqa: N803 - botocore's names
        """Close a connection, with the errors of the general client."""
        await self._general.delete_connection(ConnectionId=ConnectionId)

    async def _send(self, path: str, body: bytes) -> Answer:
        headers = {"Content-Type": "application/octet-stream"}
        headers = await self._signer.sign_post(path, headers, body, deadline_seconds=_DEADLINE_SECONDS)
        return await self._http.post(headers, body, path=path, deadline_seconds=_DEADLINE_SECONDS)


async def open_management_api(clients: AwsClients, endpoint_url: str, *, clock: Clock, transport: Transport) -> Any:
    """Return an open client of the management endpoint with the transport of the settings."""
    client = await clients.open_client("apigatewaymanagementapi", endpoint_url=endpoint_url, attempts=_ATTEMPTS)
    if transport != "lean" or needs_proxy(endpoint_url):
        return client
    return LeanManagementApi(
        await clients.enter_context(HttpPool(endpoint_url, ca_file=clients.find_ca_file())),
        endpoint_url=endpoint_url,
        region=client.meta.region_name,
        credentials=await clients.get_credentials(),
        clock=clock,
        general=client,
    )


def _may_succeed_later(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _build_client_error(answer: Answer) -> ClientError:
    code = answer.headers.get(b"x-amzn-errortype", b"").decode("latin-1").partition(":")[0] or str(answer.status)
    response: Any = {
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": answer.status},
    }
    return ClientError(response, "PostToConnection")
