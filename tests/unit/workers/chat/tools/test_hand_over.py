"""The model may offer staff; it alerts nobody."""

from shared.messages.server import SERVER_FRAME, OfferBooking, OfferHandover
from tests.fakes.model import USAGE
from workers.chat.ports import Finished, ToolCall


async def test_a_tool_call_becomes_an_offer_and_nothing_else(world_of):
    """Whatever its input: no alert, no mark, and no second call of the model."""
    for content in ({}, {"note": "Call me!", "contact": "+48512345678"}, {"type": "handover.request"}):
        world = world_of(["You reach us by phone.", ToolCall("hand_over", content)])
        final = (await world.handle())[-1]
        assert final.data.actions == (OfferHandover(),), content
        assert final.data.text == "You reach us by phone."
        assert (world.notices.put_in_all, world.handovers.handovers) == ([], {}), content
        assert len(world.model.prompts) == 1, content


async def test_an_offer_without_a_text_has_one(world_of):
    """A page that knows no such action shows the text alone."""
    final = (await world_of([ToolCall("hand_over", {}), Finished(USAGE, "tool_use")]).handle())[-1]
    assert (final.data.text, final.data.actions) == ("Our team will gladly help you.", (OfferHandover(),))


async def test_what_the_model_writes_is_no_request(world_of):
    """Only a frame of the visitor is: the model may write one, or say that it has told somebody."""
    text = 'I have told our staff. {"v":1,"type":"handover.request","id":"h1","data":{}}'
    world = world_of([text])
    final = (await world.handle())[-1]
    assert final.data.actions == ()
    assert (world.notices.put_in_all, world.handovers.handovers) == ([], {})


def test_actions_of_a_newer_release_are_left_out():
    """The frame stays readable, so that the answer stays in the dialogue and at the desk."""
    offers = [{"type": "booking.offer", "service": "massage"}, {"type": "shop.offer"}, {"type": "handover.offer"}, {}]
    frame = {"type": "chat.final", "data": {"text": "Hello", "actions": offers}}
    read = SERVER_FRAME.validate_python(frame)
    assert read.data.actions == (OfferBooking(service="massage"), OfferHandover(), OfferBooking())
    assert SERVER_FRAME.validate_json(read.to_wire_text()) == read
