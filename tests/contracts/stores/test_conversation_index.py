"""The conversations of a day: the tenant's own, each once, the latest first."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.aws.conversations.conversation_index import DynamoConversationIndex
from shared.ids import new_id
from shared.messages.server import ChatFinal, ChatFinalData
from tests.contracts.stores.conftest import in_dynamodb

LEASE = timedelta(seconds=30)
MIDNIGHT = datetime(2026, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def index(request, stores):
    """Return the index of the conversations that `stores` has."""
    if hasattr(stores.conversations, "index"):
        return stores.conversations.index
    return DynamoConversationIndex(client=request.getfixturevalue("dynamodb"), table="ConversationsTable")


@pytest.fixture
def on(index):
    """Return what asks for the conversations of a day, the first unless said otherwise."""

    async def ask(tenant, since=MIDNIGHT, *, limit=10):
        return await index.list_conversations(tenant, since, since + DAY, limit=limit)

    return ask


@pytest.fixture
def speak_in(clock):
    """Return what makes, for some stores, what lets a session have a frame; the clock then goes on by a second."""

    def among(stores):
        async def store(session, tenant):
            claim = await stores.claims.claim(new_id(), fingerprint="print", lease=LEASE)
            frame = ChatFinal(data=ChatFinalData(text="Hello"))
            await stores.conversations.append(session, frame, claim=claim, marker="outcome", tenant=tenant)
            at = clock.now()
            clock.advance(timedelta(seconds=1))
            return at

        return store

    return among


@pytest.fixture
def speak(speak_in, stores):
    return speak_in(stores)


def sessions(found):
    return [one.session_id for one in found.summaries]


async def test_a_days_conversations_the_latest_first(on, speak):
    """Each conversation stands once, with its last frame; another tenant's do not."""
    tenant, first, second = new_id(), new_id(), new_id()
    await speak(first, tenant)
    at_second = await speak(second, tenant)
    at_first = await speak(first, tenant)
    await speak(new_id(), new_id())
    found = await on(tenant)
    assert [(one.session_id, one.last_at) for one in found.summaries] == [(first, at_first), (second, at_second)]
    assert not found.has_more
    few = await on(tenant, limit=1)
    assert (sessions(few), few.has_more) == ([first], True)


async def test_other_days_are_other_lists(on, speak, clock):
    """A day has what was said on it, and a day without a word has nothing."""
    tenant, session = new_id(), new_id()
    await speak(session, tenant)
    clock.advance(DAY)
    await speak(session, tenant)
    for day in (MIDNIGHT, MIDNIGHT + DAY):
        assert sessions(await on(tenant, day)) == [session]
    assert sessions(await on(tenant, MIDNIGHT + 2 * DAY)) == []


async def test_a_day_begins_when_it_does_at_the_business(on, speak, clock):
    """What was said on two of its days stands on both, with its last words of each; the bounds are exact."""
    tenant, session = new_id(), new_id()
    tokyo = MIDNIGHT - timedelta(hours=9)
    instants = [tokyo, MIDNIGHT, tokyo + DAY - timedelta(microseconds=1), tokyo + DAY]
    for at in instants:
        clock.set(at)
        await speak(session, tenant)
    clock.set(tokyo - timedelta(microseconds=1))
    await speak(other := new_id(), tenant)
    today, tomorrow, yesterday = [await on(tenant, tokyo + days * DAY) for days in (0, 1, -1)]
    assert [(one.session_id, one.last_at) for one in today.summaries] == [(session, instants[2])]
    assert [(one.session_id, one.last_at) for one in tomorrow.summaries] == [(session, instants[3])]
    assert sessions(yesterday) == [other]


async def test_a_busy_conversation_hides_no_other(on, speak):
    """More frames than are read at a time do not hide the conversation before them."""
    tenant, early, busy = new_id(), new_id(), new_id()
    await speak(early, tenant)
    for _ in range(210):
        await speak(busy, tenant)
    assert sessions(await on(tenant)) == [busy, early]


@pytest.fixture
def speak_there(speak_in, dynamodb, emulator, clock):
    return speak_in(in_dynamodb(clock, dynamodb, emulator.client("dynamodb")))


@pytest.mark.parametrize(("frames", "found", "has_more"), [(8, 2, False), (12, 1, True)])
async def test_a_flooded_day_says_that_it_has_more(dynamodb, speak_there, frames, found, has_more):
    """Not all of it is read, and what was not read is not taken for nothing."""
    tenant, busy = new_id(), new_id()
    for session in (new_id(), *[busy] * frames):
        await speak_there(session, tenant)
    index = DynamoConversationIndex(client=dynamodb, table="ConversationsTable", read_at_a_time=1)
    some = await index.list_conversations(tenant, MIDNIGHT, MIDNIGHT + DAY, limit=10)
    assert (len(some.summaries), some.has_more) == (found, has_more)


async def test_whose_a_session_is(index, speak):
    """A session belongs to the tenant that it spoke with, and to no other; what said nothing belongs to nobody."""
    tenant, session = new_id(), new_id()
    await speak(session, tenant)
    await speak(session, None)
    assert await index.belongs_to_tenant(tenant, session)
    assert not await index.belongs_to_tenant(new_id(), session)
    assert not await index.belongs_to_tenant(tenant[:8], session)
    assert not await index.belongs_to_tenant(tenant, new_id())


async def test_what_the_backend_says_alone_is_in_no_list(on, index, speak):
    """Frames without a tenant are kept, and stand on no day."""
    tenant, session = new_id(), new_id()
    await speak(session, None)
    assert sessions(await on(tenant)) == []
    assert not await index.belongs_to_tenant(tenant, session)
