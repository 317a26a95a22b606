"""A conversation by e-mail: what the visitor saw, escaped, in their language, once."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.conversations.takeover import ConversationTail
from shared.errors import NotYetError, PermanentError
from shared.messages.notices import NOTICE
from shared.messages.server import (
    BookingConfirmed,
    BookingConfirmedData,
    BookingPending,
    BookingPendingData,
    ChatFinal,
    ChatFinalData,
    ChatSent,
    ChatSentData,
    SessionEnded,
)
from shared.suppressions import Suppression
from tests.fakes.send_rate import FakeSendRateLimiter
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.domain import SendRate, build_transcript

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
START = datetime(2026, 1, 13, 9, tzinfo=UTC)
TEMPLATES = JinjaEmailTemplates()
HOSTILE = "<script>alert(1)</script>\n<img src=x onerror=alert(1)>\u202egnp"


def build_notice(*, until_seq=2, locale="en", **fields):
    content = {
        "id": "notice-transcript",
        "type": "notice.transcript",
        "tenant": "salon-ania",
        "session_id": "session",
        "locale": locale,
        "accepted_at": NOW,
        "data": {"contact": "jan@example.com", "until_seq": until_seq},
    }
    return NOTICE.validate_python(content | fields)


def sent(text):
    return ChatSent(re="c1", data=ChatSentData(text=text))


def answered(text, **data):
    return ChatFinal(re="c1", data=ChatFinalData(text=text, **data))


def build_tail(*frames, first=1):
    numbered = [frame.with_seq(number) for number, frame in enumerate(frames, first)]
    stored_at = {frame.seq: NOW + timedelta(minutes=frame.seq) for frame in numbered}
    return ConversationTail(numbered, last_seq=len(numbered), stored_at=stored_at)


@pytest.fixture
def write(make_profile):
    def write(*frames, locale="en", first=1):
        transcript = build_transcript(build_tail(*frames, first=first))
        return TEMPLATES.render_transcript(build_notice(locale=locale), transcript, make_profile())

    return write


async def add_messages(world, *texts):
    for text in texts:
        claim = await world.claims.claim(text, fingerprint="f", lease=timedelta(minutes=1))
        await world.conversations.append("session", sent(text), claim=claim, marker="sent")


@pytest.mark.parametrize(
    ("locale", "subject", "lines"),
    [
        ("en", "Your conversation with Salon Ania", ("Monday, 12 January 2026", "You, 13:01", "Assistant, 13:02")),
        ("pl", "Twoja rozmowa z Salon Ania", ("poniedziałek, 12 stycznia 2026", "Ty, 13:01", "Asystent, 13:02")),
        ("de", "Ihr Gespräch mit Salon Ania", ("Montag, 12. Januar 2026", "Sie, 13:01", "Assistent, 13:02")),
    ],
)
def test_a_conversation_is_in_the_readers_language_and_the_time_of_the_business(write, locale, subject, lines):
    """As text and as HTML with the same content."""
    email = write(sent("How much is it?"), answered("A massage costs 120 zł."), locale=locale)

    assert email.subject == subject
    assert "Europe/Warsaw" in email.text
    for line in (*lines, "    How much is it?", "    A massage costs 120 zł."):
        assert line in email.text
        assert line.split(",")[0].strip() in email.html
    assert "{" not in email.text


def test_it_says_what_the_visitor_saw(write):
    """A person, an announcement, a held time with the masked contact, a confirmed visit."""
    visit = {"appointment_id": "a", "start": START, "end": START, "service": "massage"}
    email = write(
        answered("A person is with you now.", announces="took_over", by="human"),
        answered("Good morning!", by="human"),
        answered("I am here.", by="human", author="Ola\u202e Nowak"),
        BookingPending(re="b1", data=BookingPendingData(**visit, expires_at=START, contact="j***@e***.com")),
        BookingConfirmed(re="v1", data=BookingConfirmedData(**visit, ics="BEGIN:VCALENDAR")),
        answered("", stopped=True),
        SessionEnded(),
    )
    for text in (email.text, email.html):
        assert "A person is with you now." in text
        assert "Good morning!" in text
        assert "j***@e***.com" in text
        assert "Massage, Tuesday, 13 January 2026, 10:00: the visit was confirmed." in text
        assert "VCALENDAR" not in text
    assert "Our team, 13:02" in email.text
    assert "Ola Nowak, 13:03" in email.text


def test_hostile_texts_are_escaped(write):
    """Nothing of them is markup, reorders the text around it, or looks like another line of the conversation."""
    email = write(sent(f"{HOSTILE}\nAssistant, 13:05\nEverything is free."))
    assert "<script" not in email.html
    assert "<img" not in email.html
    assert "&lt;script&gt;" in email.html
    assert "\u202e" not in email.html + email.text
    assert "\n    Assistant, 13:05\n    Everything is free." in email.text


def test_a_long_conversation_is_cut_and_says_so(write):
    """The end of it is what its visitor looks for."""
    notice = "only its last part is here"
    assert notice not in write(sent("Hello")).text
    assert notice in write(sent("Hello"), first=7).text
    long = write(*(sent(f"{number} {'x' * 3900}") for number in range(40)))
    assert notice in long.text
    assert notice in long.html
    assert "39 xxx" in long.text
    assert "\n    0 xxx" not in long.text
    assert len(long.text) < 80_000


async def test_a_conversation_is_read_when_it_is_sent(new_world):
    """Up to the frame that the notice names: what was said later is not what was asked for."""
    world = new_world()
    await add_messages(world, "How much is it?", "And on Sunday?", "Later.")
    assert await world.handle(build_notice(until_seq=2)) is None
    (email,) = world.mailer.sent
    assert email.recipient == "jan@example.com"
    assert email.text == "visitor: How much is it?\nvisitor: And on Sunday?\n"


async def test_an_erased_conversation_is_not_sent(new_world):
    """Its visitor has ended the session before the notice had its turn."""
    world = new_world()
    await add_messages(world, "How much is it?")
    await world.conversations.end_conversation("session", SessionEnded(re="e1"))
    await world.conversations.erase_frames("session")
    assert await world.handle(build_notice()) == "not_sent"
    assert world.mailer.sent == []
    assert world.claims.records["notice-transcript"].done


async def test_a_suppressed_address_gets_none(new_world):
    """The notice is dead-lettered, so that an operator sees it."""
    world = new_world()
    await add_messages(world, "Hello")
    await world.suppressions.add("jan@example.com", Suppression("complained", NOW))
    with pytest.raises(PermanentError, match="no e-mails") as failure:
        await world.handle(build_notice())
    assert failure.value.reason == "address_suppressed"
    assert world.mailer.sent == []


async def test_conversations_count_among_the_e_mails_of_a_contact(new_world):
    """In a minute and in a day; one beyond waits."""
    world = new_world()
    await add_messages(world, "Hello")
    await world.handle(build_notice())
    keys = [key for limiter in (world.contact_rate_limiter, world.daily_rate_limiter) for key, _ in limiter.requests]
    assert [key.split("/")[1] for key in keys] == ["contact", "contact-day"]
    world.use(daily_rate_limiter=(full := FakeSendRateLimiter(per_minute=0.01, max_wait=timedelta(days=1))))
    await full.reserve(keys[1], "other", now=world.clock.now(), rate=SendRate(timedelta(days=1), timedelta(0)))
    with pytest.raises(NotYetError):
        await world.handle(build_notice(id="notice-2"))
    assert len(world.mailer.sent) == 1


@pytest.mark.parametrize(("mail", "has_table", "reason"), [(False, True, "mail_off"), (True, False, "transcripts_off")])
async def test_without_mail_or_table_it_is_dead_lettered(new_world, mail, has_table, reason):
    """An operator sets what is missing, and replays it."""
    world = new_world(mail=mail)
    if not has_table:
        world.use(conversations=None)
    with pytest.raises(PermanentError) as failure:
        await world.handle(build_notice())
    assert failure.value.reason == reason
