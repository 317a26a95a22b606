"""A message is stored while its answer is prepared: the model waits for it, and nothing is left of what was in vain."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from shared.conversations.takeover import ConversationAuditEntry
from shared.errors import LeaseLostError, TransientError
from shared.messages.server import ChatFinal, ChatFinalData
from tests.fakes.conversations import FakeConversations
from tests.fakes.model import Pause
from workers.chat.handler.message_storing import store_meanwhile


class WatchedConversations(FakeConversations):
    """Lets a test act before a visitor's message is stored, and between that and its marker."""

    async def before_message(self):
        """Do nothing."""

    async def before_marker(self):
        """Do nothing."""

    async def append_in_steps(self, session_id, frame, **arguments):
        if frame.type != "chat.sent":
            return await super().append_in_steps(session_id, frame, **arguments)
        await self.before_message()
        stored = await super().append_in_steps(session_id, frame, **arguments)
        await self.before_marker()
        return stored


@pytest.fixture
def watched(world_of):
    """Return a function that makes a world whose conversations a test can stop."""

    def build(*scripts):
        world = world_of(*scripts)
        # The handler has the object, so its class changes and not the attribute of a port.
        world.conversations.__class__ = WatchedConversations
        return world

    return build


def count_committed(world):
    return {amount for amount in world.spending.committed.values() if amount}


async def test_the_model_is_called_once_the_message_is_durable(watched):
    """The cost is reserved meanwhile; the marker, and the post, are not waited for."""
    world = watched(["Hello!"])
    durable, marked = asyncio.Event(), asyncio.Event()
    world.conversations.before_message, world.conversations.before_marker = durable.wait, marked.wait
    handling = asyncio.create_task(world.handle())

    await wait_until(lambda: world.spending.records)
    await asyncio.sleep(0.02)
    assert world.model.prompts == []
    durable.set()
    await wait_until(lambda: world.model.closed)
    assert world.poster.types("tab") == []
    marked.set()

    await handling
    assert world.poster.types("tab")[:2] == ["chat.sent", "typing"]
    assert world.poster.types("tab")[-1] == "chat.final"


async def test_a_takeover_that_comes_before_the_message_is_respected(watched):
    """The model is not called, and what was reserved for it is released without a trace."""
    world = watched(["Hello!"])

    async def take_over_late():
        await wait_until(lambda: world.spending.records)
        await take_over(world)

    world.conversations.before_message = take_over_late
    frames = await world.handle()

    assert [frame.type for frame in frames] == ["chat.final", "chat.sent", "chat.final"]
    assert frames[-1].data.announces == "is_read"
    assert world.model.prompts == []
    assert (world.spending.records, count_committed(world)) == ({}, set())


async def test_a_takeover_before_a_stopped_message_is_respected(watched):
    """Staff read it, though the visitor wants no answer of the assistant."""
    world = watched(["Hello!"])
    command = world.command()
    world.claims.request_stop(command.id, now=world.clock.now())
    world.conversations.before_message = partial(take_over, world)

    final = (await world.handle(command))[-1]
    assert (final.data.announces, final.data.stopped) == ("is_read", False)


async def test_a_frame_that_comes_before_the_message_is_in_the_prompt(watched):
    """The prompt is made again, and one call is counted."""
    world = watched(["Hello!"])

    async def store_earlier_answer():
        await wait_until(lambda: world.spending.records)
        await world.store_history(
            "An earlier question", ChatFinal(re="b0", data=ChatFinalData(text="An earlier answer"))
        )

    world.conversations.before_message = store_earlier_answer
    frames = await world.handle()

    assert [frame.seq for frame in frames] == [1, 2, 3, 4]
    (prompt,) = world.model.prompts
    assert [turn.text for turn in prompt.turns][:2] == ["An earlier question", "An earlier answer"]
    (record,) = world.spending.records.values()
    assert record.result is not None


async def test_a_message_that_can_not_be_stored_is_not_answered(watched):
    """The attempt fails with the error of the table, and nothing stays reserved."""
    world = watched(["Hello!"])

    async def fail():
        await wait_until(lambda: world.spending.records)
        raise TransientError("conversations: down")

    world.conversations.before_message = fail
    with pytest.raises(TransientError, match="conversations: down"):
        await world.handle()
    assert (world.model.prompts, world.stored, count_committed(world)) == ([], [], set())


async def test_a_lease_that_is_lost_before_the_marker_ends_the_answer(watched):
    """The successor finds the message in the conversation; the answer that has begun is stopped and counted."""
    world = watched(["Hello!", Pause(30)])

    async def lose():
        await wait_until(lambda: world.model.prompts)
        raise LeaseLostError("key")

    world.conversations.before_marker = lose
    with pytest.raises(LeaseLostError):
        await world.handle()
    assert world.model.closed == 1
    assert [frame.type for frame in world.stored] == ["chat.sent"]
    (record,) = world.spending.records.values()
    assert record.result is not None
    assert world.deltas() == []


async def test_a_cap_refuses_behind_the_message(watched, make_profile):
    """The error frame follows the message, however late that is stored."""
    world = watched(["Hello!"])
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_dollars": "0.000001"})

    async def wait():
        await asyncio.sleep(0.01)

    world.conversations.before_message = wait
    assert [frame.type for frame in await world.handle()] == ["chat.sent", "error"]
    assert world.poster.types("tab") == ["chat.sent", "error"]


async def test_a_handler_that_is_cancelled_stores_nothing_more():
    """The lease is lost: what is under way must not go on without it."""
    began, ended = asyncio.Event(), []

    async def store(_on_stored):
        began.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(True)

    async def handle():
        async with store_meanwhile(store, seq=1) as message:
            await message.check_number()

    task = asyncio.create_task(handle())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_what_fails_beside_the_message_waits_for_it():
    """The error that follows is behind the message in the conversation."""
    stored = []

    async def store(_on_stored):
        await asyncio.sleep(0.01)
        stored.append(True)

    with pytest.raises(TransientError, match="elsewhere"):
        async with store_meanwhile(store, seq=1):
            raise TransientError("elsewhere")
    assert stored == [True]


async def take_over(world):
    claim = await world.claims.claim("staff", fingerprint="f", lease=timedelta(seconds=30))
    entry = ConversationAuditEntry(world.clock.now(), "ania", "answered")
    frame = ChatFinal(data=ChatFinalData(text="I am here.", author="Ania"))
    await world.conversations.record_action("session", frame, claim=claim, entry=entry, tenant="salon-ania")


async def wait_until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)
