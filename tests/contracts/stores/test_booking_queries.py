"""The assistant asks booking: on the fake, and by a queue and a table, in memory and emulated."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from shared.answers import QueryAnswers
from shared.aws.query_answers import DynamoQueryAnswers
from shared.aws.sqs import SqsInternalCommandQueue
from shared.claims import Claim
from shared.errors import TransientError
from shared.ids import new_id
from shared.messages.answers import FreeStart, TimesAnswer, VisitsAnswer, VisitState
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND, TimesQuery, VisitsQuery
from shared.retention import QUERY_ANSWER_RETENTION, compute_expiry
from tests.contracts.stores.claiming import take
from tests.contracts.stores.template import create_queue
from tests.fakes.booking_queries import FakeBookingQueries
from tests.fakes.clock import FakeClock
from tests.fakes.envelopes import command_body
from tests.fakes.internal_commands import FakeCommands
from tests.fakes.query_answers import FakeAnswers
from workers.chat.adapters.queued_queries import QueuedBookingQueries
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.tool import ToolContext

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
TIMES = TimesAnswer(times=(FreeStart(service="massage", start=NOON),), has_more=True)
VISITS = VisitsAnswer(visits=(VisitState(state="held", service="massage", start=NOON, end=NOON),))
ASK_TIMES = TimesQuery(service="massage", from_day=date(2026, 1, 13), days=2)
SOON = 0.4


class Fake:
    """The fake, which plays the answers."""

    def __init__(self, *answers):
        self.queries = FakeBookingQueries(*answers)

    def asked(self):
        return self.queries.asked


class Queued:
    """The adapter, and a booking worker that gives the answers."""

    def __init__(self, answers, commands, table, receive):
        self.queries = QueuedBookingQueries(commands=commands, answers=table, clock=FakeClock(NOON))
        self._answers, self._table, self._receive = list(answers), table, receive
        self._asked = []
        self.answering = asyncio.create_task(self._answer_messages())

    async def _answer_messages(self):
        while self._answers:
            for body in await self._receive():
                command = BOOKING_COMMAND.validate_json(body)
                self._asked.append(command)
                if (answer := self._answers.pop(0)) is not None:
                    await self._table.put(command.id, answer)
            await asyncio.sleep(0.01)

    def asked(self):
        assert all(command.accepted_at == NOON for command in self._asked)
        assert {(command.tenant, command.session_id) for command in self._asked} <= {("salon", "session")}
        return [command.data for command in self._asked]


def on_queue_in_memory(answers):
    commands = FakeCommands()

    async def receive():
        return [command.model_dump_json() for command in commands.drain()]

    return Queued(answers, commands, FakeAnswers(), receive)


@pytest.fixture
def on_emulator(emulator, sqs, dynamodb):
    client = emulator.client("sqs")
    url = create_queue(client, "BookingQueue", name=new_id())

    def receive_now():
        found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
        assert all(
            message["Attributes"]["MessageGroupId"].startswith("query#") for message in found.get("Messages", ())
        )
        return [message["Body"] for message in found.get("Messages", ())]

    def build(answers):
        table = DynamoQueryAnswers(client=dynamodb, table="ProcessedTable", clock=FakeClock(NOON))
        commands = SqsInternalCommandQueue(calls=sqs, url=url)
        return Queued(answers, commands, table, lambda: asyncio.to_thread(receive_now))

    return build


@pytest.fixture(params=["fake", "memory", "emulator"])
def side(request):
    kinds = {"fake": lambda answers: Fake(*answers), "memory": on_queue_in_memory}
    build = kinds.get(request.param) or request.getfixturevalue("on_emulator")
    workers = []

    def build_side(*answers):
        built = build(answers)
        if isinstance(built, Queued):
            workers.append(built.answering)
        return built

    yield build_side
    for worker in workers:
        worker.cancel()


def context(seconds=60.0, call_id=None):
    command = CHAT_COMMAND.validate_json(command_body(new_id(), session="session", tenant="salon", text="Free?"))
    now = asyncio.get_running_loop().time()
    return ToolContext(command, None, NOON, Deadline(now + seconds), call_id or new_id())


async def test_an_answer_comes_back_to_its_question(side):
    """Each of several, in the order in which they are asked."""
    booking = side(TIMES, VISITS)
    assert await booking.queries.ask(ASK_TIMES, context()) == TIMES
    assert await booking.queries.ask(VisitsQuery(), context()) == VISITS
    assert booking.asked() == [ASK_TIMES, VisitsQuery()]


async def test_nothing_is_waited_for_beyond_the_deadline(side):
    """An answer that does not come is none, at that moment."""
    booking = side(None, None)
    began = asyncio.get_running_loop().time()
    assert await booking.queries.ask(ASK_TIMES, context(SOON)) is None
    assert SOON - 0.05 <= asyncio.get_running_loop().time() - began < SOON + 1.0


async def test_nothing_is_asked_shortly_before_the_deadline(side):
    """No answer would come in time."""
    booking = side(TIMES)
    assert await booking.queries.ask(ASK_TIMES, context(0.01)) is None
    assert await booking.queries.ask(ASK_TIMES, context(-5)) is None
    assert booking.asked() == []


class OnTable:
    def __init__(self, client):
        self.client = client
        self.table = DynamoQueryAnswers(client=client, table="ProcessedTable", clock=FakeClock(NOON))


@pytest.fixture(params=["memory", "dynamodb"])
def table(request) -> QueryAnswers:
    return FakeAnswers() if request.param == "memory" else OnTable(request.getfixturevalue("dynamodb")).table


async def test_an_answer_is_found_by_the_id_of_its_query(table):
    """At once; a later one replaces it, and no other query finds it."""
    query_id = new_id()
    assert await table.find(query_id) is None
    await table.put(query_id, TIMES)
    assert await table.find(query_id) == TIMES
    await table.put(query_id, VISITS)
    assert await table.find(query_id) == VISITS
    assert await table.find(f"{query_id}0") is None


async def test_an_answer_is_no_record_of_a_command(stores, dynamodb):
    """Its query can be claimed; the row ends soon, and says nothing but the answer."""
    query_id = new_id()
    await OnTable(dynamodb).table.put(query_id, TIMES)
    key = {"command_key": {"S": f"answer#{query_id}"}}
    item = (await dynamodb.get_item(TableName="ProcessedTable", Key=key))["Item"]
    assert item.keys() == {"command_key", "answer", "expires_at"}
    assert int(item["expires_at"]["N"]) == compute_expiry(NOON, QUERY_ANSWER_RETENTION)
    claim = await take(stores.claims, query_id)
    assert isinstance(claim, Claim)
    assert claim.is_first


async def test_an_answer_that_cannot_be_read_is_none(dynamodb):
    """Of another release, or damaged: the assistant does not know."""
    on = OnTable(dynamodb)
    for text in ("", "{", "[]", '{"about": "prices"}', '{"about": "times", "times": [{"service": "x"}]}', "[" * 9000):
        query_id = new_id()
        item = {"command_key": {"S": f"answer#{query_id}"}, "answer": {"S": text or " "}}
        await dynamodb.put_item(TableName="ProcessedTable", Item=item)
        assert await on.table.find(query_id) is None, text


async def test_a_failing_queue_or_table_is_no_answer():
    """The assistant says that it does not know; a read that fails is not waited for."""
    commands, answers = FakeCommands(), FakeAnswers()
    queries = QueuedBookingQueries(commands=commands, answers=answers, clock=FakeClock(NOON))
    commands.errors.append(TransientError("queue"))
    assert await queries.ask(ASK_TIMES, context()) is None
    answers.errors.append(TransientError("table"))
    assert await queries.ask(ASK_TIMES, context()) is None
