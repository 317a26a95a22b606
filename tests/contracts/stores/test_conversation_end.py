"""The end of a conversation: what it said is gone, and nobody stores anything in it any more."""

import asyncio
from datetime import timedelta

import pytest

from shared.aws.conversations.conversation_index import DynamoConversationIndex
from shared.aws.conversations.handovers import DynamoHandoverStore
from shared.aws.items import from_item
from shared.conversations.handover import StaffRequest
from shared.conversations.judgements import Judgement
from shared.conversations.takeover import ConversationAuditEntry
from shared.errors import ConversationEndedError
from shared.ids import new_id
from shared.messages.server import SERVER_FRAME, ChatFinal, ChatFinalData, ChatSent, ChatSentData, SessionEnded
from tests.contracts.stores.conftest import in_dynamodb

LEASE = timedelta(seconds=30)
END = SessionEnded(re="e1")


def sent(text="Hello"):
    return ChatSent(re="c1", data=ChatSentData(text=text))


def final(text="Answer"):
    return ChatFinal(re="c1", data=ChatFinalData(text=text))


@pytest.fixture
def session():
    return new_id()


async def take(stores, key=None):
    return await stores.claims.claim(key or new_id(), fingerprint="print", lease=LEASE)


async def add_messages(stores, session, count=3):
    for number in range(count):
        await stores.conversations.append(
            session, sent(f"Message {number}"), claim=await take(stores), marker="sent", tenant="salon-ania"
        )


async def end(stores, session):
    frame = await stores.erasure.end_conversation(session, END)
    await stores.erasure.erase_frames(session)
    return frame


async def test_an_erased_conversation_has_its_end_only(stores, session):
    """A client that says hello gets the end, and a worker finds no frame."""
    await add_messages(stores, session)
    frame = await end(stores, session)

    assert frame == END.with_seq(4)
    texts = list(stores.sessions.read_frames_after(session, 0))
    [stored] = [SERVER_FRAME.validate_json(text) for text in texts]
    assert stored.model_copy(update={"at": None}) == frame
    tail = await stores.conversations.get_tail(session, 10)
    assert (list(tail.frames), tail.is_ended) == ([], True)
    assert await stores.conversations.get_frame(session, 2) is None
    before = await stores.conversations.get_tail(session, 10, before_seq=4)
    assert (list(before.frames), dict(before.judgements)) == ([], {})


async def test_the_end_is_written_once(stores, session):
    """Another attempt gets the first end, and erases what the first has left."""
    await add_messages(stores, session)
    first = await stores.erasure.end_conversation(session, END)
    assert await stores.erasure.end_conversation(session, SessionEnded(re="e2")) == first
    for _ in range(2):
        await stores.erasure.erase_frames(session)
    assert await stores.erasure.end_conversation(session, SessionEnded(re="e3")) == first


async def test_a_conversation_without_frames_can_end(stores, session):
    """Its visitor has said nothing yet."""
    assert (await end(stores, session)).seq == 1
    assert (await stores.conversations.get_tail(session, 1)).is_ended


async def test_nothing_is_stored_after_the_end(stores, session):
    """Whichever way a frame is stored, and although its writer has read the conversation before the end."""
    await add_messages(stores, session)
    tail = await stores.conversations.get_tail(session, 1)
    await end(stores, session)
    conversations = stores.conversations

    with pytest.raises(ConversationEndedError):
        await conversations.append(session, final(), claim=await take(stores), marker="outcome")
    with pytest.raises(ConversationEndedError):
        await conversations.append_in_steps(session, final(), claim=await take(stores), marker="outcome", after=tail)
    ended = await conversations.get_tail(session, 1)
    with pytest.raises(ConversationEndedError):
        await conversations.append_in_steps(session, final(), claim=await take(stores), marker="outcome", after=ended)
    assert len(list(stores.sessions.read_frames_after(session, 0))) == 1


async def test_an_answer_that_was_begun_long_before_the_end_is_not_stored(session, emulator, dynamodb, clock):
    """Its number was free when it was read, has been another frame's since, and that one is erased."""
    stores = in_dynamodb(clock, dynamodb, emulator.client("dynamodb"))
    await add_messages(stores, session, 1)
    tail = await stores.conversations.get_tail(session, 1)
    await add_messages(stores, session, 3)
    await end(stores, session)

    with pytest.raises(ConversationEndedError):
        await stores.conversations.append_in_steps(
            session, final(), claim=await take(stores), marker="outcome", after=tail
        )
    assert len(list(stores.sessions.read_frames_after(session, 0))) == 1


async def test_a_frame_and_the_end_at_once(session, emulator, dynamodb, clock):
    """Either the frame came first and is erased, or it is not stored."""
    stores = in_dynamodb(clock, dynamodb, emulator.client("dynamodb"))
    await add_messages(stores, session, 1)
    claims = [await take(stores) for _ in range(4)]

    async def store(claim):
        try:
            await stores.conversations.append_in_steps(session, final(), claim=claim, marker="outcome")
        except ConversationEndedError:
            return

    await asyncio.gather(*map(store, claims), end(stores, session))
    await stores.erasure.erase_frames(session)
    assert len(list(stores.sessions.read_frames_after(session, 0))) == 1


async def test_a_command_whose_frame_was_erased_does_not_run_again(stores, session):
    """Its marker names a frame that is gone: it ends like every other command of the session."""
    claim = await take(stores)
    await stores.conversations.append(session, sent(), claim=claim, marker="sent")
    await end(stores, session)
    with pytest.raises(ConversationEndedError):
        await stores.conversations.append(session, sent(), claim=claim, marker="sent")


async def test_a_judgement_and_its_reason_are_erased(stores, session, clock, tenant):
    """And none can be given any more."""
    await stores.conversations.append(session, final(), claim=await take(stores), marker="outcome")
    judgement = Judgement("down", "Wrong price.", clock.now())
    assert stores.judgements.store_judgement(session, 1, judgement, tenant=tenant)
    await end(stores, session)

    assert list(await stores.judged.list_judged(tenant, "down", limit=10)) == []
    assert stores.judgements.read_frame(session, 1) is None
    assert not stores.judgements.store_judgement(session, 1, judgement, tenant=tenant)


async def test_the_rows_contain_nothing_of_the_conversation(session, emulator, dynamodb, clock):
    """Neither a frame nor a request for a person, and no index leads to them; who looked at it is kept."""
    stores = in_dynamodb(clock, dynamodb, emulator.client("dynamodb"))
    handovers = DynamoHandoverStore(client=dynamodb, table="ConversationsTable", clock=clock)
    tenant = f"tenant-{new_id()[:12]}"
    await add_messages(stores, session)
    request = StaffRequest("h1", clock.now(), "My parcel", "jan@example.com")
    await handovers.add_request(tenant, session, request, waits=True)
    entry = ConversationAuditEntry(clock.now(), "Ola", "answered")
    await stores.conversations.record_action(session, final(), claim=await take(stores), entry=entry, tenant=tenant)
    await end(stores, session)

    answer = emulator.client("dynamodb").query(
        TableName="ConversationsTable",
        KeyConditionExpression="session_id = :session AND seq >= :zero",
        ExpressionAttributeValues={":session": {"S": session}, ":zero": {"N": "0"}},
    )
    rows = {row["seq"]: row for row in map(from_item, answer["Items"])}
    assert set(rows) == {0, 1, 2, 3, 4, 5}
    assert set(rows[0]) == {"session_id", "seq", "erased", "expires_at", "version"}
    for number in range(1, 5):
        assert set(rows[number]) == {"session_id", "seq", "erased", "expires_at", "verdict"}
    assert await handovers.list_waiting(tenant, limit=10) == []
    assert await handovers.get_handover(session) is None
    with pytest.raises(ConversationEndedError):
        await handovers.add_request(tenant, session, request, waits=True)
    index = DynamoConversationIndex(client=dynamodb, table="ConversationsTable")
    assert not await index.belongs_to_tenant(tenant, session)


async def test_a_request_for_a_person_that_was_begun_before_the_end_is_not_stored(session, dynamodb, clock, emulator):
    """There was no request when it was read, so it expects no row."""
    stores = in_dynamodb(clock, dynamodb, emulator.client("dynamodb"))

    class Interrupted:
        """A client with which the conversation ends between the read and the write of the request."""

        async def get_item(self, **call):
            answer = await dynamodb.get_item(**call)
            if "Item" not in answer:
                await end(stores, session)
            return answer

        async def put_item(self, **call):
            return await dynamodb.put_item(**call)

    handovers = DynamoHandoverStore(client=Interrupted(), table="ConversationsTable", clock=clock)
    with pytest.raises(ConversationEndedError):
        await handovers.add_request(
            "salon-ania", session, StaffRequest("h1", clock.now(), contact="jan@example.com"), waits=True
        )
