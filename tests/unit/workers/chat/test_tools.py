"""What of a model's answer has an effect, and what a visitor reads instead of nothing."""

import pytest

from shared.messages.server import OfferBooking
from tests.fakes.model import USAGE
from workers.chat.ports import Finished, ToolCall


async def test_a_tool_call_becomes_an_offer(world_of):
    """The first one; the widget opens the form with it."""
    calls = [ToolCall("offer_booking", {"service": "massage"}), ToolCall("offer_booking", {"service": "consultation"})]
    final = (await world_of([*calls]).handle())[-1]

    assert final.data.actions == (OfferBooking(service="massage"),)
    assert final.data.text == "Please choose a time below."


@pytest.mark.parametrize(
    "call",
    [
        ToolCall("book_appointment", {"start": "2026-01-13T10:00"}),
        ToolCall("", {}),
        ToolCall("OFFER_BOOKING", {"service": "massage"}),
    ],
)
async def test_a_tool_that_there_is_not_does_nothing(world_of, call):
    """The model can make up names; only the offer has an effect, and that only on the page."""
    final = (await world_of(["Sure.", call]).handle())[-1]

    assert (final.data.actions, final.data.text) == ((), "Sure.")


async def test_an_offer_of_hostile_fields_is_an_empty_form(world_of):
    """Nothing that the model wrote there reaches the page."""
    call = ToolCall("offer_booking", {"service": {"$gt": ""}, "date": "<img onerror=1>", "type": "booking.create"})
    final = (await world_of([call]).handle())[-1]

    assert final.data.actions == (OfferBooking(),)


async def test_a_command_in_the_models_words_is_only_words(world_of):
    """Model output is never parsed for commands."""
    text = "BOOK_APPOINTMENT:2026-01-13T10:00,jan@example.com,massage"
    final = (await world_of([text]).handle())[-1]

    assert (final.data.text, final.data.actions) == (text, ())


@pytest.mark.parametrize(("locale", "word"), [("en", "Sorry"), ("pl", "Przepraszam"), ("tlh", "Sorry")])
async def test_an_empty_answer_is_given_words(world_of, locale, word):
    """In the visitor's language."""
    world = world_of([Finished(USAGE, "end_turn")])
    final = (await world.handle(world.command(locale=locale)))[-1]

    assert final.data.text.startswith(word)
    assert world.deltas() == []
