"""A stored frame announces what its field says; sentences count in the rows of the releases before alone."""

from datetime import timedelta

import pytest

from shared.aws.items import from_item, to_item
from shared.ids import new_id
from shared.messages.server import SERVER_FRAME, ChatFinal, ChatFinalData, Usage
from tests.contracts.stores.conftest import in_dynamodb

HANDED_BACK = "From here on, the assistant answers you again."


@pytest.fixture
def session():
    return new_id()


@pytest.fixture
def rows(dynamodb, emulator, clock):
    return in_dynamodb(clock, dynamodb, emulator.client("dynamodb"))


async def store(stores, session, **data):
    claim = await stores.claims.claim(new_id(), fingerprint="print", lease=timedelta(seconds=30))
    frame = ChatFinal(data=ChatFinalData(**data))
    return await stores.conversations.append(session, frame, claim=claim, marker="outcome")


async def last(stores, session):
    [frame] = (await stores.conversations.get_tail(session, 1)).frames
    assert await stores.conversations.get_frame(session, frame.seq) == frame
    return frame.data.announces


async def test_a_reworded_announcement_is_one_all_the_same(stores, session):
    """The field says what it is, whatever the visitor reads."""
    await store(stores, session, text="Somebody is here now.", by="human", announces="took_over")
    assert await last(stores, session) == "took_over"


async def test_a_value_of_a_newer_release_is_kept(stores, session):
    """After a rollback, what this release does not know stays an announcement."""
    await store(stores, session, text="Your note has arrived.", announces="handover_requested")
    assert await last(stores, session) == "handover_requested"


@pytest.mark.parametrize("by", [None, "human"])
async def test_a_sentence_without_the_field_announces_nothing(stores, session, by):
    """A staff member may type it; an answer that cost nothing may say it."""
    await store(stores, session, text=HANDED_BACK, by=by)
    assert await last(stores, session) is None


@pytest.mark.parametrize(("usage", "announces"), [(Usage(), "handed_back"), (Usage(output_tokens=9), None)])
async def test_a_row_of_the_release_before_is_read_by_its_sentence(rows, dynamodb, session, usage, announces):
    """It has no format number. What a model was paid for is the model's own words."""
    frame = ChatFinal(seq=1, data=ChatFinalData(text=HANDED_BACK, by="human", usage=usage))
    row = {"session_id": session, "seq": 1, "frame": frame.to_wire_text(), "expires_at": 1_999_999_999}
    await dynamodb.put_item(TableName="ConversationsTable", Item=to_item(row))
    assert await last(rows, session) == announces


async def test_a_new_row_is_read_by_the_release_before(rows, dynamodb, session):
    """It reads `frame` alone, in which it ignores the new field."""
    await store(rows, session, text=HANDED_BACK, by="human", announces="handed_back")
    key = to_item({"session_id": session, "seq": 1})
    row = from_item((await dynamodb.get_item(TableName="ConversationsTable", Key=key))["Item"])
    assert row["frame_format"] == 2
    assert SERVER_FRAME.validate_json(row["frame"]).data.text == HANDED_BACK
