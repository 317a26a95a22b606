"""A visitor who asks for a person: one final, one alert, one mark, whatever happens in between."""

from datetime import timedelta

import pytest

from shared.conversations.takeover import TAKEOVER_DURATION, Takeover
from shared.errors import ConversationEndedError, TransientError
from shared.ids import derive_command_key, derive_id
from shared.messages.commands import HandoverRequest
from shared.messages.server import ChatFinal, SessionEnded

NOTED = "Our team knows that you would like to talk to a person."


def ask(world, client_id="h1", *, locale="en", **data):
    return HandoverRequest.model_validate(
        {
            "id": derive_command_key("salon-ania", "session", client_id),
            "tenant": "salon-ania",
            "session_id": "session",
            "client_id": client_id,
            "connection_id": "tab",
            "accepted_at": world.clock.now(),
            "locale": locale,
            "data": data,
        }
    )


def take_over(world):
    takeover = Takeover("Ola", world.clock.now() + TAKEOVER_DURATION, is_announced=True)
    world.conversations.takeovers["session"] = takeover


def waiting(world):
    handover = world.handovers.handovers.get("session")
    return handover.waiting_since if handover else None


async def test_staff_are_alerted_and_the_visitor_learns_when_somebody_answers(world_of):
    """The mark has the note and the contact; the alert has neither, and the model is not called."""
    world = world_of()
    command = ask(world, note="My parcel has not arrived.", contact="512 345 678")
    (final,) = await world.handle(command)

    assert (final.re, final.data.announces) == ("h1", "handover_requested")
    assert final.data.text.startswith(f"{NOTED} We are open now")
    assert world.poster.types("tab") == ["chat.final"]
    (request,) = world.handovers.handovers["session"].requests
    assert (request.note, request.contact) == ("My parcel has not arrived.", "+48512345678")
    assert waiting(world) == world.clock.now()
    (alert,) = world.notices.put_in_all
    assert (alert.type, alert.data.reason, alert.tenant) == ("notice.alert", "handover_requested", "salon-ania")
    assert alert.id == derive_id(command.id, "handover_alert"), "the release after must derive the same"
    assert "/today/salon-ania/conversations/session" in alert.data.advice
    assert not any(text in world.notices.bodies[0] for text in ("parcel", "512"))
    assert (world.model.prompts, world.usage.answers) == ([], {})
    assert world.claims.records[command.claim_key].done
    assert await world.conversations.index.belongs_to_tenant("salon-ania", "session")


async def test_outside_opening_hours_the_next_opening_is_named(world_of):
    """In the language of the page."""
    world = world_of()
    world.clock.advance(timedelta(hours=5))
    world.connections.rows.clear()
    world.connections.open("session", "tab", locale="pl")
    (final,) = await world.handle(ask(world))
    assert final.data.announces == "handover_closed"
    assert "Wracamy 19 stycznia o 9:00" in final.data.text


async def test_asked_twice(world_of):
    """The visitor reads that the request is noted, and there is no second alert; the second note is kept, too."""
    world = world_of()
    await world.handle(ask(world, "h1", note="One"))
    since = waiting(world)
    world.clock.advance(timedelta(minutes=1))
    (_, final) = await world.handle(ask(world, "h2", note="Two"))
    assert final.data.text.startswith("Your request to talk to a person is already noted. We are open")
    assert final.data.announces == "handover_requested"
    assert len(world.notices.delivered) == 1
    assert waiting(world) == since
    assert [one.note for one in world.handovers.handovers["session"].requests] == ["One", "Two"]


async def test_a_person_answers_already(world_of):
    """No alert and no mark; the note is kept for staff."""
    world = world_of()
    take_over(world)
    (final,) = await world.handle(ask(world, note="One"))
    assert (final.data.announces, final.data.text) == (
        "handover_active",
        "A person of the business is already answering you here.",
    )
    assert (world.notices.put_in_all, waiting(world)) == ([], None)
    assert [one.note for one in world.handovers.handovers["session"].requests] == ["One"]


async def test_a_request_during_a_takeover_uses_up_no_alert(world_of):
    """Staff hand the conversation back a minute later, and the visitor asks again: they are alerted."""
    world = world_of()
    take_over(world)
    await world.handle(ask(world, "h1"))
    world.clock.advance(timedelta(minutes=1))
    world.conversations.takeovers.clear()
    (*_, final) = await world.handle(ask(world, "h2"))
    assert (final.data.announces, len(world.notices.delivered)) == ("handover_requested", 1)
    assert final.data.text.startswith(NOTED)


async def test_staff_take_over_while_the_request_is_recorded(world_of):
    """They cleared what was there, which was nothing yet: so the worker clears its own mark."""
    world = world_of()
    add_request = world.handovers.add_request

    async def take_over_first(*args, **kwargs):
        take_over(world)
        return await add_request(*args, **kwargs)

    world.handovers.add_request = take_over_first
    (final,) = await world.handle(ask(world))
    assert final.data.announces == "handover_active"
    assert (world.notices.put_in_all, waiting(world)) == ([], None)


async def test_a_request_that_waited_for_hours_is_still_one(world_of):
    """Workers were down: no deadline applies, and the visitor has waited since the frame was accepted."""
    world = world_of()
    command = ask(world)
    world.clock.advance(timedelta(hours=5))
    (final,) = await world.handle(command)
    assert final.data.announces == "handover_closed"
    assert (waiting(world), len(world.notices.delivered)) == (command.accepted_at, 1)


async def test_a_takeover_that_ran_out_is_none(world_of):
    """The assistant answers again, so a person has to be asked for."""
    world = world_of()
    take_over(world)
    world.clock.advance(TAKEOVER_DURATION)
    (final,) = await world.handle(ask(world))
    assert (final.data.announces, len(world.notices.delivered)) == ("handover_requested", 1)


@pytest.mark.parametrize("fails", ["handovers", "notices", "conversations"])
async def test_each_effect_happens_once_if_the_command_is_processed_again(world_of, fails):
    """Wherever the first worker failed: one request, one delivered alert, one final, the same wait."""
    world = world_of()
    getattr(world, fails).errors.append(TransientError("down"))
    command = ask(world, note="One")
    claim = await world.claim(command)
    with pytest.raises(TransientError):
        await world.handler.handle(command, claim)
    await world.claims.release(claim)
    world.clock.advance(timedelta(seconds=3))
    await world.handle(command)

    assert [frame.data.announces for frame in world.stored] == ["handover_requested"]
    assert world.stored[0].data.text.startswith(NOTED)
    assert len(world.notices.delivered) == 1
    assert len(world.handovers.handovers["session"].requests) == 1
    assert waiting(world) == command.accepted_at


async def test_a_final_that_was_stored_is_not_stored_again(world_of):
    """The first worker died before it could end the command."""
    world = world_of()
    command = ask(world)
    claim = await world.claim(command)
    final = ChatFinal.model_validate({"re": "h1", "data": {"text": "Noted.", "announces": "handover_closed"}})
    world.conversations.leave_unmarked("session", final, key=command.claim_key, marker="outcome")
    await world.claims.release(claim)
    await world.handle(command)
    assert [frame.data.text for frame in world.stored] == ["Noted."]
    assert world.notices.put_in_all == []


async def test_a_contact_that_is_none_is_refused(world_of):
    """Nobody is alerted; the visitor corrects it and asks again."""
    world = world_of()
    for number, contact in enumerate(("512", "call me", "<script>alert(1)</script>", "a@b", "javascript:x@y.com/")):
        *_, error = await world.handle(ask(world, f"h{number}", contact=contact))
        assert (error.type, error.data.code, error.data.detail) == (
            "error",
            "INVALID_CONTACT",
            "data.contact: invalid",
        ), contact
    assert (world.notices.put_in_all, world.handovers.handovers) == ([], {})


async def test_it_works_when_the_assistant_has_reached_its_limit(world_of, make_profile):
    """The refused message says so, in every language; the request is accepted all the same."""
    sentences = {"en": "ask for a person", "pl": "poprosić o człowieka", "de": "nach einem Menschen"}
    for language, sentence in sentences.items():
        world = world_of()
        world.connections.rows.clear()
        world.connections.open("session", "tab", locale=language)
        limits = {"session_dollars": "0.000000001"}
        world.tenants.blocking.profiles["salon-ania"] = make_profile(limits=limits)
        (_, error) = await world.handle()
        assert (error.data.code, sentence in error.data.message) == ("BUDGET_EXCEEDED", True), language
        (*_, final) = await world.handle(ask(world))
        assert final.data.announces == "handover_requested", language


async def test_the_assistant_answers_while_a_visitor_waits(world_of):
    """The request is no part of the dialogue that the model reads."""
    world = world_of(["120 zł."])
    await world.handle(ask(world, note="secret words"))
    (*_, final) = await world.handle()
    assert final.data.text == "120 zł."
    assert not any(text in repr(world.model.prompts) for text in ("secret words", NOTED))


async def test_without_a_queue_the_visitor_is_marked_all_the_same(world_of):
    """As in an environment of the release before."""
    world = world_of(has_notices=False)
    (final,) = await world.handle(ask(world))
    assert final.data.announces == "handover_requested"
    assert waiting(world) is not None


async def test_a_request_of_an_ended_conversation_is_not_kept(world_of):
    """Its visitor wants to be forgotten: nobody is alerted, and nobody waits."""
    world = world_of()
    await world.conversations.end_conversation("session", SessionEnded(re="e1"))
    with pytest.raises(ConversationEndedError):
        await world.handle(ask(world, contact="jan@example.com"))
    assert world.handovers.handovers == {}
    assert world.notices.put_in_all == []
