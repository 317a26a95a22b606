"""The calls to DynamoDB that commands make, without botocore's generated serialiser and parser.

Through aiobotocore a call costs more of this process's time than of DynamoDB's. Retries are those of botocore's
standard mode; all other calls go through aiobotocore's client.
"""

import asyncio
import base64
import json
import zlib
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.clients import AwsClients
from shared.aws.errors import get_error_code, is_transient
from shared.aws.http_pool import Answer, HttpPool
from shared.aws.json_calls import JsonCalls, parse_content, supports_lean_calls
from shared.backoff import compute_backoff_seconds
from shared.circuits.breaker import BreakerPolicy, CircuitBreaker
from shared.clock import Clock
from shared.errors import DependencyDownError
from shared.ids import new_id
from shared.settings import Transport

CONNECTIONS = 100
_ATTEMPTS = 3
_DEADLINE_SECONDS = 5.0
"""For one attempt, like the read time-out of the general client."""

OPERATION_SECONDS = 10.0
"""For all attempts together, and the wait for a connection."""

DYNAMODB_CIRCUITS = BreakerPolicy(failures=5, calls=5, window_seconds=30, open_seconds=2, probe_seconds=12)
"""Five operations in a row without an answer, of all tables: a slow answer is one, and so is a throttle. It is tried
again after two seconds, because nothing works without it."""

_FIRST_PAUSE_SECONDS = 0.05
_MAX_PAUSE_SECONDS = 1.0
_NOT_RETRIED = frozenset({"TransactionConflictException", "ExpiredToken", "ExpiredTokenException"})
"""The callers retry conflicts, and a later attempt of the command has new credentials."""


class LeanDynamoDb:
    """Has the methods of a client of botocore: the same arguments, answers and errors (without their messages)."""

    def __init__(
        self,
        calls: JsonCalls,
        client: Any,
        *,
        connections: int = CONNECTIONS,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        """Take aiobotocore's client, which has the rare calls; without a breaker every call is made."""
        self._breaker = breaker
        self._calls = calls
        self._client = client
        self._room = asyncio.Semaphore(connections)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def get_item(self, **request: Any) -> dict[str, Any]:
        """Read an item."""
        return await self._call("GetItem", request)

    async def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read items by their keys."""
        return await self._call("BatchGetItem", request)

    async def query(self, **request: Any) -> dict[str, Any]:
        """Read a page of a partition."""
        return await self._call("Query", request)

    async def put_item(self, **request: Any) -> dict[str, Any]:
        """Write an item."""
        return await self._call("PutItem", request)

    async def update_item(self, **request: Any) -> dict[str, Any]:
        """Change an item."""
        return await self._call("UpdateItem", request)

    async def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete an item."""
        return await self._call("DeleteItem", request)

    async def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write all or nothing; with the token, an attempt whose answer was lost is not repeated."""
        return await self._call("TransactWriteItems", {"ClientRequestToken": new_id(), **request})

    async def _call(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """Make one call, unless none was answered lately.

        Raises:
            DependencyDownError: the circuit is open, and the call was not made.
            ClientError, OSError: as botocore's client.
        """
        breaker, loop = self._breaker, asyncio.get_running_loop()
        if breaker is None:
            return await self._make_attempts(action, request)
        if wait := breaker.compute_wait_seconds("", loop.time()):
            raise DependencyDownError("dynamodb: not called", retry_after=timedelta(seconds=wait))
        breaker.begin_call("", loop.time())
        try:
            answer = await self._make_attempts(action, request)
        except ClientError as error:
            is_broken = error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR
            report = breaker.record_failure if is_broken else breaker.record_success
            report("", loop.time())
            raise
        except OSError:  # with TimeoutError
            breaker.record_failure("", loop.time())
            raise
        except BaseException:
            breaker.abandon_call("", loop.time())
            raise
        breaker.record_success("", loop.time())
        return answer

    async def _make_attempts(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        async with asyncio.timeout(OPERATION_SECONDS):
            return await self._repeat(action, request)

    async def _repeat(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(request, default=_encode_bytes, separators=(",", ":")).encode()
        attempt = 0
        while True:
            attempt += 1
            try:
                async with self._room:
                    answer = await self._calls.send(action, body, deadline_seconds=_DEADLINE_SECONDS)
                return _parse_answer(answer)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                code = get_error_code(error)
                if attempt == _ATTEMPTS or code in _NOT_RETRIED or not is_transient(code, status):
                    if {"Item", "CancellationReasons"} & error.response.keys():
                        error.response = json.loads(json.dumps(error.response), object_hook=_decode_bytes)
                    raise
            except OSError:  # with TimeoutError
                if attempt == _ATTEMPTS:
                    raise
            await asyncio.sleep(
                compute_backoff_seconds(attempt, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS)
            )


async def open_dynamodb(
    clients: AwsClients,
    *,
    clock: Clock,
    transport: Transport = "lean",
    connections: int = CONNECTIONS,
    breaker: CircuitBreaker | None = None,
) -> Any:
    """Return an open client of DynamoDB with the transport of the settings.

    A breaker guards the calls of the lean transport. Leases are extended without one, whatever happens to other calls.
    """
    client = await clients.open_client("dynamodb", connections=connections)
    if transport != "lean" or not supports_lean_calls(client.meta.endpoint_url):
        return client
    http = await clients.enter_context(HttpPool(client.meta.endpoint_url, ca_file=clients.find_ca_file()))
    calls = JsonCalls(
        http=http,
        service="dynamodb",
        target="DynamoDB_20120810",
        region=client.meta.region_name,
        credentials=await clients.get_credentials(),
        clock=clock,
    )
    return LeanDynamoDb(calls, client, connections=connections, breaker=breaker)


def _parse_answer(answer: Answer) -> dict[str, Any]:
    """Return the content of an answer.

    Raises:
        OSError: it was damaged on its way (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html).
    """
    checksum = answer.headers.get(b"x-amz-crc32")
    if checksum is not None and int(checksum) != zlib.crc32(answer.body):
        raise ConnectionError("the checksum of the answer is wrong")
    content = parse_content(answer)
    # Few tables have binary values, and a hook for each object would double the time.
    return json.loads(answer.body, object_hook=_decode_bytes) if b'"B":' in answer.body else content


def _encode_bytes(value: object) -> str:
    """Encode a binary value, which botocore's clients take as bytes."""
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(raw := getattr(value, "value", None), bytes | bytearray):  # boto3's `Binary`
        return base64.b64encode(raw).decode()
    raise TypeError(f"no value of DynamoDB: {type(value).__name__}")


def _decode_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Decode a typed binary value; an attribute that is called B holds an object."""
    return {"B": base64.b64decode(value["B"])} if len(value) == 1 and isinstance(value.get("B"), str) else value
