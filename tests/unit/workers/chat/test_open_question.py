"""What was asked during a takeover and not answered, the assistant answers when the conversation is handed back."""

from datetime import timedelta

import pytest

from shared.conversations.takeover import TAKEOVER_DURATION, Takeover
from shared.errors import PermanentError, TransientError
from shared.ids import derive_id
from shared.messages.commands import CHAT_COMMAND
from shared.messages.server import ChatFinal, ChatFinalData, Usage

TODAY = ("salon-ania", "2026-01-12")


def take_over(world, by="Ola"):
    world.conversations.takeovers["session"] = Takeover(by, world.clock.now() + TAKEOVER_DURATION, is_announced=True)


def hand_back(world):
    world.conversations.takeovers["session"] = None


def answer_open(world, *, before_seq=None, number=1):
    """Return the command of a hand-back, as the desk queues it."""
    return CHAT_COMMAND.validate_python(
        {
            "type": "chat.answer_open",
            "id": derive_id(str(number), "answer open question"),
            "tenant": "salon-ania",
            "session_id": "session",
            "client_id": "a1",
            "accepted_at": world.clock.now(),
            "locale": "en",
            "data": {"before_seq": before_seq or len(world.stored) + 1},
        }
    )


async def ask_during_a_takeover(world, *texts):
    take_over(world)
    for number, text in enumerate(texts, 1):
        await world.handle(world.command(text, f"a{number}"))
    hand_back(world)


async def test_the_question_is_answered(world_of):
    """The answer is about the visitor's message, and is stored and posted like any other."""
    world = world_of(["A massage costs 120 zł."])
    await ask_during_a_takeover(world, "How much is it?")
    final = (await world.handle(answer_open(world)))[-1]
    assert (final.re, final.data.text, final.data.announces) == ("a1", "A massage costs 120 zł.", None)
    assert world.finals()[-1]["seq"] == final.seq == 3
    assert [turn.text for turn in world.model.prompts[0].turns] == ["How much is it?"]


async def test_all_open_questions_are_in_one_prompt(world_of):
    """The answer is about the last one; a message with an answer of staff before them is part of the dialogue."""
    world = world_of(["Both."])
    await world.store_history("Dogs?", ChatFinal(data=ChatFinalData(text="Yes, dogs.", by="human")))
    await ask_during_a_takeover(world, "And cats?", "And birds?")
    final = (await world.handle(answer_open(world)))[-1]
    assert final.re == "a2"
    assert [turn.text for turn in world.model.prompts[0].turns] == ["Dogs?", "Yes, dogs.", "And cats?\n\nAnd birds?"]


async def test_two_hand_backs_cause_one_answer(world_of):
    """Two operators, or a hand-back after another takeover: the second command finds nothing open, and ends."""
    world = world_of(["Once."], ["Twice."])
    await ask_during_a_takeover(world, "How much is it?")
    first, second = answer_open(world, number=1), answer_open(world, number=2)
    await world.handle(first)
    stored = await world.handle(second)
    assert [frame.data.text for frame in stored if frame.type == "chat.final" and frame.data.text] == ["Once."]
    assert len(world.model.prompts) == 1
    assert world.claims.records[second.claim_key].done


async def test_nothing_is_answered_during_a_new_takeover(world_of):
    """The question is the person's again; the hand-back after that has a command of its own."""
    world = world_of(["Later."])
    await ask_during_a_takeover(world, "How much is it?")
    take_over(world, "Jan")
    before = len(world.stored)
    assert len(await world.handle(answer_open(world, number=1))) == before
    assert world.model.prompts == []
    hand_back(world)
    assert (await world.handle(answer_open(world, number=2)))[-1].data.text == "Later."


async def test_staff_have_answered_meanwhile(world_of):
    """An answer that overtakes the command leaves nothing open."""
    world = world_of(["Unwanted."])
    await ask_during_a_takeover(world, "How much is it?")
    command = answer_open(world)
    await world.store_history(ChatFinal(data=ChatFinalData(text="120.", by="human")))
    assert (await world.handle(command))[-1].data.text == "120."
    assert world.model.prompts == []


async def test_a_later_question_has_its_own_command(world_of):
    """What was left to staff after the hand-back, in another takeover, is not this command's."""
    world = world_of(["Too early."])
    await ask_during_a_takeover(world, "How much is it?")
    command = answer_open(world, before_seq=1)
    await world.handle(command)
    assert world.model.prompts == []


async def test_an_answer_that_was_stored_is_not_written_again(world_of):
    """The worker died after it had stored the answer."""
    world = world_of(["Again?"])
    await ask_during_a_takeover(world, "How much is it?")
    command = answer_open(world)
    frame = ChatFinal(re="a1", data=ChatFinalData(text="120."))
    await world.claim(command)
    world.claims.records[command.claim_key].owner = None
    world.conversations.leave_unmarked("session", frame, key=command.claim_key, marker="outcome")
    stored = await world.handle(command)
    assert [one.data.text for one in stored if one.type == "chat.final"][-1] == "120."
    assert world.model.prompts == []
    assert world.finals()[-1]["data"]["text"] == "120."


async def test_an_exhausted_budget_is_reported(world_of, make_profile):
    """The error is about the visitor's question, which stays open for staff."""
    world = world_of()
    await ask_during_a_takeover(world, "How much is it?")
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_output_tokens": 1000})
    await world.usage.add_usage(*TODAY, Usage(output_tokens=1000))
    error = (await world.handle(answer_open(world)))[-1]
    assert (error.type, error.re, error.data.code) == ("error", "a1", "BUDGET_EXCEEDED")


async def test_a_model_that_is_down_is_tried_again(world_of):
    """The command fails as a message does, and its visitor hears of it in the end."""
    world = world_of([TransientError("down")], [TransientError("down")], [TransientError("down")])
    await ask_during_a_takeover(world, "How much is it?")
    command = answer_open(world)
    with pytest.raises(PermanentError):
        await world.handle(command)
    world.claims.records[command.claim_key].owner = None
    world.clock.advance(timedelta(seconds=1))
    await world.handler.give_up(command, await world.claim(command), "model_down")
    assert (world.stored[-1].type, world.stored[-1].re) == ("error", "a1")
