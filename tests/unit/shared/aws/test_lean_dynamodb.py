"""The lean calls to DynamoDB: what is repeated, what is sent, and what an answer or an error says."""

import asyncio
import json
import zlib
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from shared.aws.clients import open_aws_clients
from shared.aws.http_pool import HttpPool
from shared.aws.json_calls import JsonCalls
from shared.aws.lean_dynamodb import DYNAMODB_CIRCUITS, OPERATION_SECONDS, LeanDynamoDb, open_dynamodb
from shared.circuits.breaker import CircuitBreaker, CircuitState
from shared.clock import SystemClock
from shared.errors import DependencyDownError
from shared.settings import AwsSettings
from shared.trace import Trace, use_trace
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.turned_loop import run_turned

KEY = {"TableName": "table", "Key": {"id": {"S": "1"}}}
THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"})
BROKEN = (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"})
CONFLICT = (400, {"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException"})
CANCELLED = (
    400,
    {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "a visitor's text",
        "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Item": {"id": {"S": "1"}}}, {"Code": "None"}],
    },
)
DAMAGED, CUT, NO_JSON = "damaged", "cut", "no JSON"
DONE = (200, {"Item": {"id": {"S": "1"}}})


class Table:
    """An address that answers like DynamoDB, with what a test says and then with `DONE`."""

    def __init__(self):
        self.answers, self.received, self.at_once, self.max_at_once = [], [], 0, 0

    async def answer(self, request):
        body = await request.json()
        self.received.append((request.headers, body))
        self.at_once += 1
        self.max_at_once = max(self.max_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        answer = self.answers.pop(0) if self.answers else DONE
        if answer == CUT:
            request.transport.abort()
            return web.Response()
        status, content = DONE if answer == DAMAGED else (200, None) if answer == NO_JSON else answer
        text = json.dumps(content).encode()
        checksum = zlib.crc32(text) + (answer == DAMAGED)
        return web.Response(body=text, status=status, headers={"x-amz-crc32": str(checksum)})


class Constant:
    async def get_frozen_credentials(self):
        return ReadOnlyCredentials("KEY", "secret", "token")


@pytest.fixture
async def table():
    table = Table()
    application = web.Application()
    application.router.add_post("/", table.answer)
    async with TestServer(application, port=0) as server:
        table.url = str(server.make_url("/")).rstrip("/")
        yield table


@pytest.fixture
async def client(table):
    async with HttpPool(table.url) as http:
        yield LeanDynamoDb(
            JsonCalls(
                http=http,
                service="dynamodb",
                target="DynamoDB_20120810",
                region="eu-central-1",
                credentials=Constant(),
                clock=SystemClock(),
            ),
            client=None,
            connections=2,
        )


@pytest.mark.parametrize("failure", [THROTTLED, BROKEN, DAMAGED, CUT, NO_JSON], ids=str)
async def test_what_may_succeed_later_is_tried_three_times(table, client, failure):
    """Like the general client; the third failure is the caller's."""
    table.answers = [failure] * 2
    assert await client.get_item(**KEY) == DONE[1]
    assert len(table.received) == 3
    table.answers = [failure] * 3
    with pytest.raises((ClientError, OSError)):
        await client.get_item(**KEY)
    assert len(table.received) == 6


@pytest.mark.parametrize("failure", [CONFLICT, CANCELLED], ids=["conflict", "cancelled"])
async def test_what_the_caller_decides_on_is_not_repeated(table, client, failure):
    """The error says what botocore's says, but no text of a visitor."""
    table.answers = [failure]
    with pytest.raises(ClientError) as raised:
        await client.transact_write_items(TransactItems=[])
    assert len(table.received) == 1
    response = raised.value.response
    assert response["Error"] == {"Code": failure[1]["__type"].partition("#")[2], "Message": ""}
    assert response.get("CancellationReasons") == failure[1].get("CancellationReasons")
    assert response["ResponseMetadata"] == {"HTTPStatusCode": 400}
    assert "visitor" not in str(response)


async def test_a_transaction_whose_answer_was_lost_happens_once(table, client):
    """Each attempt of a transaction has the token of the first one, and each transaction another."""
    table.answers = [CUT]
    await client.transact_write_items(TransactItems=[])
    await client.transact_write_items(TransactItems=[])
    first, again, second = [body["ClientRequestToken"] for _, body in table.received]
    assert first == again != second


async def test_a_call_is_signed_and_has_the_trace(table, client):
    """The trace is no part of the signature, because load balancers change it."""
    trace = Trace.parse("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8")
    with use_trace(trace):
        await client.query(TableName="table")
    [(headers, body)] = table.received
    assert body == {"TableName": "table"}
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.Query"
    assert headers["X-Amzn-Trace-Id"] == trace.header
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target," in headers["Authorization"]


async def test_bytes_are_bytes_on_both_sides(table, client):
    """The wire has base64; an attribute that is called B is no binary value."""
    item = {"payload": {"B": b"\xff\xfe\xfb"}, "B": {"S": "text"}, "map": {"M": {"B": {"N": "1"}}}}
    await client.put_item(TableName="table", Item=item)
    [(_, body)] = table.received
    assert body["Item"] == {**item, "payload": {"B": "//77"}}
    table.answers = [(200, {"Item": body["Item"]})]
    assert (await client.get_item(**KEY))["Item"] == item


async def test_calls_wait_for_a_connection(table, client):
    """A crowd of commands opens no more connections than the settings say."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*(client.get_item(**KEY) for _ in range(8)))
    assert (len(table.received), table.max_at_once) == (8, 2)


@pytest.mark.parametrize(
    ("transport", "path", "is_lean"), [("lean", "", True), ("aiobotocore", "", False), ("lean", "/stage", False)]
)
async def test_the_general_client_is_used_where_lean_calls_are_not(table, transport, path, is_lean, monkeypatch):
    """By the settings, and for an address that lean calls do not support; rare calls always go through it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    settings = AwsSettings(
        aws_endpoint_url=table.url + path,
        conversations_table="a",
        connections_table="b",
        processed_table="c",
        knowledge_bucket="d",
        websocket_endpoint="e",
    )
    async with open_aws_clients(settings) as clients:
        client = await open_dynamodb(clients, clock=SystemClock(), transport=transport)
        assert isinstance(client, LeanDynamoDb) == is_lean
        assert client.meta.service_model.service_name == "dynamodb"


@pytest.fixture
async def guarded(table, client):
    """Return a client with a breaker that the test can look at."""
    client._breaker = CircuitBreaker(replace(DYNAMODB_CIRCUITS, open_seconds=0.05))
    return client


@pytest.mark.parametrize("failure", [BROKEN, CUT], ids=str)
async def test_tables_that_do_not_answer_are_not_called_for_a_while(table, guarded, failure):
    """After five operations in a row; then one tries whether they are back."""
    table.answers = [failure] * 3 * DYNAMODB_CIRCUITS.failures
    for _ in range(DYNAMODB_CIRCUITS.failures):
        with pytest.raises((ClientError, OSError)):
            await guarded.get_item(**KEY)
    sent = len(table.received)
    with pytest.raises(DependencyDownError):
        await guarded.get_item(**KEY)
    assert len(table.received) == sent
    await asyncio.sleep(0.06)
    assert await guarded.get_item(**KEY) == DONE[1]
    await asyncio.gather(*(guarded.get_item(**KEY) for _ in range(5)))


@pytest.mark.parametrize("failure", [THROTTLED, CONFLICT, CANCELLED], ids=["throttled", "conflict", "cancelled"])
async def test_a_refusal_is_an_answer_of_the_tables(table, guarded, failure):
    """Throttles and conflicts concern one row, and say that the service works."""
    table.answers = [failure] * 3 * 3 * DYNAMODB_CIRCUITS.failures
    for _ in range(2 * DYNAMODB_CIRCUITS.failures):
        with pytest.raises(ClientError):
            await guarded.get_item(**KEY)
    assert guarded._breaker.find_state("") is CircuitState.CLOSED


async def test_an_operation_ends_in_time_whatever_its_attempts_take():
    """Three attempts without an answer would take a quarter of a minute."""

    class Silent:
        async def send(self, action, body, *, deadline_seconds):
            await asyncio.sleep(deadline_seconds)
            raise TimeoutError

    async def call():
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await LeanDynamoDb(Silent(), client=None).get_item(**KEY)
        return asyncio.get_running_loop().time() - began

    assert await asyncio.to_thread(run_turned, call()) == OPERATION_SECONDS
