"""That every call of a worker's clients names the trace of what the worker is at."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.aws.clients import Credentials, open_aws_clients
from shared.settings import AwsSettings
from shared.trace import Trace, use_trace

ONE = Trace("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", sampled=True)
OTHER = Trace("1-67891233-abcdef012345678912345678")
CALLS = {
    "apigatewaymanagementapi": lambda client: client.post_to_connection(ConnectionId="tab=", Data=b"{}"),
    "bedrock-runtime": lambda client: client.converse(modelId="model", messages=[]),
    "dynamodb": lambda client: client.get_item(TableName="table", Key={"key": {"S": "1"}}),
    "sqs": lambda client: client.delete_message(QueueUrl="http://queue", ReceiptHandle="receipt"),
}


@pytest.fixture
async def neighbour():
    """Return an address that answers every call, and the headers of those calls."""
    received = []

    async def answer(request):
        received.append(request.headers)
        return web.json_response({})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        yield str(server.make_url("/")).rstrip("/"), received


@pytest.fixture
async def client_of(neighbour):
    """Return a function that opens a client as a worker does."""
    address, _ = neighbour
    settings = AwsSettings(
        aws_endpoint_url=address,
        conversations_table="conversations",
        connections_table="connections",
        processed_table="processed",
        knowledge_bucket="knowledge",
        websocket_endpoint=address,
    )
    async with open_aws_clients(settings) as clients:
        yield lambda service: clients.open_client(
            service, endpoint_url=address, attempts=1, credentials=Credentials("key", "secret")
        )


@pytest.mark.parametrize("service", CALLS)
async def test_a_call_names_the_current_trace(neighbour, client_of, service):
    """Replies above all, but whatever a delivery makes a worker ask; unsigned, because proxies change it."""
    _, received = neighbour
    client, call = await client_of(service), CALLS[service]

    with use_trace(ONE):
        await call(client)
    await call(client)

    named, unnamed = received
    assert named.getall("X-Amzn-Trace-Id") == [ONE.header]
    assert "x-amzn-trace-id" not in named["Authorization"]
    assert "X-Amzn-Trace-Id" not in unnamed


async def test_calls_side_by_side_name_each_their_own(neighbour, client_of):
    """One client serves every delivery of a pool."""
    _, received = neighbour
    client = await client_of("dynamodb")

    async def delivery(trace, key):
        with use_trace(trace):
            await asyncio.sleep(0)
            await client.get_item(TableName=key, Key={"key": {"S": key}})

    await asyncio.gather(delivery(ONE, "one"), delivery(OTHER, "other"))

    assert {headers["X-Amzn-Trace-Id"] for headers in received} == {ONE.header, OTHER.header}


async def test_the_messages_trace_counts_more_than_the_invocations(neighbour, client_of, monkeypatch):
    """On Lambda botocore would name the invocation, which may stand for ten visitors' messages."""
    _, received = neighbour
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "chat")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", OTHER.header)
    client = await client_of("dynamodb")

    with use_trace(ONE):
        await CALLS["dynamodb"](client)
    await CALLS["dynamodb"](client)

    assert [headers["X-Amzn-Trace-Id"] for headers in received] == [ONE.header, OTHER.header]
