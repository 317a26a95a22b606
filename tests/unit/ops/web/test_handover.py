"""Visitors who wait for a person, on the owner's pages: marked until staff take over or clear the mark."""

from datetime import timedelta

import pytest

from shared.conversations.handover import StaffRequest
from shared.errors import TransientError
from tests.unit.ops.web.conversations import CONVERSATION, final, sent, store_frames

DAY = "/today/salon-ania"
NOTE = "<b>My</b> parcel has not arrived."


def ask(world, command_id="h1", *, session="s-1", tenant="salon-ania", note=NOTE, contact="+48512345678"):
    """Return a function that records a request, as the chat worker does."""

    async def record():
        request = StaffRequest(command_id, world.clock.now(), note, contact)
        await world.handovers.add_request(tenant, session, request, waits=True)

    return record


@pytest.fixture
def run(owner):
    return owner.http.portal.call


@pytest.fixture
def waiting(owner, world, run):
    """Return the owner's browser; a visitor has written and waits for a person."""
    run(store_frames(world, sent("Dogs?"), final("No idea.")))
    run(ask(world))
    return owner


def is_waiting(world, session="s-1"):
    return world.handovers.handovers[session].waiting_since is not None


def test_both_pages_show_who_waits_with_what_they_wrote(waiting):
    """Since when, the note and the contact; what a visitor wrote is text."""
    for page in (DAY, CONVERSATION):
        text = waiting.get(page).text
        for expected in ("Waits for a person since", "&lt;b&gt;My&lt;/b&gt; parcel", "Contact: +48512345678"):
            assert expected in text, (page, expected)
        assert "<b>My" not in text, page


def test_the_mark_is_in_the_language_of_the_operator(waiting):
    """Polish, German and English."""
    for language, expected in {
        "pl": "Gość czeka na rozmowę z człowiekiem od:",
        "de": "auf einen Menschen",
        "en": "Waits for a person since",
    }.items():
        waiting.http.headers["Accept-Language"] = language
        assert expected in waiting.get(DAY).text, language


@pytest.mark.parametrize("action", ["take-over", "hand-back", "answer"])
def test_whatever_staff_do_clears_the_mark(waiting, world, action, run):
    """They take over, answer, or hand back after a request that came meanwhile."""
    waiting.get(CONVERSATION)
    if action == "answer":
        waiting.send(CONVERSATION, text="Yes.", answer_id="one")
    else:
        waiting.send(f"{CONVERSATION}/take-over", press_id="one")
    if action == "hand-back":
        run(ask(world, "h2"))
        assert is_waiting(world)
        waiting.follow()
        waiting.send(f"{CONVERSATION}/hand-back", press_id="two")
    assert not is_waiting(world)
    text = waiting.follow().text
    assert 'data-testid="waits-for-person"' not in text
    # What the visitor wrote stays readable, with who took care of it.
    assert "parcel has not arrived" in text
    assert "Taken care of by" in text
    assert 'data-testid="waits-for-person"' not in waiting.get(DAY).text


def test_a_takeover_whose_mark_could_not_be_cleared(waiting, world):
    """The form is sent again: staff have taken over once, and the mark goes."""
    waiting.get(CONVERSATION)
    world.handovers.errors.append(TransientError("down"))
    waiting.send(f"{CONVERSATION}/take-over", press_id="one")
    assert is_waiting(world)
    waiting.get(CONVERSATION)
    waiting.send(f"{CONVERSATION}/take-over", press_id="one")
    assert not is_waiting(world)
    assert len(world.conversations.list_frames("s-1")) == 3


def test_the_mark_can_be_cleared_alone(waiting, world):
    """Somebody called the visitor: the conversation stays with the assistant, and gets no frame."""
    waiting.get(CONVERSATION)
    waiting.send(f"{CONVERSATION}/clear-request")
    assert waiting.last.headers["location"] == f"{CONVERSATION}?said=cleared_request"
    assert "The mark is cleared." in waiting.follow().text
    assert not is_waiting(world)
    assert len(world.conversations.list_frames("s-1")) == 2
    assert world.conversations.takeovers.get("s-1") is None


def test_who_asked_on_another_day_is_on_todays_page_only(waiting, world):
    """A request of Saturday night is answered on Monday morning; who waits comes first."""
    world.clock.advance(timedelta(days=2))
    waiting.sign_in()
    waiting.http.portal.call(store_frames(world, sent("Cats?"), session="s-2"))
    waiting.get(DAY)
    text = waiting.last.text
    assert text.index("conversations/s-1") < text.index("conversations/s-2")
    assert text.count("conversations/s-1") == text.count('data-testid="waits-for-person"') * 2 == 2
    assert "conversations/s-1" not in waiting.get(f"{DAY}?day=2026-01-13").text


def test_other_businesses_see_nothing_of_it(salon_owner, world):
    """Neither on their pages, nor by the address of the conversation, nor can they clear the mark."""
    run = salon_owner.http.portal.call
    run(store_frames(world, sent("Dogs?"), session="s-bea", tenant="studio-bea"))
    run(ask(world, session="s-bea", tenant="studio-bea", note="Only for Bea"))
    assert "Only for Bea" not in salon_owner.get(DAY).text
    salon_owner.get("/failures")
    csrf = salon_owner.csrf()
    for tenant in ("studio-bea", "salon-ania"):
        path = f"/today/{tenant}/conversations/s-bea/clear-request"
        assert salon_owner.send(path, csrf=csrf).status_code == 404, tenant
    assert is_waiting(world, "s-bea")
