"""What the reason why a model stopped means for the visitor."""

import pytest

from shared.messages.server import OfferBooking, Usage
from tests.fakes.model import USAGE
from workers.chat.ports import Finished, ToolCall

OFFER = ToolCall("offer_booking", {"service": "massage"})
NO_ANSWER = "Sorry, I don't have an answer to that. Please try asking in a different way."
TWICE = USAGE + USAGE


def ended(reason, *steps):
    """Return the script of an answer that ends with a reason."""
    return [*steps, Finished(USAGE, reason)]


@pytest.mark.parametrize(
    ("reason", "cut"),
    [
        ("end_turn", None),
        ("stop_sequence", None),
        ("tool_use", None),
        ("a reason of a newer model", None),
        ("max_tokens", "max_tokens"),
        ("model_context_window_exceeded", "max_tokens"),
        ("deadline", "deadline"),
        ("malformed_model_output", None),
    ],
)
async def test_an_answer_says_what_cut_it(world_of, reason, cut):
    """Its text is kept; the visitor can ask for the rest."""
    world = world_of(ended(reason, "Half an answer"))
    final = (await world.handle())[-1]

    assert (final.data.text, final.data.cut, final.data.announces) == ("Half an answer", cut, None)
    assert (len(world.model.prompts), final.data.usage) == (1, USAGE)


async def test_an_answer_that_does_not_fit_into_a_frame_is_cut(world_of):
    """The visitor can ask for the rest of it, too."""
    final = (await world_of(["word " * 5000]).handle())[-1]
    assert final.data.cut == "max_tokens"


async def test_of_nothing_there_is_no_rest(world_of):
    """An answer that used its tokens up before its first word gets the sentence for no answer."""
    world = world_of(ended("max_tokens"))
    final = (await world.handle())[-1]
    assert (final.data.text, final.data.cut, len(world.model.prompts)) == (NO_ANSWER, None, 1)


@pytest.mark.parametrize("reason", ["refusal", "guardrail_intervened", "content_filtered"])
@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en", "I can't answer that. Please ask something else, or contact us directly."),
        ("pl", "Na to nie mogę odpowiedzieć. Zapytaj, proszę, o coś innego albo skontaktuj się z nami bezpośrednio."),
        ("de", "Darauf kann ich nicht antworten. Bitte fragen Sie etwas anderes, oder wenden Sie sich direkt an uns."),
    ],
)
async def test_a_declined_message_gets_our_own_sentence(world_of, reason, locale, sentence):
    """Instead of what had come; its offer is dropped, its usage is counted, and it is not asked again."""
    world = world_of(ended(reason, "Well, ", OFFER))
    world.connections.open("session", "tab", locale=locale)
    final = (await world.handle())[-1]

    assert (final.data.text, final.data.announces, final.data.actions) == (sentence, "declined", ())
    assert (final.data.usage, len(world.model.prompts)) == (USAGE, 1)


async def test_a_declined_message_stays_out_of_the_next_prompt(world_of):
    """Neither the question nor our sentence: the model would decline again."""
    world = world_of(ended("refusal"), ["Hello!"])
    await world.handle(world.command("Bad", "a1"))
    await world.handle(world.command("Good", "a2"))

    assert [turn.text for turn in world.model.prompts[1].turns] == ["Good"]


async def test_an_empty_answer_is_requested_once_more(world_of):
    """The visitor gets the second one; both are counted."""
    world = world_of(ended("end_turn", " \u200b"), ["Hello!"])
    final = (await world.handle())[-1]

    assert (final.data.text, final.data.usage) == ("Hello!", TWICE)
    assert world.deltas() == [] or world.deltas()[0]["offset"] == 0
    first, second = world.model.prompts
    assert first == second


async def test_an_answer_that_stays_empty_gets_a_sentence(world_of):
    """It is not requested a third time."""
    world = world_of(ended("end_turn"))
    final = (await world.handle())[-1]
    assert (final.data.text, final.data.usage, len(world.model.prompts)) == (NO_ANSWER, TWICE, 2)


async def test_an_answer_with_only_an_offer_is_not_empty(world_of):
    """The form opens, and the model is not asked again."""
    world = world_of(ended("tool_use", OFFER))
    final = (await world.handle())[-1]
    assert (final.data.actions, len(world.model.prompts)) == ((OfferBooking(service="massage"),), 1)


async def test_a_malformed_tool_call_is_answered_without_the_tool(world_of):
    """With the text that came; without any, the model is asked again, and has no tools then."""
    kept = world_of(ended("malformed_tool_use", "We are open.", OFFER))
    final = (await kept.handle())[-1]
    assert (final.data.text, final.data.actions, len(kept.model.prompts)) == ("We are open.", (), 1)

    again = world_of(ended("malformed_tool_use", OFFER), ["We are open."])
    final = (await again.handle())[-1]
    assert (final.data.text, final.data.actions, final.data.usage) == ("We are open.", (), TWICE)
    assert [bool(prompt.tools) for prompt in again.model.prompts] == [True, False]


@pytest.mark.parametrize(
    ("own", "other", "word"), [("pl", "de", "Przepraszam"), (None, "de", "Darauf"), (None, None, "Sorry")]
)
async def test_a_sentence_of_ours_is_in_the_language_of_the_hello(world_of, own, other, word):
    """Of the connection that the message came by, else of another one, else of the command."""
    world = world_of(ended("end_turn"))
    world.connections.open("session", "other tab", locale=other, at=world.clock.now())
    world.connections.open("session", "tab", locale=own)
    final = (await world.handle(world.command(locale="en")))[-1]

    assert final.data.text.startswith(word)
    assert final.data.usage != Usage()
