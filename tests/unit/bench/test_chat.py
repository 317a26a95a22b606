"""The harness of `make bench-chat`: arithmetic, tables with the real stores, model with a real client."""

import asyncio
import itertools
import json
import math
import random
from datetime import timedelta
from types import SimpleNamespace

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from bench.chat.clock import find_percentile
from bench.chat.expressions import Given, parse_condition, parse_update
from bench.chat.marks import MarkBook, Marks, list_ours_ms, write_question
from bench.chat.model import ModelStub, Pace
from bench.chat.services import ManagementStub, serve
from bench.chat.tables import RefusedCallError, Tables
from bench.chat.visitors import converse_at_once
from shared.aws.claims import DynamoClaimStore
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.http_pool import Answer
from shared.aws.lean_dynamodb import LeanDynamoDb
from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.claims import Busy, Claim, Done, Mismatch
from shared.messages.server import ChatSent, ChatSentData, Usage
from shared.spending.values import CallKey, CallResult, Cap, Reservation, Reserved
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.clock import FakeClock

LEASE = timedelta(seconds=30)


def build_client(tables):
    """Return the worker's own client on tables in this process."""

    async def send(action, body, *, deadline_seconds):
        await asyncio.sleep(0)
        try:
            return Answer(200, {}, json.dumps(tables.carry_out(action, json.loads(body))).encode(), keep_alive=True)
        except RefusedCallError as error:
            response = {"Error": {"Code": error.code}, "ResponseMetadata": {"HTTPStatusCode": 400}, **error.fields}
            raise ClientError(response, action) from error

    return LeanDynamoDb(SimpleNamespace(send=send), None)


def test_the_models_own_time_is_not_ours():
    """Ours is the time to the first delta without what the model took from the request to its first words."""
    marks = Marks(1, frame_in=100, asked=130, first_token=430, first_delta=441)
    assert marks.ours_ms == 41
    assert list_ours_ms([marks, Marks(2, frame_in=100)]) == [41]


def test_percentiles_are_values_that_were_measured():
    """A percentile is the smallest value that so many do not exceed."""
    values = [float(value) for value in random.Random(1).sample(range(1, 101), 100)]
    for percent, expected in ((50, 50), (95, 95), (99.5, 100), (100, 100), (0, 1)):
        assert find_percentile(values, percent) == expected, percent
    assert math.isnan(find_percentile([], 50))


def test_expressions():
    """Conditions and updates mean what they mean in DynamoDB."""
    item = {"a": {"N": "9"}, "b": {"S": "x"}}
    given = Given({"#a": "a"}, {":nine": {"N": "9.0"}, ":ten": {"N": "10"}, ":x": {"S": "x"}})
    for text, expected in (
        ("#a = :nine AND b = :x", True),
        ("#a < :ten", True),
        ("#a > :ten OR attribute_not_exists(c)", True),
        ("(attribute_not_exists(c) OR c = :x) AND attribute_not_exists(b)", False),
        ("c < :ten", False),
        ("#a BETWEEN :nine AND :ten", True),
        ("#a BETWEEN :ten AND :ten", False),
        ("b <> :x", False),
        ("b IN (:ten, :x)", True),
        ("c IN (:ten, :x)", False),
        ("begins_with(b, :x)", True),
        ("begins_with(c, :x)", False),
    ):
        assert parse_condition(text)(item, given) is expected, text
    changed = parse_update("SET c = :x, b = if_not_exists(b, :ten) REMOVE d ADD #a :ten, e :ten")(item, given)
    assert item == {"a": {"N": "19"}, "b": {"S": "x"}, "c": {"S": "x"}, "e": {"N": "10"}}
    assert changed == item
    parse_update("SET a = a - :ten, f = e + :ten")(item, given)
    assert (item["a"], item["f"]) == ({"N": "9"}, {"N": "20"})
    for text in ("size(a) < :ten", "a IN :ten"):
        with pytest.raises((ValueError, IndexError)):
            parse_condition(text)


async def test_the_real_stores_work_on_the_tables():
    """Claims, frames and reservations keep their promises, so that no message of the benchmark takes a shortcut."""
    tables, clock = Tables(), FakeClock()
    client = build_client(tables)
    claims = DynamoClaimStore(client=client, table="ProcessedTable", clock=clock)
    conversations = DynamoConversationStore(
        client=client, table="ConversationsTable", processed_table="ProcessedTable", clock=clock
    )
    claim = await claims.claim("key", fingerprint="f", lease=LEASE)
    assert isinstance(claim, Claim)
    assert claim.is_first
    assert isinstance(await claims.claim("key", fingerprint="f", lease=LEASE), Busy)
    assert isinstance(await claims.claim("key", fingerprint="g", lease=LEASE), Mismatch)
    frame = ChatSent(re="c1", data=ChatSentData(text="hello"))
    for number, marker in enumerate(("sent", "outcome"), 1):
        stored = await conversations.append_in_steps("s1", frame, claim=claim, marker=marker)
        assert stored.seq == number
    assert isinstance(await claims.claim("key", fingerprint="f", lease=LEASE), Done)
    assert [one.seq for one in (await conversations.get_tail("s1", 40)).frames] == [1, 2]
    await check_spending(DynamoSpendingStore(client=client, table="UsageTable", clock=clock), tables, clock.now())


async def check_spending(store, tables, now):
    """A cap refuses without a trace, and what was reserved is settled once."""
    caps = dict.fromkeys(Cap, 150)

    def build_reservation(number):
        key = CallKey("key", 1, number)
        expires = now + timedelta(minutes=15)
        return Reservation("salon", f"s{number}", key, "model", now.date(), 100, now, expires, "address")

    reserved = await store.reserve(build_reservation(1), caps)
    assert isinstance(reserved, Reserved)
    assert await store.reserve(build_reservation(2), caps) in {Cap.DAY, Cap.MONTH, Cap.ADDRESS}
    result = CallResult(Usage(output_tokens=1), 60, "end_turn", 900)
    assert await store.settle(reserved.reservation, result)
    assert not await store.settle(reserved.reservation, result)
    rows = {item["day"]["S"].rpartition("#")[0]: item for item in tables.list_items("UsageTable")}
    assert rows["cap#month"]["committed"] == {"N": "60"}


async def test_the_model_streams_to_a_real_client_and_notes_when_it_began():
    """The first words come after the scripted time, and all of them in order."""
    book = MarkBook()
    marks = book.open_marks()
    async with serve(ModelStub(book, Pace(first_token_ms=20, events=3, events_per_second=1000)).handle) as url:
        client = get_session().create_client(
            "bedrock-runtime",
            endpoint_url=url,
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=AioConfig(retries={"total_max_attempts": 1}),
        )
        async with client as bedrock:
            question = {"role": "user", "content": [{"text": write_question(marks.number)}]}
            answer = await bedrock.converse_stream(modelId="eu.model", messages=[question])
            events = [event async for event in answer["stream"]]
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        *["contentBlockDelta"] * 3,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert 20 <= marks.first_token - marks.asked < DEADLINE_SECONDS * 1000


async def test_posted_frames_are_heard_by_the_connection_that_they_are_for():
    """The management endpoint gives each frame to the listener, with the id of its connection."""
    heard = []
    stub = ManagementStub(lambda connection, frame: heard.append((connection, frame["type"])))
    async with serve(stub.handle) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = b'{"type": "chat.delta"}'
        writer.write(b"POST /live/@connections/tab%%3D HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
        writer.close()
        await writer.wait_closed()
    assert heard == [("tab=", "chat.delta")]


async def test_each_conversation_asks_again_after_its_answer():
    """Never more messages wait than there are conversations, and each has marks of its own."""
    waiting, max_waiting = 0, 0

    async def ask(_visitor, marks):
        nonlocal waiting, max_waiting
        waiting += 1
        max_waiting = max(max_waiting, waiting)
        await asyncio.sleep(0)
        waiting -= 1

    # A millisecond passes with each look at the clock: at 0 the end is set, and after that come nine messages.
    asked = await converse_at_once(
        ask,
        MarkBook(),
        conversations=3,
        seconds=0.010,
        chance=SimpleNamespace(uniform=lambda _low, _high: 0),
        first_visitor=1,
        read_time_ms=itertools.count().__next__,
    )
    assert max_waiting == 3
    assert len(asked) == 9
    assert len({marks.number for marks in asked}) == len(asked)
