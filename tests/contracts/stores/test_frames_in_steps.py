"""Frames that are stored in steps: once per command, without gaps, whatever happens between two steps."""

import asyncio
from datetime import timedelta

import pytest

from shared.claims import Done
from shared.conversations.takeover import ConversationTail
from shared.errors import LeaseLostError, TransientError
from shared.ids import new_id
from shared.messages.server import ChatFinal, ChatFinalData
from tests.contracts.stores.conftest import in_dynamodb

LEASE = timedelta(seconds=30)


def final(text="Answer"):
    return ChatFinal(re="c1", data=ChatFinalData(text=text))


class Conversation:
    """One session in one kind of store."""

    def __init__(self, stores, clock):
        self.stores, self.clock, self.session = stores, clock, new_id()

    async def take(self, key=None):
        return await self.stores.claims.claim(key or new_id(), fingerprint="print", lease=LEASE)

    async def take_over(self, claim):
        self.clock.advance(2 * LEASE)
        return await self.take(claim.key)

    async def append(self, frame, claim, *, marker="outcome", after=None, stores=None):
        store = (stores or self.stores).conversations
        tail = after or await store.get_tail(self.session, 1)
        return await store.append_in_steps(self.session, frame, claim=claim, marker=marker, after=tail)

    async def texts(self):
        return [frame.data.text for frame in (await self.stores.conversations.get_tail(self.session, 100)).frames]


@pytest.fixture
def conversation(stores, clock):
    return Conversation(stores, clock)


@pytest.fixture
def on_tables(emulator, dynamodb, clock):
    """Return a session on the tables, and a function that makes the stores of a worker with a client of its own."""

    def make(client=dynamodb):
        return in_dynamodb(clock, client, emulator.client("dynamodb"))

    return Conversation(make(), clock), make


async def test_steps_and_transactions_number_the_same_frames(conversation):
    """Each frame gets the next number, whichever way it is stored."""
    claim = await conversation.take()
    first = await conversation.append(final("1"), claim, marker="sent")
    store = conversation.stores.conversations
    second = await store.append(conversation.session, final("2"), claim=await conversation.take(), marker="outcome")
    third = await conversation.append(final("3"), claim, after=ConversationTail(last_seq=first.seq))
    assert (first.seq, second.seq, third.seq) == (1, 2, 3)
    assert await conversation.texts() == ["1", "2", "3"]
    assert await conversation.take(claim.key) == Done(3)


async def test_a_frame_is_announced_when_it_is_durable(conversation):
    """Whoever hears of it finds it in the conversation; the frame is announced once."""
    claim, store, announced = await conversation.take(), conversation.stores.conversations, []

    for text in ("first", "second"):
        stored = await store.append_in_steps(
            conversation.session, final(text), claim=claim, marker="sent", on_stored=announced.append
        )
        assert announced[0] == stored
        assert await store.get_frame(conversation.session, announced[0].seq) == stored


@pytest.mark.parametrize("marker", ["sent", "outcome"])
async def test_a_frame_is_stored_once(conversation, marker):
    """The second try gets back what the first one stored."""
    claim = await conversation.take()
    first = await conversation.append(final("first"), claim, marker=marker)
    assert await conversation.append(final("second"), claim, marker=marker) == first
    assert await conversation.texts() == ["first"]


async def test_a_lost_lease_stores_nothing(conversation):
    """A late worker's frame takes no number."""
    late = await conversation.take()
    current = await conversation.take_over(late)
    with pytest.raises(LeaseLostError):
        await conversation.append(final("late"), late)
    assert (await conversation.append(final("current"), current)).seq == 1
    assert await conversation.texts() == ["current"]


async def test_twenty_at_once_leave_no_gap(conversation):
    """Twenty commands that store at the same time get the numbers 1 to 20, each once."""
    claims = [await conversation.take() for _ in range(20)]
    stored = await asyncio.gather(*(conversation.append(final(), claim) for claim in claims))
    assert sorted(frame.seq for frame in stored) == list(range(1, 21))
    assert len(await conversation.texts()) == 20


class Interrupted:
    """A client that runs `before` once, before a call of one method, or fails instead of it."""

    def __init__(self, client, method, before=None):
        self._client, self._method, self._before = client, method, before
        self._is_due = True

    def __getattr__(self, name):
        call = getattr(self._client, name)

        async def interrupted(**arguments):
            if name == self._method and self._is_due:
                self._is_due = False
                if self._before is None:
                    raise OSError("the worker was killed")
                await self._before()
            return await call(**arguments)

        return interrupted


@pytest.mark.parametrize("marker", ["sent", "outcome"])
@pytest.mark.parametrize("unspent", [True, False, None])
async def test_a_frame_without_a_marker_is_found(on_tables, dynamodb, marker, unspent):
    """The worker stopped or died between frame and marker: the next attempt ends with that frame, in steps or not."""
    conversation, make = on_tables
    claim = await conversation.take()
    dying = make(Interrupted(dynamodb, "update_item"))
    with pytest.raises(TransientError):
        await conversation.append(final("first"), claim, marker=marker, stores=dying)
    assert await conversation.texts() == ["first"]
    if unspent is not None:
        await conversation.stores.claims.release(claim, unspent=unspent)
    successor = await conversation.take_over(claim)
    if unspent is None:
        stored = await conversation.append(final("second"), successor, marker=marker)
    else:
        store = conversation.stores.conversations
        stored = await store.append(conversation.session, final("second"), claim=successor, marker=marker)
    assert (stored.seq, await conversation.texts()) == (1, ["first"])
    if marker == "outcome":
        assert await conversation.take(claim.key) == Done(1)


async def test_an_outcome_without_a_marker_ends_the_command(on_tables, dynamodb):
    """Before it answers, an attempt asks for the outcome of the one before; a first attempt has none."""
    conversation, make = on_tables
    claim = await conversation.take()
    with pytest.raises(TransientError):
        await conversation.append(final("first"), claim, stores=make(Interrupted(dynamodb, "update_item")))
    successor = await conversation.take_over(claim)
    store = conversation.stores.conversations
    recovered = await store.recover_frame(conversation.session, claim=successor, marker="outcome")
    assert (recovered.seq, recovered.data) == (1, final("first").data)
    assert await conversation.take(claim.key) == Done(1)
    other = await conversation.take()
    assert await store.recover_frame(conversation.session, claim=other, marker="outcome") is None


async def test_a_worker_that_slept_before_its_frame_loses(on_tables, dynamodb):
    """Another worker took the command over and ended it in between: there is one frame, and one ending."""
    conversation, make = on_tables
    late = await conversation.take()

    async def end_elsewhere():
        await conversation.append(final("current"), await conversation.take_over(late))

    with pytest.raises(LeaseLostError):
        await conversation.append(final("late"), late, stores=make(Interrupted(dynamodb, "put_item", end_elsewhere)))
    assert await conversation.texts() == ["current"]
    assert await conversation.take(late.key) == Done(1)


async def test_a_worker_that_slept_is_overtaken_by_other_frames(on_tables, dynamodb):
    """Its number is not free any more: it checks its claim anew, and finds that it lost."""
    conversation, make = on_tables
    late = await conversation.take()

    async def go_on_elsewhere():
        successor = await conversation.take_over(late)
        await conversation.append(final("current"), successor)
        await conversation.append(final("other"), await conversation.take())

    with pytest.raises(LeaseLostError):
        await conversation.append(final("late"), late, stores=make(Interrupted(dynamodb, "put_item", go_on_elsewhere)))
    assert await conversation.texts() == ["current", "other"]


async def test_a_late_frame_is_the_successors_frame(on_tables, dynamodb):
    """The late worker put its frame after its successor had looked for one: the successor gets it back."""
    conversation, make = on_tables
    late = await conversation.take()
    is_checked, may_put = asyncio.Event(), asyncio.Event()

    async def sleep():
        is_checked.set()
        await may_put.wait()

    waking = make(Interrupted(dynamodb, "put_item", sleep))
    working = asyncio.create_task(conversation.append(final("late"), late, stores=waking))
    await is_checked.wait()

    async def let_it_put():
        may_put.set()
        with pytest.raises(LeaseLostError):
            await working

    successor = await conversation.take_over(late)
    stores = make(Interrupted(dynamodb, "put_item", let_it_put))
    stored = await conversation.append(final("current"), successor, stores=stores)
    assert (stored.data.text, await conversation.texts()) == ("late", ["late"])
    assert await conversation.take(late.key) == Done(1)


class Resending:
    """Sends every write twice, as a client does whose first answer got lost."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        call = getattr(self._client, name)

        async def twice(**arguments):
            if name in {"put_item", "update_item"}:
                await call(**arguments)
            return await call(**arguments)

        return twice


async def test_writes_whose_answers_were_lost_count_once(on_tables, dynamodb):
    """The repeated put finds its own frame, and the repeated marker itself."""
    conversation, make = on_tables
    claim = await conversation.take()
    stored = await conversation.append(final(), claim, stores=make(Resending(dynamodb)))
    assert (stored.seq, await conversation.texts()) == (1, ["Answer"])
    assert await conversation.take(claim.key) == Done(1)
