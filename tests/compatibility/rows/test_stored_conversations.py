"""Frames, takeovers, audit entries and connections that the previous release stored."""

from datetime import timedelta

import pytest

from ops.today.rules import find_last_message
from shared.aws.conversations.connections import DynamoConnectionStore
from shared.aws.conversations.conversation_index import DynamoConversationIndex
from shared.conversations.open_questions import find_open_questions
from shared.conversations.ports import Connection
from shared.conversations.takeover import TAKEOVER_DURATION, ConversationAuditEntry, Takeover
from shared.messages.errors import ErrorCode
from shared.messages.server import OfferBooking, Usage
from tests.compatibility.fixtures_of_release import fixture
from tests.compatibility.rows.tables import HOUR, TEN, TENANT, appointment_id_of
from tests.fakes.clock import NOON

pytestmark = pytest.mark.usefixtures("stored")
MINUTE = timedelta(minutes=1)
TYPES = [
    *("chat.sent", "chat.final", "chat.sent", "chat.final", "chat.final", "chat.sent", "chat.final"),
    *("chat.sent", "chat.final", "chat.final", "chat.final"),
    *("booking.pending", "booking.confirmed", "booking.rescheduled", "booking.cancelled", "error"),
]


@pytest.fixture(params=["pl", "en"])
def session(request):
    return f"kept-talk-{request.param}"


@pytest.fixture
async def frames(tables, session):
    """Return every frame of a conversation, oldest first."""
    return list((await tables.conversations.get_tail(session, 100)).frames)


def test_every_frame_is_read_in_order(frames):
    """No frame is unreadable."""
    assert [frame.type for frame in frames] == TYPES
    assert [frame.seq for frame in frames] == list(range(1, len(TYPES) + 1))


def test_frames_of_the_chat_are_read_with_every_field(frames):
    """Text, actions, usage and author."""
    question, answer, _, stopped, human = frames[:5]
    assert (question.data.text, question.re, answer.re) == ("When?", "c-1", "c-1")
    assert answer.data.actions == (OfferBooking(service="massage", date="2026-01-13"),)
    assert answer.data.usage == Usage(input_tokens=12, output_tokens=3, cache_read_tokens=40, cache_write_tokens=1)
    assert (stopped.data.stopped, stopped.data.by) == (True, None)
    assert (human.data.text, human.data.by, human.re) == ("I am Ola.", "human", None)


def test_frames_of_bookings_are_read_with_every_field(frames):
    """Of a hold, of a visit that stands, has moved or is no more, and of a refusal."""
    pending, confirmed, moved, cancelled, refused = (frame.data for frame in frames[-5:])
    assert {each.appointment_id for each in (pending, confirmed, moved, cancelled, refused)} == {
        appointment_id_of("confirmed")
    }
    assert (pending.start, pending.end, pending.service) == (TEN, TEN + HOUR, "massage")
    assert (pending.expires_at, pending.contact) == (NOON + HOUR, "j***@g***.com")
    assert (confirmed.ics, moved.ics) == ("BEGIN:VCALENDAR", "BEGIN:VCALENDAR")
    assert (moved.by, cancelled.by) == ("visitor", "business")
    assert (refused.code, refused.retryable, refused.retry_after_ms) == (ErrorCode.SLOT_TAKEN, False, 1000)
    [alternative] = refused.alternatives
    assert (alternative.start, alternative.end, alternative.service) == (TEN, TEN + HOUR, "massage")


def test_announcements_do_not_count_as_answers(frames):
    """Messages still wait for an answer after a takeover and after a hand-back."""
    assert [frame.data.text for frame in find_open_questions(frames)] == ["Hello Ola", "Are you there?"]


def test_the_announcement_of_a_reader_does_not_count_as_an_answer(frames):
    """The last words are the visitor's."""
    assert find_last_message(frames[:7]) == ("Hello Ola", "visitor")
    assert find_last_message(frames[:9]) == ("Are you there?", "visitor")


async def test_the_takeover_is_read(tables, session):
    """The last frame carries the takeover."""
    tables.clock.set(NOON + 10 * MINUTE)
    expected = Takeover("Ola", NOON + 7 * MINUTE + TAKEOVER_DURATION, is_announced=True)
    assert (await tables.conversations.get_tail(session, 1)).takeover == expected


async def test_the_audit_trail_is_read(tables, session):
    """In order, with author and time."""
    assert list(await tables.conversation_audit.list_entries(session)) == [
        ConversationAuditEntry(NOON + 3 * MINUTE, "Ola", "answered"),
        ConversationAuditEntry(NOON + 6 * MINUTE, "Ola", "handed_back"),
        ConversationAuditEntry(NOON + 7 * MINUTE, "Ola", "took_over"),
        ConversationAuditEntry(NOON + 7 * MINUTE, "Ewa", "looked"),
    ]


async def test_a_conversation_is_found_by_its_day(tables):
    """By the index; another tenant does not find it."""
    index = DynamoConversationIndex(client=tables.client, table="ConversationsTable")
    found = await index.list_conversations(TENANT, NOON, NOON + 24 * HOUR, limit=10)
    assert {summary.session_id: summary.last_at for summary in found.summaries} == {
        "kept-talk-pl": NOON + 12 * MINUTE,
        "kept-talk-en": NOON + 12 * MINUTE,
    }
    assert await index.belongs_to_tenant(TENANT, "kept-talk-pl")
    assert not await index.belongs_to_tenant("another", "kept-talk-pl")


def test_a_resumed_session_gets_the_stored_frames(tables, session):
    """Byte for byte, and with the time of the row as a posted frame spells it."""
    resumed = list(tables.sessions.read_frames_after(session, 10))
    rows = fixture("rows")["rows"]["ConversationsTable"]
    texts = {
        int(row["seq"]["N"]): f'{row["frame"]["S"][:-1]},"at":"{row["created_at"]["S"][: -len("+00:00")]}Z"}}'
        for row in rows
        if row["session_id"]["S"] == session and "frame" in row
    }
    assert resumed == [texts[seq] for seq in range(11, len(TYPES) + 1)]


@pytest.mark.usefixtures("changing")
async def test_connections_are_read(tables):
    """Newest first, with locale and time zone of each `hello`."""
    connections = DynamoConnectionStore(client=tables.client, table="ConnectionsTable", clock=tables.clock)
    assert list(await connections.list_connections("kept-visitor")) == [
        Connection("greeted=", NOON, locale="en", tz="Europe/Warsaw"),
        Connection("silent=", NOON - HOUR, locale=None, tz=None),
        Connection("revived=", NOON - 2 * HOUR, locale="", tz=""),
    ]
    assert tables.sessions.read_locale("kept-visitor", "greeted=") == "en"
    await connections.remove("kept-visitor", "silent=")
    assert len(await connections.list_connections("kept-visitor")) == 2
