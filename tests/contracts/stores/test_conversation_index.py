"""The conversations of a day: the tenant's own, each once, the latest first."""

from datetime import date, timedelta

import pytest

from shared.aws.conversation_index import DynamoConversationIndex
from shared.ids import new_id
from shared.messages.server import ChatFinal, ChatFinalData

LEASE = timedelta(seconds=30)
DAY = date(2026, 1, 12)


@pytest.fixture
def index(request, stores):
    """Return the index of the conversations that `stores` has."""
    if hasattr(stores.conversations, "index"):
        return stores.conversations.index
    return DynamoConversationIndex(client=request.getfixturevalue("dynamodb"), table="ConversationsTable")


@pytest.fixture
def speak(stores, clock):
    """Return what lets a session have a frame, at the clock's time, which then goes on by a second."""

    async def store(session, tenant):
        claim = await stores.claims.claim(new_id(), fingerprint="print", lease=LEASE)
        frame = ChatFinal(data=ChatFinalData(text="Hello"))
        await stores.conversations.append(session, frame, claim=claim, marker="outcome", tenant=tenant)
        at = clock.now()
        clock.turn(timedelta(seconds=1))
        return at

    return store


async def test_a_days_conversations_the_latest_first(index, speak):
    """Each conversation stands once, with its last frame; another tenant's do not."""
    tenant, first, second = new_id(), new_id(), new_id()
    await speak(first, tenant)
    at_second = await speak(second, tenant)
    at_first = await speak(first, tenant)
    await speak(new_id(), new_id())
    found = await index.on(tenant, DAY, limit=10)
    assert [(one.session_id, one.last_at) for one in found] == [(first, at_first), (second, at_second)]
    assert [one.session_id for one in await index.on(tenant, DAY, limit=1)] == [first]


async def test_other_days_are_other_lists(index, speak, clock):
    """A day has what was said on it (UTC), and a day without a word has nothing."""
    tenant, session = new_id(), new_id()
    await speak(session, tenant)
    clock.turn(timedelta(days=1))
    await speak(session, tenant)
    for day in (DAY, DAY + timedelta(days=1)):
        assert [one.session_id for one in await index.on(tenant, day, limit=10)] == [session]
    assert list(await index.on(tenant, DAY + timedelta(days=2), limit=10)) == []


async def test_a_busy_conversation_hides_no_other(index, speak):
    """More frames than are read at a time do not hide the conversation before them."""
    tenant, early, busy = new_id(), new_id(), new_id()
    await speak(early, tenant)
    for _ in range(210):
        await speak(busy, tenant)
    assert [one.session_id for one in await index.on(tenant, DAY, limit=10)] == [busy, early]


async def test_whose_a_session_is(index, speak):
    """A session belongs to the tenant that it spoke with, and to no other; what said nothing belongs to nobody."""
    tenant, session = new_id(), new_id()
    await speak(session, tenant)
    await speak(session, None)
    assert await index.belongs(tenant, session)
    assert not await index.belongs(new_id(), session)
    assert not await index.belongs(tenant[:8], session)
    assert not await index.belongs(tenant, new_id())


async def test_what_the_backend_says_alone_is_in_no_list(index, speak):
    """Frames without a tenant are kept, and stand on no day."""
    tenant, session = new_id(), new_id()
    await speak(session, None)
    assert list(await index.on(tenant, DAY, limit=10)) == []
    assert not await index.belongs(tenant, session)
