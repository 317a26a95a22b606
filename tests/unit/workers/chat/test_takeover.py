"""During a takeover the assistant is silent, and the widget never waits without end."""

from datetime import timedelta

import pytest

from shared.conversations.announcements import render_announcement
from shared.conversations.takeover import TAKEOVER_DURATION, Takeover
from shared.messages.server import ChatFinal, ChatFinalData, Usage
from tests.fakes.model import Do

TODAY = ("salon-ania", "2026-01-12")


def record_takeover(world, *, is_announced=False):
    """Record that a member of the staff has just answered."""
    takeover = Takeover("Ola", world.clock.now() + TAKEOVER_DURATION, is_announced)
    world.conversations.takeovers["session"] = takeover


async def test_the_assistant_is_silent_during_a_takeover(world_of):
    """The message is stored and ends with an announcement; there is no typing frame, no call of the model, no cost."""
    world = world_of()
    record_takeover(world)
    sent, final = await world.handle()

    assert (sent.type, sent.data.text) == ("chat.sent", "How much is a massage?")
    assert (final.re, final.data) == (
        "a1",
        ChatFinalData(text=render_announcement("is_read", "en"), announces="is_read"),
    )
    assert world.poster.types("tab") == ["chat.sent", "chat.final"]
    assert (world.model.prompts, world.usage.answers) == ([], {})
    assert world.claims.records[world.command().claim_key].done


async def test_the_announcement_is_sent_once_per_takeover(world_of):
    """Further messages end without a text, until staff take over again."""
    world = world_of()
    record_takeover(world)
    for number in range(3):
        await world.handle(world.command(client_id=f"a{number}"))
    texts = [final["data"]["text"] for final in world.finals()]
    assert texts == [render_announcement("is_read", "en"), "", ""]
    assert [final["data"]["announces"] for final in world.finals()] == ["is_read"] * 3

    record_takeover(world)
    await world.handle(world.command(client_id="a9"))
    assert world.finals()[-1]["data"]["text"] == render_announcement("is_read", "en")


@pytest.mark.parametrize(("hello", "envelope", "heard"), [("pl", "en", "pl"), (None, "pl", "pl"), ("en", "pl", "en")])
async def test_the_announcement_is_in_the_visitors_language(world_of, hello, envelope, heard):
    """That of the page, or else the one that the message came with."""
    world = world_of()
    world.connections.rows.clear()
    world.connections.open("session", "tab", locale=hello)
    record_takeover(world)
    final = (await world.handle(world.command(locale=envelope)))[-1]
    assert final.data.text == render_announcement("is_read", heard)


async def test_the_assistant_answers_after_half_an_hour(world_of):
    """A takeover expires, so that the visitor is not left without an answer."""
    world = world_of()
    record_takeover(world, is_announced=True)
    world.clock.advance(TAKEOVER_DURATION - timedelta(seconds=1))
    assert (await world.handle(world.command(client_id="a1")))[-1].data.text == ""
    world.clock.advance(timedelta(seconds=1))
    assert (await world.handle(world.command(client_id="a2")))[-1].data.text == "Hello!"


async def test_messages_of_the_takeover_are_in_later_prompts(world_of):
    """After the hand-back the prompt has the messages of visitor and staff, and no finals without a text."""
    world = world_of()
    await world.store_history("Dogs?", ChatFinal(data=ChatFinalData(text="Yes, dogs.", by="human")))
    record_takeover(world, is_announced=True)
    await world.handle(world.command("And cats?", "a1"))
    world.conversations.takeovers["session"] = None
    await world.handle(world.command("And birds?", "a2"))

    [prompt] = world.model.prompts
    assert [turn.text for turn in prompt.turns] == ["Dogs?", "Yes, dogs.", "And cats?\n\nAnd birds?"]


async def test_an_answer_that_was_started_is_finished(world_of):
    """A takeover during the answer does not interrupt it; it applies from the next message on."""
    world = world_of(["One. ", Do(lambda: record_takeover(world)), "Two."])
    assert (await world.handle(world.command(client_id="a1")))[-1].data.text == "One. Two."
    assert (await world.handle(world.command(client_id="a2")))[-1].data.text == render_announcement("is_read", "en")


async def test_a_failed_answer_is_not_restarted_during_a_takeover(world_of):
    """If staff take over between two attempts, the message is left to them, and is stored once."""
    world = world_of(["Half", KeyError("a bug")], ["Whole"])
    with pytest.raises(KeyError):
        await world.handle()
    world.claims.records[world.command().claim_key].owner = None
    record_takeover(world)
    stored = await world.handle()
    assert [frame.type for frame in stored] == ["chat.sent", "chat.final"]
    assert len(world.model.prompts) == 1


async def test_an_exhausted_budget_does_not_prevent_a_takeover(world_of, make_profile):
    """Staff answers use no tokens."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_output_tokens": 1000})
    await world.usage.add_usage(*TODAY, Usage(output_tokens=1000))
    record_takeover(world)
    assert (await world.handle())[-1].type == "chat.final"


@pytest.mark.parametrize("ends", ["handed_back", "ran_out"])
async def test_a_message_is_answered_if_the_takeover_has_just_ended(world_of, ends):
    """It was handed back or expired after the worker had read it: the assistant answers."""
    world = world_of()
    record_takeover(world)
    latest = world.conversations.get_tail

    async def just_before(session_id, limit):
        tail = await latest(session_id, limit)
        world.conversations.takeovers["session"] = None
        return tail

    async def just_in_time(session_id, limit):
        tail = await latest(session_id, limit)
        world.conversations.takeovers["session"] = Takeover("Ola", world.clock.now())
        return tail

    world.conversations.get_tail = just_before if ends == "handed_back" else just_in_time
    assert [frame.data.text for frame in await world.handle()] == ["How much is a massage?", "Hello!"]


async def test_the_announcement_is_that_of_the_current_takeover(world_of):
    """If someone else took over after the worker had read it, that takeover is announced, too."""
    world = world_of()
    record_takeover(world, is_announced=True)
    latest = world.conversations.get_tail

    async def another(session_id, limit):
        tail = await latest(session_id, limit)
        record_takeover(world)
        return tail

    world.conversations.get_tail = another
    assert (await world.handle())[-1].data.text == render_announcement("is_read", "en")


async def test_a_takeover_that_began_before_the_message_was_stored_counts(world_of):
    """Another frame came between the conversation that was read and the message: it is read again."""
    world = world_of(["Hello!"])
    get_tail = world.conversations.get_tail

    async def overtaken(session_id, limit):
        tail = await get_tail(session_id, limit)
        world.conversations.get_tail = get_tail
        await world.store_history("An earlier message")
        record_takeover(world)
        return tail

    world.conversations.get_tail = overtaken
    await world.handle()
    assert world.model.prompts == []
    assert world.stored[-1].data.announces == "is_read"
