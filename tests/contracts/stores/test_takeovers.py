"""Who answers a conversation: changed in one step with a frame, carried on by all others, and on record."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.aws.conversations.conversation_audit import DynamoConversationAudit
from shared.aws.items import from_item, to_item
from shared.claims import Done
from shared.conversations.takeover import TAKEOVER_DURATION, ConversationAuditEntry, Takeover
from shared.errors import LeaseLostError
from shared.ids import new_id
from shared.messages.server import ChatFinal, ChatFinalData
from shared.retention import CONVERSATION_RETENTION

LEASE = timedelta(seconds=30)


@pytest.fixture
def session():
    return new_id()


@pytest.fixture
def story(request, stores):
    """Return the story of the conversations that `stores` has."""
    if hasattr(stores.conversations, "audit"):
        return stores.conversations.audit
    return DynamoConversationAudit(client=request.getfixturevalue("dynamodb"), table="ConversationsTable")


def said(text="Hello", by=None):
    return ChatFinal(data=ChatFinalData(text=text, by=by))


async def take(stores, key=None):
    return await stores.claims.claim(key or new_id(), fingerprint="print", lease=LEASE)


class ConversationTail:
    """One session, in which people and commands do something at the clock's time."""

    def __init__(self, stores, clock, session):
        self.stores, self.clock, self.session = stores, clock, session

    async def act(self, what, by="Ola", *, claim=None, text="Hello"):
        claim = claim or await take(self.stores)
        entry = ConversationAuditEntry(self.clock.now(), by, what)
        return await self.stores.conversations.record_action(
            self.session, said(text, "human"), claim=claim, entry=entry, tenant="salon"
        )

    async def append(self, **more):
        claim = await take(self.stores)
        return await self.stores.conversations.append(self.session, said(), claim=claim, marker="outcome", **more)

    async def leave(self, claim=None):
        claim = claim or await take(self.stores)
        return await self.stores.conversations.leave_to_staff(self.session, said("first"), said("further"), claim=claim)

    async def takeover(self):
        return (await self.stores.conversations.latest(self.session, 1)).takeover

    async def count(self):
        return len((await self.stores.conversations.latest(self.session, 100)).frames)


@pytest.fixture
def talk(stores, clock, session):
    return ConversationTail(stores, clock, session)


async def test_nobody_has_taken_over_at_first(talk):
    """Of an unknown session, and of one that only commands have written to."""
    assert await talk.takeover() is None
    await talk.append()
    assert await talk.takeover() is None


async def test_an_answer_takes_over_and_ends_its_command(talk, stores, clock):
    """The frame, the takeover and the end of the command come in one step."""
    claim = await take(stores)
    stored = await talk.act("answered", claim=claim)
    assert (stored.seq, stored.data.by) == (1, "human")
    assert await talk.takeover() == Takeover("Ola", clock.now() + TAKEOVER_DURATION)
    assert await take(stores, claim.key) == Done(1)


async def test_every_frame_carries_a_takeover_on(talk, clock):
    """Whatever is stored after it, by whichever command: it stands as it was, and its time does not grow."""
    await talk.act("answered")
    at = clock.now()
    for _ in range(3):
        clock.advance(timedelta(minutes=5))
        await talk.append()
    assert await talk.takeover() == Takeover("Ola", at + TAKEOVER_DURATION)


async def test_that_the_visitor_was_told_is_kept(talk):
    """From the frame that told on, also over the person's further answers; it is said once in a takeover."""
    await talk.act("answered")
    assert (await talk.leave()).data.text == "first"
    await talk.append()
    assert (await talk.takeover()).is_announced
    await talk.act("answered")
    assert (await talk.takeover()).is_announced
    assert (await talk.leave()).data.text == "further"


async def test_a_message_that_is_left_to_a_person_has_ended(talk, stores, clock):
    """In one step, and the takeover stands as it was."""
    await talk.act("took_over")
    claim, until = await take(stores), (await talk.takeover()).until
    clock.advance(timedelta(minutes=5))
    assert (await talk.leave(claim)).seq == 2
    assert await talk.leave(claim) == (await talk.stores.conversations.latest(talk.session, 1)).frames[0]
    assert (await talk.count(), (await talk.takeover()).until) == (2, until)
    assert await take(stores, claim.key) == Done(2)


@pytest.mark.parametrize("ends", ["handed_back", "ran_out", "never_began"])
async def test_nothing_is_left_to_nobody(talk, stores, clock, ends):
    """Whoever handed back in between does not read it: nothing is written, and the command is still to be answered."""
    if ends != "never_began":
        await talk.act("took_over")
    if ends == "handed_back":
        await talk.act("handed_back")
    clock.advance(TAKEOVER_DURATION if ends == "ran_out" else timedelta(0))
    claim, before = await take(stores), await talk.count()
    assert await talk.leave(claim) is None
    assert await talk.count() == before
    frame = await stores.conversations.append(talk.session, said(), claim=claim, marker="outcome")
    assert frame.seq == before + 1


async def test_a_hand_back_during_a_message_has_one_order(talk):
    """The message is left to the person before the hand-back, or to nobody after it."""
    for _ in range(5):
        await talk.act("took_over")
        left, _back = await asyncio.gather(talk.leave(), talk.act("handed_back", text="back"))
        last = (await talk.stores.conversations.latest(talk.session, 1)).frames[0]
        assert last.data.text == "back"
        assert left is None or left.seq == last.seq - 1


async def test_who_lost_the_command_leaves_nothing_to_a_person(talk, stores):
    """The worker that has it now decides."""
    await talk.act("took_over")
    with pytest.raises(LeaseLostError):
        await talk.leave(replace(await take(stores), owner="somebody else"))
    assert await talk.count() == 1


async def test_a_takeover_that_ran_out_is_gone(talk, clock):
    """The next frame leaves it behind; a new one begins afresh, and is news."""
    await talk.act("took_over")
    clock.advance(TAKEOVER_DURATION)
    assert not (await talk.takeover()).is_active(clock.now())
    await talk.append()
    assert await talk.takeover() is None
    assert await talk.act("took_over", "Jan")
    assert (await talk.takeover()).by == "Jan"


async def test_a_hand_back_ends_it(talk):
    """After it the assistant answers, until somebody answers by hand again."""
    await talk.act("took_over")
    assert await talk.act("handed_back")
    assert await talk.takeover() is None
    await talk.act("answered", "Jan")
    assert (await talk.takeover()).by == "Jan"


@pytest.mark.parametrize("first", ["took_over", "handed_back"])
async def test_of_people_who_press_at_once_one_does_it(talk, story, session, first):
    """One frame, one deed; the others are told that it was no news, and nothing of theirs is written."""
    if first == "handed_back":
        await talk.act("took_over")
    before = await talk.count()
    done = await asyncio.gather(*(talk.act(first, f"person {number}") for number in range(6)))
    assert len([one for one in done if one]) == 1
    assert await talk.count() == before + 1
    assert [entry.action for entry in await story.of(session)].count(first) == 1


async def test_answers_and_messages_at_once_lose_no_takeover(talk):
    """Frames of commands that are stored at the same time as an answer come before it, or carry it on."""
    await asyncio.gather(*(talk.append() for _ in range(8)), talk.act("answered"), *(talk.append() for _ in range(8)))
    assert await talk.count() == 17
    assert (await talk.takeover()).by == "Ola"


async def test_a_hand_back_during_an_answer_has_one_order(talk, story, session):
    """Whichever frame is stored later decides, and the story agrees."""
    await talk.act("took_over")
    await asyncio.gather(talk.act("answered", text="answer"), talk.act("handed_back", text="back"))
    last = (await talk.stores.conversations.latest(session, 1)).frames[0]
    assert ((await talk.takeover()) is None) is (last.data.text == "back")
    assert sorted(entry.action for entry in await story.of(session)) == ["answered", "handed_back", "took_over"]


async def test_a_deed_is_done_once(talk, stores, story, session):
    """The same command, tried again, gets what it stored; the story has it once."""
    claim = await take(stores)
    first = await talk.act("answered", claim=claim)
    assert await talk.act("answered", claim=claim, text="other words") == first
    assert await talk.count() == 1
    assert len(await story.of(session)) == 1


async def test_who_lost_the_command_does_nothing(talk, stores, story, session):
    """No frame, no takeover, no deed."""
    lost = replace(await take(stores), owner="somebody else")
    with pytest.raises(LeaseLostError):
        await talk.act("answered", claim=lost)
    assert (await talk.count(), await talk.takeover(), list(await story.of(session))) == (0, None, [])


async def test_the_story_has_who_did_what_and_when(talk, story, session, clock):
    """Over midnight and with looks, which leave no frame, in order; another session's has none of it."""
    expected = []
    for what, by in [("looked", "Ola"), ("took_over", "Ola"), ("answered", "Żaneta"), ("handed_back", "Jan")]:
        entry = ConversationAuditEntry(clock.now(), by, what)
        expected.append(entry)
        await (story.note(session, entry) if what == "looked" else talk.act(what, by))
        clock.advance(timedelta(hours=9) if what == "answered" else timedelta(seconds=1))
        if what == "answered":
            await talk.act("took_over", "Jan")
            expected.append(ConversationAuditEntry(clock.now(), "Jan", "took_over"))
            clock.advance(timedelta(seconds=1))
    assert list(await story.of(session)) == expected
    assert list(await story.of(new_id())) == []


async def test_the_story_is_no_frame(talk, story, stores, session, clock):
    """Neither workers nor visitors ever read it, and it takes no number."""
    await story.note(session, ConversationAuditEntry(clock.now(), "Ola", "looked"))
    assert list((await stores.conversations.latest(session, 10)).frames) == []
    stored = await talk.act("took_over")
    assert stored.seq == 1
    assert list((await stores.conversations.latest(session, 10)).frames) == [stored]
    told = await asyncio.to_thread(lambda: list(stores.sessions.frames_after(session, 0)))
    assert told == [stored.wire()]
    assert "Ola" not in told[0]


async def test_each_day_of_a_story_goes_in_its_time(dynamodb, clock, session):
    """A row for each day, which goes with the frames of that day: what is done later keeps nothing for longer."""
    story = DynamoConversationAudit(client=dynamodb, table="ConversationsTable")
    for _ in range(2):
        for by in ("Ola", "Jan"):
            await story.note(session, ConversationAuditEntry(clock.now(), by, "looked"))
        clock.advance(timedelta(days=1))
    answer = await dynamodb.query(
        TableName="ConversationsTable",
        KeyConditionExpression="session_id = :session",
        ExpressionAttributeValues=to_item({":session": session}),
    )
    second, first = [from_item(item) for item in answer["Items"]]
    assert [len(row["story"]) for row in (first, second)] == [2, 2]
    assert second["expires_at"] - first["expires_at"] == timedelta(days=1).total_seconds()
    assert first["expires_at"] == int((clock.now() - timedelta(days=2) + CONVERSATION_RETENTION).timestamp())
