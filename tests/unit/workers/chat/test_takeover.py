"""While a person answers, the assistant is silent, and the widget never waits for ever."""

from datetime import timedelta

import pytest

from shared.conversations.announcements import announcement
from shared.conversations.takeover import TAKEOVER_DURATION, Takeover
from shared.errors import TransientError
from shared.messages.server import ChatFinal, ChatFinalData, Usage
from tests.fakes.model import Do

TODAY = ("salon-ania", "2026-01-12")


def taken_over(world, *, is_announced=False):
    """Let a person have said something just now."""
    takeover = Takeover("Ola", world.clock.now() + TAKEOVER_DURATION, is_announced)
    world.conversations.takeovers["session"] = takeover


async def test_the_assistant_is_silent_while_a_person_answers(world_of):
    """The message is kept and ends with a word on who reads it; nobody types, no model is asked, nothing is paid."""
    world = world_of()
    taken_over(world)
    sent, final = await world.handle()

    assert (sent.type, sent.data.text) == ("chat.sent", "How much is a massage?")
    assert (final.re, final.data) == ("a1", ChatFinalData(text=announcement("is_read", "en"), announces="is_read"))
    assert world.poster.types("tab") == ["chat.sent", "chat.final"]
    assert (world.model.prompts, world.usage.answers) == ([], {})
    assert world.claims.records[world.command().claim_key].done


async def test_the_visitor_is_told_once(world_of):
    """Further messages end without words, until somebody takes over anew."""
    world = world_of()
    taken_over(world)
    for number in range(3):
        await world.handle(world.command(client_id=f"a{number}"))
    texts = [final["data"]["text"] for final in world.finals()]
    assert texts == [announcement("is_read", "en"), "", ""]
    assert [final["data"]["announces"] for final in world.finals()] == ["is_read"] * 3

    taken_over(world)
    await world.handle(world.command(client_id="a9"))
    assert world.finals()[-1]["data"]["text"] == announcement("is_read", "en")


@pytest.mark.parametrize(("hello", "envelope", "heard"), [("pl", "en", "pl"), (None, "pl", "pl"), ("en", "pl", "en")])
async def test_the_word_is_in_the_visitors_language(world_of, hello, envelope, heard):
    """The page's, or else the one that the message came with."""
    world = world_of()
    world.connections.rows.clear()
    world.connections.open("session", "tab", locale=hello)
    taken_over(world)
    final = (await world.handle(world.command(locale=envelope)))[-1]
    assert final.data.text == announcement("is_read", heard)


async def test_the_assistant_answers_after_half_an_hour(world_of):
    """A person who went away does not leave the visitor alone."""
    world = world_of()
    taken_over(world, is_announced=True)
    world.clock.turn(TAKEOVER_DURATION - timedelta(seconds=1))
    assert (await world.handle(world.command(client_id="a1")))[-1].data.text == ""
    world.clock.turn(timedelta(seconds=1))
    assert (await world.handle(world.command(client_id="a2")))[-1].data.text == "Hello!"


async def test_what_was_written_meanwhile_is_known_afterwards(world_of):
    """After the hand-back the model has been told what the visitor and the person said, and no ending without words."""
    world = world_of()
    await world.said_before("Dogs?", ChatFinal(data=ChatFinalData(text="Yes, dogs.", by="human")))
    taken_over(world, is_announced=True)
    await world.handle(world.command("And cats?", "a1"))
    world.conversations.takeovers["session"] = None
    await world.handle(world.command("And birds?", "a2"))

    [prompt] = world.model.prompts
    assert [turn.text for turn in prompt.turns] == ["Dogs?", "Yes, dogs.", "And cats?\n\nAnd birds?"]


async def test_an_answer_that_was_begun_is_finished(world_of):
    """Whoever takes over in the middle of it does not cut it off; the next message is theirs."""
    world = world_of(["One. ", Do(lambda: taken_over(world)), "Two."])
    assert (await world.handle(world.command(client_id="a1")))[-1].data.text == "One. Two."
    assert (await world.handle(world.command(client_id="a2")))[-1].data.text == announcement("is_read", "en")


async def test_an_answer_that_broke_off_is_not_begun_again(world_of):
    """If a person came between two tries, the second one leaves the message to them; it stands once."""
    world = world_of(["Half", TransientError("cut off")], ["Whole"])
    with pytest.raises(TransientError):
        await world.handle()
    world.claims.records[world.command().claim_key].owner = None
    taken_over(world)
    stored = await world.handle()
    assert [frame.type for frame in stored] == ["chat.sent", "chat.final"]
    assert len(world.model.prompts) == 1


async def test_a_budget_that_is_used_up_does_not_come_between(world_of, make_profile):
    """A person's words cost no tokens."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_output_tokens": 1000})
    await world.usage.add(*TODAY, Usage(output_tokens=1000))
    taken_over(world)
    assert (await world.handle())[-1].type == "chat.final"


@pytest.mark.parametrize("ends", ["handed_back", "ran_out"])
async def test_a_message_that_nobody_reads_any_more_is_answered(world_of, ends):
    """The person hands back, or their time runs out, after the worker has looked: the visitor is not left alone."""
    world = world_of()
    taken_over(world)
    latest = world.conversations.latest

    async def just_before(session_id, limit):
        tail = await latest(session_id, limit)
        world.conversations.takeovers["session"] = None
        return tail

    async def just_in_time(session_id, limit):
        tail = await latest(session_id, limit)
        world.conversations.takeovers["session"] = Takeover("Ola", world.clock.now())
        return tail

    world.conversations.latest = just_before if ends == "handed_back" else just_in_time
    assert [frame.data.text for frame in await world.handle()] == ["How much is a massage?", "Hello!"]


async def test_the_word_on_who_reads_is_that_of_the_takeover_that_stands(world_of):
    """Somebody else took over after the worker had looked: the visitor hears of them, too."""
    world = world_of()
    taken_over(world, is_announced=True)
    latest = world.conversations.latest

    async def another(session_id, limit):
        tail = await latest(session_id, limit)
        taken_over(world)
        return tail

    world.conversations.latest = another
    assert (await world.handle())[-1].data.text == announcement("is_read", "en")
