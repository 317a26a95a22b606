"""A visitor chats over the real path."""

import asyncio

import pytest

from tests.e2e.backstage import DEFAULT_PACE, Backstage
from tests.e2e.visitor import Visit, Visitor

pytestmark = pytest.mark.e2e


async def chat(visitor: Visitor, text: str) -> dict:
    return await visitor.ask("chat.send", {"text": text}, "chat.final")


def deltas_applied(frames: list[dict], re: str) -> str:
    text = ""
    for frame in frames:
        if frame["type"] == "chat.delta" and frame["re"] == re:
            text = text[: frame["data"]["offset"]] + frame["data"]["text"]
    return text


async def test_hello_is_answered_with_a_complete_welcome(visit: Visit, backstage: Backstage):
    """The first welcome opens a new session, and has the limits and the disclosure in the visitor's language."""
    async with visit(greet=False) as visitor:
        welcome = await visitor.hello(locale="pl")

    data = welcome["data"]
    assert data["resume"] == "new"
    assert data["session"]
    assert data["limits"] == {"frame_bytes": 24 * 1024, "chat_characters": 4000}
    assert data["disclosure"] == backstage.profile.disclosure.choose_text("pl")


async def test_an_answer_is_streamed_and_then_stored(visit: Visit):
    """A message is acknowledged, stored, answered in deltas, and ended by exactly one final frame."""
    async with visit() as visitor:
        final = await chat(visitor, "How much does a consultation cost?")
        frames = [*visitor.seen, *await visitor.quiet()]

    mine = [frame for frame in frames if frame.get("re") == final["re"]]
    kinds = [frame["type"] for frame in mine]
    assert kinds.count("ack") == 1
    assert kinds.count("chat.final") == 1
    assert kinds.index("chat.sent") < kinds.index("typing") < kinds.index("chat.delta") < kinds.index("chat.final")
    assert [frame["seq"] for frame in mine if "seq" in frame] == [1, 2]
    assert final["data"]["text"].startswith(deltas_applied(mine, final["re"]))
    assert "220" in final["data"]["text"], "the knowledge base says what a consultation costs"
    assert final["data"]["usage"]["output_tokens"] > 0


async def test_a_request_for_an_appointment_offers_the_form(visit: Visit):
    """The model's tool call reaches the page as an action; nothing is booked by it."""
    async with visit() as visitor:
        final = await chat(visitor, "I would like to book an appointment, please")

    assert [action["type"] for action in final["data"]["actions"]] == ["booking.offer"]


async def test_polish_is_answered_in_polish(visit: Visit):
    """The answer is in the language of the message."""
    async with visit(locale="pl") as visitor:
        final = await chat(visitor, "Ile kosztuje konsultacja?")

    assert "zł" in final["data"]["text"]


async def test_plain_text_is_a_chat_message(visit: Visit):
    """The predecessor's pages send plain text; they get the same answer under a new id."""
    async with visit() as visitor:
        await visitor.send_text("When are you open?")
        final = await visitor.until("chat.final")

    assert final["data"]["text"]


async def test_a_second_tab_sees_the_conversation(visit: Visit):
    """Durable frames reach every live connection of the session, with the same numbers."""
    async with visit(greet=False) as first:
        welcome = await first.hello()
        async with visit(session=welcome["data"]["session"]) as second:
            final = await chat(first, "Where are you?")
            there = await second.until("chat.final")

    assert (there["seq"], there["data"]) == (final["seq"], final["data"])


async def test_the_conversation_resumes_after_a_dropped_connection(visit: Visit):
    """Frames that were stored without a connection follow the next `hello`, in order and without gaps."""
    async with visit(greet=False) as visitor:
        token = (await visitor.hello())["data"]["session"]
        first = await chat(visitor, "Hello")
        await visitor.send("chat.send", {"text": "Which services do you offer?"}, frame_id="lost")
        await visitor.until("ack", re="lost")

    await asyncio.sleep(1.5)
    async with visit(session=token, greet=False) as visitor:
        welcome = await visitor.hello(last_seq=first["seq"])
        missed = [await visitor.receive(), await visitor.receive()]

    assert welcome["data"]["resume"] == "ok"
    assert [(frame["type"], frame["seq"], frame["re"]) for frame in missed] == [
        ("chat.sent", first["seq"] + 1, "lost"),
        ("chat.final", first["seq"] + 2, "lost"),
    ]


async def test_the_same_message_sent_twice_is_answered_once(visit: Visit, backstage: Backstage):
    """A client without an ack sends again under the same id; the model is called once."""
    async with visit() as visitor:
        before = backstage.model_calls()
        await visitor.send("chat.send", {"text": "Do you have vouchers?"}, frame_id="again")
        await visitor.send("chat.send", {"text": "Do you have vouchers?"}, frame_id="again")
        await visitor.until("chat.final", re="again")
        frames = [*visitor.seen, *await visitor.quiet()]

    assert backstage.model_calls() == before + 1
    assert len({frame["seq"] for frame in frames if frame["type"] == "chat.final"}) == 1
    assert sum(frame["type"] == "ack" for frame in frames) == 2


async def test_the_same_id_with_another_text_is_refused(visit: Visit):
    """An id belongs to one payload."""
    async with visit() as visitor:
        await visitor.ask("chat.send", {"text": "One"}, "chat.final", frame_id="same")
        refused = await visitor.ask("chat.send", {"text": "Two"}, "chat.final", frame_id="same")

    assert (refused["type"], refused["data"]["code"]) == ("error", "BAD_FRAME")


async def test_a_visitor_can_stop_an_answer(visit: Visit, backstage: Backstage):
    """The stop overtakes the answer, which ends early with `stopped` in its final frame."""
    backstage.bedrock("script", {"replies": [{"text": "word " * 400}]})
    backstage.bedrock("pace", {"tokens_per_second": 40, "first_token_ms": 50})
    try:
        async with visit() as visitor:
            await visitor.send("chat.send", {"text": "Tell me everything"}, frame_id="stopped")
            await visitor.until("chat.delta", re="stopped")
            await visitor.send("chat.stop", {"id": "stopped"})
            final = await visitor.until("chat.final", re="stopped")
    finally:
        backstage.bedrock("pace", DEFAULT_PACE)

    assert final["data"]["stopped"] is True
    assert 0 < len(final["data"]["text"]) < len("word " * 400) - 10


async def test_model_output_is_never_a_command(visit: Visit, backstage: Backstage):
    """A booking command in the model's output is only text."""
    hostile = "BOOK_APPOINTMENT:2026-12-01T10:00,eve@example.com,consultation"
    backstage.bedrock("script", {"replies": [{"text": hostile}]})
    async with visit(greet=False) as visitor:
        session = (await visitor.hello())["data"]["session_id"]
        final = await chat(visitor, "Repeat after me")

    assert final["data"]["text"] == hostile
    assert backstage.appointments(session) == []


async def test_a_throttled_model_call_is_retried(visit: Visit, backstage: Backstage):
    """After throttling and an interrupted stream the visitor still gets one answer."""
    backstage.bedrock("faults", {"kind": "throttle", "times": 2})
    backstage.bedrock("faults", {"kind": "cut", "times": 1, "after_deltas": 3})
    async with visit() as visitor:
        final = await chat(visitor, "How do I get there?")
        frames = [*visitor.seen, *await visitor.quiet()]

    assert final["type"] == "chat.final"
    assert sum(frame["type"] == "chat.final" for frame in frames) == 1


async def test_ping_is_answered(visit: Visit):
    """The widget keeps its connection alive with pings."""
    async with visit() as visitor:
        pong = await visitor.ask("ping", {}, "pong")

    assert pong["type"] == "pong"
