"""That what is said is stored first, reaches whoever listens, and costs nobody a command."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from shared.conversations.replies import Replies, choose_client
from shared.errors import LeaseLostError, TransientError
from shared.messages.server import ChatDelta, ChatDeltaData, ChatFinal, ChatFinalData, ChatSent, ChatSentData
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations

LEASE = timedelta(seconds=30)
SENT = ChatSent(re="a1", data=ChatSentData(text="Hello"))
FINAL = ChatFinal(re="a1", data=ChatFinalData(text="Hi!"))


@pytest.fixture
async def world():
    clock = FakeClock()
    claims, connections, poster = FakeClaims(clock), FakeConnections(clock), FakePoster()
    conversations = FakeConversations(claims)
    connections.open("session", "tab", locale="pl")
    return SimpleNamespace(
        clock=clock,
        claims=claims,
        connections=connections,
        poster=poster,
        conversations=conversations,
        replies=Replies(conversations=conversations, connections=connections, poster=poster),
        claim=await claims.claim("key", fingerprint="f", lease=LEASE),
    )


async def open_tabs(world):
    return {one.connection_id for one in await world.connections.list_connections("session")}


async def test_a_durable_frame_has_its_number_when_it_is_posted(world):
    """Every tab hears the same text that is stored."""
    world.connections.open("session", "other")
    sent = await world.replies.store_and_post("session", SENT, claim=world.claim, marker="sent")
    final = await world.replies.store_and_post("session", FINAL, claim=world.claim)

    assert (sent.seq, final.seq) == (1, 2)
    assert [text for receiver, text in world.poster.posted if receiver == "tab"] == world.conversations.texts["session"]
    assert world.poster.frames("tab") == world.poster.frames("other")


async def test_a_frame_is_stored_before_connections_are_read(world):
    """Who registers in between finds it with the hello; who registered before is posted to."""
    order = []

    class Watched(FakeConnections):
        async def list_connections(self, session_id):
            order.append(len(world.conversations.texts.get("session", [])))
            return await super().list_connections(session_id)

    replies = Replies(conversations=world.conversations, connections=Watched(world.clock), poster=world.poster)
    await replies.store_and_post("session", FINAL, claim=world.claim)

    assert order == [1]


async def test_a_frame_that_is_not_stored_is_not_posted(world):
    """A visitor must not see what a reload would take away."""
    world.conversations.errors.append(TransientError("throttled"))
    with pytest.raises(TransientError):
        await world.replies.store_and_post("session", FINAL, claim=world.claim)
    world.claims.steal(world.claim)
    with pytest.raises(LeaseLostError):
        await world.replies.store_and_post("session", FINAL, claim=world.claim)

    assert (world.poster.posted, world.conversations.texts) == ([], {})


async def test_saying_it_again_posts_what_was_stored_first(world):
    """A second try may have other words; the first ones stand."""
    first = await world.replies.store_and_post("session", FINAL, claim=world.claim)
    other = ChatFinal(re="a1", data=ChatFinalData(text="Other words"))
    again = await world.replies.store_and_post("session", other, claim=world.claim)

    assert again == first
    assert [frame["data"]["text"] for frame in world.poster.frames("tab")] == ["Hi!", "Hi!"]


async def test_a_repeated_outcome_is_posted_as_it_was(world):
    """Without a number, or with one that is no more, there is nothing to say."""
    await world.replies.store_and_post("session", FINAL, claim=world.claim)
    [first] = world.poster.frames("tab")

    for seq in (1, None, 99):
        await world.replies.repost_frame("session", seq)

    assert world.poster.frames("tab") == [first, first]


async def test_a_connection_that_is_gone_is_forgotten(world):
    """The others hear the frame; no row means no more posts there."""
    world.connections.open("session", "closed")
    world.poster.gone.add("closed")
    await world.replies.store_and_post("session", FINAL, claim=world.claim)

    assert await open_tabs(world) == {"tab"}
    assert world.poster.types("tab") == ["chat.final"]


async def test_a_connection_that_just_came_is_given_time(world):
    """API Gateway answers 410 also before it is established."""
    world.connections.open("session", "fresh", at=world.clock.now() - timedelta(seconds=9))
    world.poster.gone.add("fresh")
    await world.replies.store_and_post("session", FINAL, claim=world.claim)

    assert await open_tabs(world) == {"tab", "fresh"}


async def test_a_row_that_cannot_be_removed_costs_nobody_an_answer(world):
    """It is found gone again the next time."""
    world.poster.gone.add("tab")
    listeners = await world.replies.list_connections("session")
    world.connections.error = TransientError("throttled")

    await world.replies.post_frame("session", FINAL, listeners)

    world.connections.error = None
    assert await open_tabs(world) == {"tab"}


async def test_a_delta_is_posted_and_never_stored(world):
    """It is worth something only while it is fresh, and only to who was there when the answer began."""
    listeners = await world.replies.list_connections("session")
    world.connections.open("session", "late")
    delta = ChatDelta(re="a1", data=ChatDeltaData(offset=0, text="Hi"))
    await world.replies.post_frame("session", delta, listeners)

    assert world.poster.types("tab") == ["chat.delta"]
    assert world.poster.posted[0][1] == delta.to_wire_text()
    assert (world.conversations.texts, world.poster.frames("late")) == ({}, [])


@pytest.mark.parametrize(
    ("locales", "spoken"), [(["pl"], "pl"), (["en", "pl"], "pl"), ([None, "en"], "en"), (["pl", ""], "pl"), ([], "de")]
)
async def test_the_newest_connection_that_named_a_language_is_heeded(world, locales, spoken):
    """Oldest first here; without any the command's own language is taken."""
    world.connections.rows.clear()
    for minutes, locale in enumerate(locales):
        world.connections.open(
            "session", f"tab{minutes}", locale=locale, at=world.clock.now() + timedelta(minutes=minutes)
        )

    assert await world.replies.find_locale("session", "de") == spoken


async def test_a_client_is_the_connection_of_its_command(world):
    """What it understands does not depend on other tabs; if it has gone, it is what all of them understand."""
    world.connections.rows.clear()
    world.connections.open("session", "old", locale="pl", capabilities=["progress"])
    world.connections.open("session", "new", locale="en", capabilities=["progress", "challenge"], at=world.clock.now())

    async def find(connection_id):
        client = choose_client(await world.replies.list_connections("session"), connection_id, otherwise="de")
        return client.locale, set(client.capabilities)

    assert await find("new") == ("en", {"progress", "challenge"})
    assert await find("old") == ("en", {"progress"})
    assert await find("gone") == ("en", {"progress"})
    world.connections.rows.clear()
    assert await find("gone") == ("de", set())
