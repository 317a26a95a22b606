"""Visitors' requests for a person: each counted once, found by its business while somebody waits."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.aws.conversations.conversation_index import DynamoConversationIndex
from shared.aws.conversations.handovers import DynamoHandoverStore
from shared.conversations.handover import StaffRequest
from shared.ids import new_id
from shared.messages.server import ChatFinal, ChatFinalData
from tests.contracts.stores.conftest import in_dynamodb
from tests.fakes.handovers import FakeHandovers

AT = datetime(2026, 1, 12, 12, tzinfo=UTC)


def ask(number=0, *, note="", contact=""):
    return StaffRequest(f"command{number}", AT + timedelta(minutes=number), note, contact)


@pytest.fixture(params=["memory", "dynamodb"])
def handovers(request, clock):
    """Return the fake, then the real adapter."""
    if request.param == "memory":
        return FakeHandovers(clock)
    return DynamoHandoverStore(client=request.getfixturevalue("dynamodb"), table="ConversationsTable", clock=clock)


class Interrupted:
    """A client with which something happens once between a read and a write."""

    def __init__(self, dynamodb, happen):
        self._dynamodb = dynamodb
        self._happen = happen

    async def get_item(self, **call):
        answer = await self._dynamodb.get_item(**call)
        if happen := self._happen:
            self._happen = None
            await happen()
        return answer

    async def put_item(self, **call):
        return await self._dynamodb.put_item(**call)


async def test_what_was_added_is_read_again(handovers):
    """With the words of the visitor; a conversation in which nobody asked has nothing."""
    tenant, session = new_id(), new_id()
    assert await handovers.get_handover(session) is None
    added = await handovers.add_request(tenant, session, ask(note="Zażółć\n<b>", contact="+48512345678"), waits=True)
    assert added == await handovers.get_handover(session)
    assert added.requests == (ask(note="Zażółć\n<b>", contact="+48512345678"),)
    assert (added.waiting_since, added.causes_alert("command0")) == (AT, True)
    assert await handovers.add_request(tenant, session, ask(note="Other"), waits=True) == added


async def test_who_waits_is_found_by_the_business(handovers):
    """The longest wait first, until staff take care of it; other businesses see nothing."""
    tenant, first, second, answered = new_id(), new_id(), new_id(), new_id()
    await handovers.add_request(tenant, second, ask(2), waits=True)
    await handovers.add_request(tenant, first, ask(1), waits=True)
    await handovers.add_request(tenant, first, ask(3), waits=True)
    await handovers.add_request(tenant, answered, ask(), waits=False)
    await handovers.add_request(new_id(), new_id(), ask(), waits=True)
    assert await handovers.list_waiting(tenant, limit=10) == [first, second]
    assert await handovers.list_waiting(tenant, limit=1) == [first]
    for _ in range(2):
        await handovers.end_wait(first, by="Ola")
        assert await handovers.list_waiting(tenant, limit=10) == [second]
    ended = await handovers.get_handover(first)
    assert (ended.cleared_by, len(ended.requests)) == ("Ola", 2)
    await handovers.add_request(tenant, first, ask(5), waits=True)
    assert await handovers.list_waiting(tenant, limit=10) == [second, first]


async def test_nobody_waits_in_a_conversation_without_requests(handovers):
    """Nothing is written."""
    session = new_id()
    await handovers.end_wait(session, by="Ola")
    assert await handovers.get_handover(session) is None


async def test_requests_at_once_are_all_kept_and_alert_once(handovers):
    """Two tabs, or a worker and its successor."""
    tenant, session = new_id(), new_id()
    added = await asyncio.gather(
        *(handovers.add_request(tenant, session, ask(number % 4), waits=True) for number in range(6))
    )
    handover = await handovers.get_handover(session)
    assert sorted(one.command_id for one in handover.requests) == [f"command{number}" for number in range(4)]
    alerts = {f"command{number}" for number in range(4) for one in added if one.causes_alert(f"command{number}")}
    assert alerts == {handover.alerted_for}


async def test_the_row_is_neither_a_frame_nor_an_audit_entry(dynamodb, emulator, clock):
    """Readers of the conversation do not meet it; it says whose the session is, and is deleted with it."""
    tenant, session = new_id(), new_id()
    stores = in_dynamodb(clock, dynamodb, emulator.client("dynamodb"))
    handovers = DynamoHandoverStore(client=dynamodb, table="ConversationsTable", clock=clock)
    index = DynamoConversationIndex(client=dynamodb, table="ConversationsTable")
    await handovers.add_request(tenant, session, ask(), waits=True)
    assert (await stores.conversations.get_tail(session, 10)).frames == []
    assert list(stores.sessions.read_frames_after(session, 0)) == []
    assert await index.belongs_to_tenant(tenant, session)
    midnight = clock.now().replace(hour=0)
    days = await index.list_conversations(tenant, midnight - timedelta(days=9), midnight + timedelta(days=9), limit=9)
    assert days.summaries == []
    claim = await stores.claims.claim(new_id(), fingerprint="f", lease=timedelta(seconds=30))
    frame = ChatFinal(data=ChatFinalData(text="Hello"))
    stored = await stores.conversations.append(session, frame, claim=claim, marker="outcome", tenant=tenant)
    assert stored.seq == 1
    row = (
        await dynamodb.query(
            TableName="ConversationsTable",
            KeyConditionExpression="session_id = :session AND seq = :zero",
            ExpressionAttributeValues={":session": {"S": session}, ":zero": {"N": "0"}},
        )
    )["Items"][0]
    assert row["expires_at"]["N"] == str(int((clock.now() + timedelta(days=90)).timestamp()))


async def test_an_erased_row_is_not_written_again(dynamodb, clock):
    """Staff clear a mark while somebody erases the conversation: nothing comes back."""
    tenant, session = new_id(), new_id()

    async def erase():
        key = {"session_id": {"S": session}, "seq": {"N": "0"}}
        await dynamodb.delete_item(TableName="ConversationsTable", Key=key)

    kept = DynamoHandoverStore(client=dynamodb, table="ConversationsTable", clock=clock)
    await kept.add_request(tenant, session, ask(contact="+48512345678"), waits=True)
    await DynamoHandoverStore(client=Interrupted(dynamodb, erase), table="ConversationsTable", clock=clock).end_wait(
        session, by="Ola"
    )
    assert await kept.get_handover(session) is None


@pytest.mark.parametrize("before", [False, True])
async def test_a_write_in_between_is_not_lost(dynamodb, clock, before):
    """Whether the row existed or not: the later write starts again from the newer row."""
    tenant, session = new_id(), new_id()
    store = DynamoHandoverStore(client=dynamodb, table="ConversationsTable", clock=clock)
    if before:
        await store.add_request(tenant, session, ask(0), waits=True)

    async def write():
        await store.add_request(tenant, session, ask(1, note="One"), waits=True)

    late = DynamoHandoverStore(client=Interrupted(dynamodb, write), table="ConversationsTable", clock=clock)
    added = await late.add_request(tenant, session, ask(2, note="Two"), waits=True)
    assert [one.note for one in added.requests if one.note] == ["One", "Two"]
    assert added == await store.get_handover(session)
    assert not added.causes_alert("command2")
