"""Which parts of a model's answer have an effect, and the default texts."""

import pytest

from shared.messages.server import OfferBooking
from tests.fakes.model import USAGE
from workers.chat.ports import Finished, ToolCall


async def test_a_tool_call_becomes_an_offer(world_of):
    """The first call counts; the widget opens the form with it."""
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
async def test_an_unknown_tool_has_no_effect(world_of, call):
    """The model can invent names; only the offer has an effect, and only on the page."""
    final = (await world_of(["Sure.", call]).handle())[-1]

    assert (final.data.actions, final.data.text) == ((), "Sure.")


async def test_an_offer_with_invalid_fields_is_an_empty_form(world_of):
    """No invalid value of the model reaches the page."""
    call = ToolCall("offer_booking", {"service": {"$gt": ""}, "date": "<img onerror=1>", "type": "booking.create"})
    final = (await world_of([call]).handle())[-1]

    assert final.data.actions == (OfferBooking(),)


WRONG_SERVICES = (
    None,
    True,
    7,
    -1,
    1e400,
    [],
    {},
    ["massage"],
    {"id": "massage"},
    "",
    "\ud800",
    "massage' --",
    "x" * 9999,
)
WRONG_DATES = (
    *("2026-01-13 ", "2026-01-13\n", "2026-1-13", "20260113", "2026-02-30", "0000-01-01", "1999-01-13", "9999-12-31"),
    *("10000-01-01", "-2026-01-13", "2026-01-13T10:00", "\x1b[31m2026-01-13", "\uff12\uff10\uff12\uff16-01-13"),
)


async def test_no_wrong_value_of_the_model_is_offered(world_of):
    """Whatever type it has, and however near a right one is; as service and as date."""
    for value in (*WRONG_SERVICES, *WRONG_DATES):
        call = ToolCall("offer_booking", {"service": value, "date": value, "start": value})
        final = (await world_of([call]).handle())[-1]
        assert final.data.actions == (OfferBooking(),), repr(value)[:60]


async def test_an_offered_date_of_another_century_is_dropped(world_of):
    """The form opens for the service, on the first free day."""
    call = ToolCall("offer_booking", {"service": "massage", "date": "1999-01-13"})
    final = (await world_of([call]).handle())[-1]

    assert final.data.actions == (OfferBooking(service="massage"),)


async def test_a_command_in_the_answers_text_has_no_effect(world_of):
    """The answer's text is never parsed for commands."""
    text = "BOOK_APPOINTMENT:2026-01-13T10:00,jan@example.com,massage"
    final = (await world_of([text]).handle())[-1]

    assert (final.data.text, final.data.actions) == (text, ())


@pytest.mark.parametrize(("locale", "word"), [("en", "Sorry"), ("pl", "Przepraszam"), ("tlh", "Sorry")])
async def test_an_empty_answer_gets_a_default_text(world_of, locale, word):
    """In the visitor's language."""
    world = world_of([Finished(USAGE, "end_turn")])
    world.connections.open("session", "tab", locale=locale)
    final = (await world.handle())[-1]

    assert final.data.text.startswith(word)
    assert world.deltas() == []
