"""Takeovers: changed in one transaction with a frame, kept by later frames, and recorded in the audit trail."""

import asyncio
import json
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
def audit(request, stores):
    """Return the audit trail of the conversations in `stores`."""
    if hasattr(stores.conversations, "audit"):
        return stores.conversations.audit
    return DynamoConversationAudit(client=request.getfixturevalue("dynamodb"), table="ConversationsTable")


def make_answer(text="Hello", by=None):
    return ChatFinal(data=ChatFinalData(text=text, by=by))


async def take(stores, key=None):
    return await stores.claims.claim(key or new_id(), fingerprint="print", lease=LEASE)


class ConversationTail:
    """One session in which staff and commands act at the clock's time."""

    def __init__(self, stores, clock, session):
        self.stores, self.clock, self.session = stores, clock, session

    async def act(self, what, by="Ola", *, claim=None, text="Hello"):
        claim = claim or await take(self.stores)
        entry = ConversationAuditEntry(self.clock.now(), by, what)
        return await self.stores.conversations.record_action(
            self.session, make_answer(text, "human"), claim=claim, entry=entry, tenant="salon"
        )

    async def append(self, **more):
        claim = await take(self.stores)
        return await self.stores.conversations.append(
            self.session, make_answer(), claim=claim, marker="outcome", **more
        )

    async def leave(self, claim=None):
        claim = claim or await take(self.stores)
        return await self.stores.conversations.leave_to_staff(
            self.session, make_answer("first"), make_answer("further"), claim=claim
        )

    async def takeover(self):
        return (await self.stores.conversations.get_tail(self.session, 1)).takeover

    async def count(self):
        return len((await self.stores.conversations.get_tail(self.session, 100)).frames)


@pytest.fixture
def conversation(stores, clock, session):
    return ConversationTail(stores, clock, session)


async def test_a_new_conversation_has_no_takeover(conversation):
    """Of an unknown session, and of one that only commands have written to."""
    assert await conversation.takeover() is None
    await conversation.append()
    assert await conversation.takeover() is None


async def test_an_answer_takes_over_and_ends_its_command(conversation, stores, clock):
    """The frame, the takeover and the end of the command come in one step."""
    claim = await take(stores)
    stored = await conversation.act("answered", claim=claim)
    assert (stored.seq, stored.data.by) == (1, "human")
    assert await conversation.takeover() == Takeover("Ola", clock.now() + TAKEOVER_DURATION)
    assert await take(stores, claim.key) == Done(1)


async def test_every_frame_carries_a_takeover_on(conversation, clock):
    """Whatever is stored after it, by whichever command: it stands as it was, and its time does not grow."""
    await conversation.act("answered")
    at = clock.now()
    for _ in range(3):
        clock.advance(timedelta(minutes=5))
        await conversation.append()
    assert await conversation.takeover() == Takeover("Ola", at + TAKEOVER_DURATION)


async def test_an_announced_takeover_stays_announced(conversation):
    """From the announcing frame on, also after further staff answers: a takeover is announced once."""
    await conversation.act("answered")
    assert (await conversation.leave()).data.text == "first"
    await conversation.append()
    assert (await conversation.takeover()).is_announced
    await conversation.act("answered")
    assert (await conversation.takeover()).is_announced
    assert (await conversation.leave()).data.text == "further"


async def test_a_message_that_is_left_to_staff_has_ended(conversation, stores, clock):
    """In one step, and the takeover stands as it was."""
    await conversation.act("took_over")
    claim, until = await take(stores), (await conversation.takeover()).until
    clock.advance(timedelta(minutes=5))
    assert (await conversation.leave(claim)).seq == 2
    assert (
        await conversation.leave(claim)
        == (await conversation.stores.conversations.get_tail(conversation.session, 1)).frames[0]
    )
    assert (await conversation.count(), (await conversation.takeover()).until) == (2, until)
    assert await take(stores, claim.key) == Done(2)


@pytest.mark.parametrize("ends", ["handed_back", "ran_out", "never_began"])
async def test_nothing_is_left_to_nobody(conversation, stores, clock, ends):
    """Nothing is written after a hand-back, and the command still has to be answered."""
    if ends != "never_began":
        await conversation.act("took_over")
    if ends == "handed_back":
        await conversation.act("handed_back")
    clock.advance(TAKEOVER_DURATION if ends == "ran_out" else timedelta(0))
    claim, before = await take(stores), await conversation.count()
    assert await conversation.leave(claim) is None
    assert await conversation.count() == before
    frame = await stores.conversations.append(conversation.session, make_answer(), claim=claim, marker="outcome")
    assert frame.seq == before + 1


async def test_a_hand_back_during_a_message_has_one_order(conversation):
    """The message is left to staff before the hand-back, or to nobody after it."""
    for _ in range(5):
        await conversation.act("took_over")
        left, _back = await asyncio.gather(conversation.leave(), conversation.act("handed_back", text="back"))
        last = (await conversation.stores.conversations.get_tail(conversation.session, 1)).frames[0]
        assert last.data.text == "back"
        assert left is None or left.seq == last.seq - 1


async def test_a_worker_that_lost_its_claim_leaves_nothing_to_staff(conversation, stores):
    """The worker that has the claim now decides."""
    await conversation.act("took_over")
    with pytest.raises(LeaseLostError):
        await conversation.leave(replace(await take(stores), owner="somebody else"))
    assert await conversation.count() == 1


async def test_a_takeover_that_ran_out_is_gone(conversation, clock):
    """The next frame drops it, and a new takeover starts."""
    await conversation.act("took_over")
    clock.advance(TAKEOVER_DURATION)
    assert not (await conversation.takeover()).is_active(clock.now())
    await conversation.append()
    assert await conversation.takeover() is None
    assert await conversation.act("took_over", "Jan")
    assert (await conversation.takeover()).by == "Jan"


async def test_a_hand_back_ends_it(conversation):
    """After it the assistant answers, until staff answer again."""
    await conversation.act("took_over")
    assert await conversation.act("handed_back")
    assert await conversation.takeover() is None
    await conversation.act("answered", "Jan")
    assert (await conversation.takeover()).by == "Jan"


@pytest.mark.parametrize("first", ["took_over", "handed_back"])
async def test_of_simultaneous_actions_one_takes_effect(conversation, audit, session, first):
    """One frame and one audit entry; the others learn that nothing changed, and write nothing."""
    if first == "handed_back":
        await conversation.act("took_over")
    before = await conversation.count()
    done = await asyncio.gather(*(conversation.act(first, f"staff {number}") for number in range(6)))
    assert len([one for one in done if one]) == 1
    assert await conversation.count() == before + 1
    assert [entry.action for entry in await audit.list_entries(session)].count(first) == 1


async def test_answers_and_messages_at_once_lose_no_takeover(conversation):
    """Frames of commands that are stored at the same time as an answer come before it, or carry it on."""
    await asyncio.gather(
        *(conversation.append() for _ in range(8)),
        conversation.act("answered"),
        *(conversation.append() for _ in range(8)),
    )
    assert await conversation.count() == 17
    assert (await conversation.takeover()).by == "Ola"


async def test_a_hand_back_during_an_answer_has_one_order(conversation, audit, session):
    """The frame that is stored later decides, and the audit trail agrees."""
    await conversation.act("took_over")
    await asyncio.gather(conversation.act("answered", text="answer"), conversation.act("handed_back", text="back"))
    last = (await conversation.stores.conversations.get_tail(session, 1)).frames[0]
    assert ((await conversation.takeover()) is None) is (last.data.text == "back")
    assert sorted(entry.action for entry in await audit.list_entries(session)) == [
        "answered",
        "handed_back",
        "took_over",
    ]


async def test_an_action_is_recorded_once(conversation, stores, audit, session):
    """A repeated command gets the frame that it stored; the audit trail has one entry."""
    claim = await take(stores)
    first = await conversation.act("answered", claim=claim)
    assert await conversation.act("answered", claim=claim, text="other words") == first
    assert await conversation.count() == 1
    assert len(await audit.list_entries(session)) == 1


async def test_a_worker_that_lost_its_claim_does_nothing(conversation, stores, audit, session):
    """No frame, no takeover, no audit entry."""
    lost = replace(await take(stores), owner="somebody else")
    with pytest.raises(LeaseLostError):
        await conversation.act("answered", claim=lost)
    assert (await conversation.count(), await conversation.takeover(), list(await audit.list_entries(session))) == (
        0,
        None,
        [],
    )


async def test_the_audit_trail_has_who_did_what_and_when(conversation, audit, session, clock):
    """In order, over midnight, with views, which leave no frame; another session's trail is empty."""
    expected = []
    for what, by in [("looked", "Ola"), ("took_over", "Ola"), ("answered", "Żaneta"), ("handed_back", "Jan")]:
        entry = ConversationAuditEntry(clock.now(), by, what)
        expected.append(entry)
        await (audit.add_entry(session, entry) if what == "looked" else conversation.act(what, by))
        clock.advance(timedelta(hours=9) if what == "answered" else timedelta(seconds=1))
        if what == "answered":
            await conversation.act("took_over", "Jan")
            expected.append(ConversationAuditEntry(clock.now(), "Jan", "took_over"))
            clock.advance(timedelta(seconds=1))
    assert list(await audit.list_entries(session)) == expected
    assert list(await audit.list_entries(new_id())) == []


async def test_audit_entries_are_no_frames(conversation, audit, stores, session, clock):
    """Neither workers nor visitors read them, and they take no number."""
    await audit.add_entry(session, ConversationAuditEntry(clock.now(), "Ola", "looked"))
    assert list((await stores.conversations.get_tail(session, 10)).frames) == []
    stored = await conversation.act("took_over")
    assert stored.seq == 1
    assert list((await stores.conversations.get_tail(session, 10)).frames) == [stored]
    frames_read = await asyncio.to_thread(lambda: list(stores.sessions.read_frames_after(session, 0)))
    assert [json.loads(text) for text in frames_read] == [json.loads(stored.to_wire_text())]
    assert "Ola" not in frames_read[0]


async def test_each_day_of_an_audit_trail_expires_with_its_frames(dynamodb, clock, session):
    """There is one row per day, which expires with the frames of that day; later entries extend nothing."""
    audit = DynamoConversationAudit(client=dynamodb, table="ConversationsTable")
    for _ in range(2):
        for by in ("Ola", "Jan"):
            await audit.add_entry(session, ConversationAuditEntry(clock.now(), by, "looked"))
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
