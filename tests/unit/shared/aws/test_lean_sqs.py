"""The lean transport: who signs its calls, where they go, and over which connections."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import CredentialRetrievalError

from shared.aws.clients import open_aws_clients
from shared.aws.http_pool import HttpPool
from shared.aws.json_calls import supports_lean_calls
from shared.aws.lean_sqs import LeanSqsQueue, SqsCalls, open_lean_sqs_queue
from shared.aws.queue_connector import open_queue
from shared.aws.sqs import SqsQueue
from shared.consumer.delivery import Delivery, VisibilityChange
from shared.errors import TransientError
from shared.settings import AwsSettings, PoolSettings
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
DELIVERY = Delivery("m1", "r1", "body")


class Rotating:
    """Credentials as an `AioCredentials` gives them out; each call gets the next ones, the last ones stay."""

    def __init__(self, *found):
        self.found = list(found)

    async def get_frozen_credentials(self):
        await asyncio.sleep(0)
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
async def neighbour():
    """Return an address that answers like SQS with an empty queue, and the requests that it got."""
    received = []

    async def answer(request):
        call = await request.json()
        received.append((request, call))
        done = [{"Id": entry["Id"]} for entry in call.get("Entries", ())]
        if call.get("WaitTimeSeconds"):
            await asyncio.sleep(2 * DEADLINE_SECONDS)
        return web.json_response({"Successful": done} if done else {})

    application = web.Application()
    application.router.add_post("/", answer)
    async with TestServer(application, port=0) as server:
        yield str(server.make_url("/")).rstrip("/"), received


@pytest.fixture
async def queue_with(neighbour):
    """Return a function that makes a queue with these credentials."""
    address, _ = neighbour
    async with HttpPool(address) as polls, HttpPool(address) as calls:

        def make(credentials):
            signing = {"region": "eu-central-1", "credentials": credentials, "clock": FakeClock(NOW)}
            return LeanSqsQueue(
                lean_polls=SqsCalls(http=polls, **signing),
                lean_calls=SqsCalls(http=calls, **signing),
                client=None,
                url=f"{address}/000000000000/chat.fifo",
                dead_letter_url=f"{address}/000000000000/dead.fifo",
            )

        yield make


async def receive(queue, wait=0):
    return await queue.receive(max_messages=10, wait_seconds=wait, visibility_seconds=30, attempt_id="one")


async def test_refreshed_credentials_sign_the_next_call(neighbour, queue_with):
    """A role's keys change while the pool runs; nothing keeps the old ones."""
    _, received = neighbour
    queue = queue_with(Rotating(ReadOnlyCredentials("OLD", "s", "token 1"), ReadOnlyCredentials("NEW", "t", "token 2")))
    await receive(queue)
    await queue.delete([DELIVERY])
    await queue.change_visibility([VisibilityChange(DELIVERY, 5)])
    keys = [request.headers["Authorization"].partition("Credential=")[2].partition("/")[0] for request, _ in received]
    assert keys == ["OLD", "NEW", "NEW"]
    assert [request.headers["X-Amz-Security-Token"] for request, _ in received] == ["token 1", "token 2", "token 2"]


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        Rotating(CredentialRetrievalError(provider="container-role", error_msg="unreachable")),
        Rotating(RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")),
    ],
    ids=["none", "unreachable", "expired"],
)
async def test_without_credentials_it_is_tried_again(neighbour, queue_with, credentials):
    """As through botocore: the role may be there in a minute, and no message is to blame. Nothing goes out unsigned."""
    _, received = neighbour
    queue = queue_with(credentials)
    for call in (receive(queue), queue.delete([DELIVERY]), queue.change_visibility([VisibilityChange(DELIVERY, 5)])):
        with pytest.raises(TransientError):
            await call
    assert received == []


async def test_credentials_that_never_come_end_the_call(neighbour, queue_with, monkeypatch):
    """A provider that hangs is no reason to wait longer than a call may take."""

    class Hanging:
        async def get_frozen_credentials(self):
            await asyncio.sleep(2 * DEADLINE_SECONDS)

    monkeypatch.setattr("shared.aws.lean_sqs.CALL_DEADLINE_SECONDS", 0.05)
    with pytest.raises(TransientError):
        await asyncio.wait_for(queue_with(Hanging()).delete([DELIVERY]), DEADLINE_SECONDS)


async def test_what_is_asked(neighbour, queue_with):
    """The three calls as SQS reads them."""
    address, received = neighbour
    queue = queue_with(Rotating(ReadOnlyCredentials("KEY", "secret", None)))
    await receive(queue)
    await queue.delete([DELIVERY, DELIVERY])
    await queue.change_visibility([VisibilityChange(DELIVERY, 5)])
    url = f"{address}/000000000000/chat.fifo"
    assert [call for _, call in received] == [
        {
            "QueueUrl": url,
            "MaxNumberOfMessages": 10,
            "WaitTimeSeconds": 0,
            "VisibilityTimeout": 30,
            "MessageSystemAttributeNames": [
                "ApproximateReceiveCount",
                "MessageGroupId",
                "SentTimestamp",
                "AWSTraceHeader",
            ],
            "MessageAttributeNames": ["reason", "error", "attempts", "queue", "group", "message_id"],
            "ReceiveRequestAttemptId": "one",
        },
        {"QueueUrl": url, "Entries": [{"Id": "0", "ReceiptHandle": "r1"}, {"Id": "1", "ReceiptHandle": "r1"}]},
        {"QueueUrl": url, "Entries": [{"Id": "0", "ReceiptHandle": "r1", "VisibilityTimeout": 5}]},
    ]
    assert [request.headers["X-Amz-Target"] for request, _ in received] == [
        "AmazonSQS.ReceiveMessage",
        "AmazonSQS.DeleteMessageBatch",
        "AmazonSQS.ChangeMessageVisibilityBatch",
    ]
    assert {request.headers["X-Amz-Date"] for request, _ in received} == {"20260112T120000Z"}
    assert {request.headers["Host"] for request, _ in received} == {address.removeprefix("http://")}


async def test_calls_one_after_the_other_share_a_connection(neighbour, queue_with):
    """A handshake for every message would cost more than the call."""
    _, received = neighbour
    queue = queue_with(Rotating(ReadOnlyCredentials("KEY", "secret", None)))
    for _ in range(5):
        await queue.delete([DELIVERY])
    assert len({request.transport for request, _ in received}) == 1


async def test_calls_side_by_side_wait_for_none(neighbour, queue_with):
    """However many long polls are open, a settlement goes out at once, and so does another poll."""
    _, received = neighbour
    queue = queue_with(Rotating(ReadOnlyCredentials("KEY", "secret", None)))
    polls = [asyncio.create_task(receive(queue, wait=20)) for _ in range(20)]
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(received) < 20:
                await asyncio.sleep(0.005)
            assert await queue.delete([DELIVERY]) == []
    finally:
        for poll in polls:
            poll.cancel()
        await asyncio.wait(polls)


@pytest.fixture
def environment(monkeypatch):
    """Return a function that sets proxies; without it there are none."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch.setenv


@pytest.mark.parametrize(
    ("variables", "url", "needed"),
    [
        ({}, "https://sqs.eu-central-1.amazonaws.com", False),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://sqs.eu-central-1.amazonaws.com", True),
        ({"https_proxy": "http://proxy:3128"}, "https://sqs.eu-central-1.amazonaws.com", True),
        ({"HTTP_PROXY": "http://proxy:3128"}, "https://sqs.eu-central-1.amazonaws.com", False),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://localstack:4566", True),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".amazonaws.com"}, "https://sqs.x.amazonaws.com", False),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "127.0.0.1,localhost"}, "http://127.0.0.1:4566", False),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, "http://localstack:4566", False),
    ],
)
def test_a_proxy_is_seen(environment, variables, url, needed):
    """Where the environment names one for this address and does not except it."""
    for name, value in variables.items():
        environment(name, value)
    assert supports_lean_calls(url) is not needed


def settings_for(address):
    return AwsSettings(
        aws_endpoint_url=address,
        conversations_table="conversations",
        connections_table="connections",
        processed_table="processed",
        knowledge_bucket="knowledge",
        websocket_endpoint=address,
    )


@pytest.mark.parametrize(
    ("transport", "proxy", "kind"),
    [("lean", None, LeanSqsQueue), ("aiobotocore", None, SqsQueue), ("lean", "http://proxy:3128", SqsQueue)],
)
async def test_the_settings_choose_the_transport(environment, neighbour, transport, proxy, kind):
    """Behind a proxy it is always botocore's, which knows how to use one."""
    address, _ = neighbour
    environment("AWS_ACCESS_KEY_ID", "KEY")
    environment("AWS_SECRET_ACCESS_KEY", "secret")
    environment("NO_PROXY", "")
    if proxy:
        environment("HTTP_PROXY", proxy)
    async with open_aws_clients(settings_for(address)) as clients:
        queue = await open_queue(
            clients,
            url=f"{address}/000000000000/chat.fifo",
            dead_letter_url=f"{address}/000000000000/dead.fifo",
            clock=FakeClock(NOW),
            settings=PoolSettings(transport=transport),
        )
        assert type(queue) is kind
        assert (queue.name, queue.is_fifo) == ("chat.fifo", True)


async def test_a_queue_closes_its_connections(environment, neighbour):
    """Its connections end with the `async with`, and it is signed with what botocore found."""
    address, received = neighbour
    environment("AWS_ACCESS_KEY_ID", "FOUND")
    environment("AWS_SECRET_ACCESS_KEY", "secret")
    async with open_aws_clients(settings_for(address)) as clients:
        client = await clients.open_client("sqs")
        opened = open_lean_sqs_queue(
            client,
            credentials=await clients.get_credentials(),
            clock=FakeClock(NOW),
            url=f"{address}/000000000000/chat.fifo",
            dead_letter_url=f"{address}/000000000000/dead.fifo",
        )
        async with opened as queue:
            assert await queue.delete([DELIVERY]) == []
            ((request, call),) = received
            assert "Credential=FOUND/20260112/eu-central-1/sqs/" in request.headers["Authorization"]
            assert json.loads(await request.text()) == call
        async with asyncio.timeout(DEADLINE_SECONDS):
            while request.transport is not None and not request.transport.is_closing():
                await asyncio.sleep(0.005)
