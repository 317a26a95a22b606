"""Durable frames: numbered without gaps, stored once per command, never by a worker that lost its lease."""

import asyncio
import json
from datetime import timedelta

import pytest

from shared.aws.items import to_item
from shared.claims import Done
from shared.errors import LeaseLostError
from shared.ids import new_id
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData
from tests.contracts.stores.conftest import in_dynamodb

LEASE = timedelta(seconds=30)


@pytest.fixture
def session():
    return new_id()


def sent(text="Hello"):
    return ChatSent(re="c1", data=ChatSentData(text=text))


def final(text="Answer"):
    return ChatFinal(re="c1", data=ChatFinalData(text=text))


async def take(stores, key=None):
    return await stores.claims.claim(key or new_id(), fingerprint="print", lease=LEASE)


async def test_frames_are_numbered_from_one(stores, session, clock):
    """Each frame gets the next number of its session and its time, and can be read back as it was stored."""
    conversations, claim = stores.conversations, await take(stores)
    first = await conversations.append(session, sent("Cześć — 你好"), claim=claim, marker="sent")
    second = await conversations.append(session, final(), claim=claim, marker="outcome")
    assert (first.seq, second.seq) == (1, 2)
    assert first == sent("Cześć — 你好").with_seq(1, clock.now())
    assert await conversations.get_frame(session, 1) == first
    assert list((await conversations.get_tail(session, 10)).frames) == [first, second]


async def test_sessions_have_numbers_of_their_own(stores, session):
    """What one session stores does not move another's numbers."""
    await stores.conversations.append(session, final(), claim=await take(stores), marker="outcome")
    other = await stores.conversations.append(new_id(), final(), claim=await take(stores), marker="outcome")
    assert other.seq == 1


async def test_nothing_is_found_where_nothing_was_stored(stores, session):
    """An unknown session has no frames; a number that does not exist is None."""
    assert await stores.conversations.get_frame(session, 1) is None
    assert list((await stores.conversations.get_tail(session, 5)).frames) == []


async def test_a_tail_says_when_each_frame_was_stored(stores, session, clock):
    """By its number: a message that waited behind a slow answer is not late."""
    began = clock.now()
    await stores.conversations.append(session, sent(), claim=await take(stores), marker="sent")
    clock.advance(timedelta(seconds=40))
    claim = await take(stores)
    await stores.conversations.append_in_steps(session, final(), claim=claim, marker="outcome")
    tail = await stores.conversations.get_tail(session, 5)
    assert tail.stored_at == {1: began, 2: began + timedelta(seconds=40)}


async def test_the_latest_come_oldest_first(stores, session):
    """Of a long conversation the last ones are returned, in the order of their numbers, beyond nine too."""
    for number in range(12):
        await stores.conversations.append(session, final(f"{number + 1}"), claim=await take(stores), marker="outcome")
    found = (await stores.conversations.get_tail(session, 3)).frames
    assert [(frame.seq, frame.data.text) for frame in found] == [(10, "10"), (11, "11"), (12, "12")]
    for before_seq, numbers in [(10, [7, 8, 9]), (3, [1, 2]), (2, [1]), (1, []), (0, []), (99, [10, 11, 12])]:
        earlier = await stores.conversations.get_tail(session, 3, before_seq=before_seq)
        assert [frame.seq for frame in earlier.frames] == numbers


@pytest.mark.parametrize("marker", ["sent", "challenge", "outcome"])
async def test_a_frame_is_stored_once_per_marker(stores, session, marker):
    """The second try of a command gets back what the first one stored, even if it would say something else."""
    claim = await take(stores)
    first = await stores.conversations.append(session, final("first"), claim=claim, marker=marker)
    again = await stores.conversations.append(session, final("second"), claim=claim, marker=marker)
    assert again == first
    assert len((await stores.conversations.get_tail(session, 10)).frames) == 1


async def test_a_new_attempt_finds_the_frame_of_the_last_one(stores, session):
    """A worker that takes over after a crash sees the visitor's message stored already, under its own claim."""
    claim = await take(stores)
    first = await stores.conversations.append(session, sent(), claim=claim, marker="sent")
    await stores.claims.release(claim)
    second = await take(stores, claim.key)
    assert await stores.conversations.append(session, sent(), claim=second, marker="sent") == first


async def test_an_outcome_ends_the_command(stores, session):
    """With the outcome the command is done in the same step, and its record names the frame."""
    claim = await take(stores)
    await stores.conversations.append(session, sent(), claim=claim, marker="sent")
    await stores.claims.release(claim)
    claim = await take(stores, claim.key)
    await stores.conversations.append(session, final(), claim=claim, marker="outcome")
    assert await take(stores, claim.key) == Done(2)


@pytest.mark.parametrize("marker", ["sent", "challenge"])
async def test_a_message_or_a_challenge_does_not_end_the_command(stores, clock, session, marker):
    """After either the command can still be taken over."""
    claim = await take(stores)
    await stores.conversations.append(session, sent(), claim=claim, marker=marker)
    clock.advance(2 * LEASE)
    assert (await take(stores, claim.key)).attempts == 2


@pytest.mark.parametrize("marker", ["sent", "challenge", "outcome"])
async def test_a_lost_lease_writes_nothing(stores, clock, session, marker):
    """A late worker's frame is refused, takes no number, and does not keep the current one from storing its own."""
    late = await take(stores)
    clock.advance(2 * LEASE)
    current = await take(stores, late.key)
    with pytest.raises(LeaseLostError):
        await stores.conversations.append(session, final("late"), claim=late, marker=marker)
    assert list((await stores.conversations.get_tail(session, 5)).frames) == []
    stored = await stores.conversations.append(session, final("current"), claim=current, marker=marker)
    assert (stored.seq, stored.data.text) == (1, "current")


async def test_a_late_worker_does_not_get_the_outcome_either(stores, clock, session):
    """Once the successor has ended the command, the late worker is told that it lost, not given the frame."""
    late = await take(stores)
    clock.advance(2 * LEASE)
    await stores.conversations.append(session, final(), claim=await take(stores, late.key), marker="outcome")
    with pytest.raises(LeaseLostError):
        await stores.conversations.append(session, final("late"), claim=late, marker="outcome")
    assert len((await stores.conversations.get_tail(session, 5)).frames) == 1


async def test_a_released_claim_writes_nothing(stores, session):
    """A worker that gave its command back can no longer speak for it."""
    claim = await take(stores)
    await stores.claims.release(claim)
    with pytest.raises(LeaseLostError):
        await stores.conversations.append(session, final(), claim=claim, marker="outcome")


async def test_twenty_at_once_leave_no_gap(stores, session):
    """Twenty commands that store at the same time get the numbers 1 to 20, each once."""
    commands = [await take(stores) for _ in range(20)]
    stored = await asyncio.gather(
        *(stores.conversations.append(session, final(claim.key), claim=claim, marker="outcome") for claim in commands)
    )
    assert sorted(frame.seq for frame in stored) == list(range(1, 21))
    kept = (await stores.conversations.get_tail(session, 50)).frames
    assert [frame.seq for frame in kept] == list(range(1, 21))
    assert {frame.data.text for frame in kept} == {claim.key for claim in commands}


async def test_the_ingress_reads_what_workers_store(stores, session):
    """After a reload the frames behind a number are handed out in order, as they went over the wire."""
    stored = [
        await stores.conversations.append(session, final(str(n)), claim=await take(stores), marker="outcome")
        for n in range(11)
    ]
    texts = await asyncio.to_thread(lambda: list(stores.sessions.read_frames_after(session, 3)))
    assert [json.loads(text) for text in texts] == [json.loads(frame.to_wire_text()) for frame in stored[3:]]
    assert await asyncio.to_thread(lambda: list(stores.sessions.read_frames_after(session, 11))) == []


async def test_a_frame_of_a_newer_version_does_not_spoil_its_session(dynamodb, emulator, clock, session):
    """After a rollback, what cannot be read is left out; the rest of the conversation goes on."""
    stores = in_dynamodb(clock, dynamodb, emulator.client("dynamodb"))
    await stores.conversations.append(session, sent("One"), claim=await take(stores), marker="sent")
    unknown = {"session_id": session, "seq": 2, "frame": '{"v":1,"type":"chat.sung","seq":2,"data":{}}'}
    await dynamodb.put_item(TableName="ConversationsTable", Item=to_item(unknown))
    third = await stores.conversations.append(session, sent("Three"), claim=await take(stores), marker="sent")
    assert third.seq == 3
    assert [frame.seq for frame in (await stores.conversations.get_tail(session, 10)).frames] == [1, 3]
    assert await stores.conversations.get_frame(session, 2) is None
