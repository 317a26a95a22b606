"""Who answers a conversation, on the owner's pages: taken over, handed back, and on record."""

import re
from datetime import timedelta

import pytest

from shared.conversations.announcements import announcement
from shared.conversations.takeover import TAKEOVER_DURATION
from shared.errors import TransientError
from tests.unit.ops.web.conftest import Browser
from tests.unit.ops.web.conversations import CONVERSATION, final, left_to_staff, sent, store_frames

DAY = "/today/salon-ania"


@pytest.fixture
def at_conversation(owner, world):
    """Return the owner before a conversation in which a visitor has asked something."""
    owner.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea.")))
    owner.get(CONVERSATION)
    return owner


def press(browser, action, press_id="one", **more):
    return browser.send(f"{CONVERSATION}/{action}", press_id=press_id, **more)


def entries(world):
    return [(entry.action, entry.by) for entry in world.conversations.story.entries["s-1"]]


def takeover(world):
    return world.conversations.takeovers.get("s-1")


def test_an_answer_silences_the_assistant(at_conversation, world):
    """The page says until when, in the zone of the business, and offers to hand back instead of to take over."""
    assert 'data-testid="take-over"' in at_conversation.last.text
    at_conversation.send(CONVERSATION, text="Yes.", answer_id="one")
    text = at_conversation.follow().text
    assert "You are answering; the assistant is silent until 13:30." in text
    assert 'data-testid="hand-back"' in text
    assert 'data-testid="take-over"' not in text
    assert takeover(world).until == world.clock.now() + TAKEOVER_DURATION


def test_a_person_takes_over_before_they_answer(at_conversation, world):
    """The visitor hears so in their language, in every open tab, as a person's words."""
    world.connections.open("s-1", "tab-1", locale="pl")
    press(at_conversation, "take-over")
    assert at_conversation.last.headers["location"] == f"{CONVERSATION}?said=took_over"
    frame = world.conversations.of("s-1")[-1]
    assert (frame.re, frame.data.by, frame.data.text) == (None, "human", announcement("took_over", "pl"))
    assert frame.data.announces == "took_over"
    assert world.poster.posted == [("tab-1", frame.wire())]
    assert takeover(world).is_announced
    assert "You are answering" in at_conversation.follow().text


def test_a_person_hands_back(at_conversation, world):
    """The visitor hears so; without an open page, in the language of the business."""
    press(at_conversation, "take-over")
    at_conversation.follow()
    press(at_conversation, "hand-back")
    assert at_conversation.last.headers["location"] == f"{CONVERSATION}?said=handed_back"
    outcome = world.conversations.of("s-1")[-1].data
    assert (outcome.text, outcome.announces) == (announcement("handed_back", "pl"), "handed_back")
    assert takeover(world) is None
    text = at_conversation.follow().text
    assert "The assistant answers again." in text
    assert 'data-testid="taken-over"' not in text


def test_what_a_button_says_is_not_shown_as_somebodys_words(at_conversation):
    """Nobody typed it; what a person typed stands beside it under their name."""
    press(at_conversation, "take-over")
    at_conversation.follow()
    at_conversation.send(CONVERSATION, text="Yes, dogs may come.", answer_id="two")
    text = at_conversation.follow().text
    assert f'<div class="event">{announcement("took_over", "pl")}</div>' in text
    assert re.search(r'class="bubble human"><small>[^<]+</small><p>Yes, dogs may come\.</p>', text)


def test_a_model_that_says_the_sentence_is_shown_as_the_assistant(at_conversation, world):
    """Nobody took over: the words stand in the assistant's bubble."""
    sentence = announcement("took_over", "en")
    at_conversation.http.portal.call(store_frames(world, final(sentence)))
    text = at_conversation.get(CONVERSATION).text
    assert f'<div class="event">{sentence}</div>' not in text
    assert re.search(rf'class="bubble assistant"><small>[^<]+</small><p>{re.escape(sentence)}</p>', text)


@pytest.mark.parametrize("ids", [("one", "one"), ("one", "two")])
def test_a_button_that_is_pressed_twice_does_it_once(at_conversation, world, ids):
    """By a double click, or by somebody else on a page that is a little old: one sentence, one line of the story."""
    csrf = at_conversation.csrf()
    for action, outcome in (("take-over", "took_over"), ("hand-back", "handed_back")):
        before = len(world.conversations.of("s-1"))
        for press_id in (*ids, ids[-1]):
            address = press(at_conversation, action, press_id, csrf=csrf).headers["location"]
            assert address == f"{CONVERSATION}?said={outcome}"
        assert len(world.conversations.of("s-1")) == before + 1
    assert [action for action, _ in entries(world)] == ["looked", "took_over", "handed_back"]


def test_a_double_click_is_one_press_whatever_the_visitor_does(at_conversation, world):
    """Even if they change the language in between."""
    csrf = at_conversation.csrf()
    world.connections.open("s-1", "tab-1", locale="pl")
    press(at_conversation, "take-over", csrf=csrf)
    world.connections.rows.clear()
    world.connections.open("s-1", "tab-1", locale="en")
    assert press(at_conversation, "take-over", csrf=csrf).headers["location"].endswith("?said=took_over")
    assert len(world.conversations.of("s-1")) == 3


def test_a_press_that_could_not_be_stored_may_be_made_again(at_conversation, world):
    """It is not taken for one that is under way."""
    csrf = at_conversation.csrf()
    world.conversations.trouble.append(TransientError("throttled"))
    assert press(at_conversation, "take-over", csrf=csrf).status_code == 503
    press(at_conversation, "take-over", csrf=csrf)
    assert takeover(world)


def test_half_an_hour_after_the_last_words_the_assistant_is_back(at_conversation, world):
    """Each answer gives the person more time; what they do not use runs out by itself."""
    csrf = at_conversation.csrf()
    at_conversation.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id="one")
    world.clock.turn(timedelta(minutes=20))
    at_conversation.send(CONVERSATION, csrf=csrf, text="Small ones.", answer_id="two")
    world.clock.turn(timedelta(minutes=29, seconds=59))
    assert "silent until 13:50" in at_conversation.get(CONVERSATION).text
    world.clock.turn(timedelta(seconds=1))
    assert 'data-testid="taken-over"' not in at_conversation.get(CONVERSATION).text
    assert 'data-testid="taken-over"' not in at_conversation.get(DAY).text


def test_what_the_visitor_writes_meanwhile_stands_out(at_conversation, world):
    """What was left to the person is marked until somebody answers it."""
    at_conversation.send(CONVERSATION, text="Yes.", answer_id="one")
    assert 'data-testid="waits"' not in at_conversation.follow().text
    at_conversation.http.portal.call(
        store_frames(world, sent("And cats?"), left_to_staff(), sent("Birds?"), left_to_staff())
    )
    text = at_conversation.get(CONVERSATION).text
    assert text.count('data-testid="waits"') == 2
    assert text.index("Dogs?") < text.index('data-testid="waits"') < text.index("And cats?")
    assert "<p></p>" not in text
    at_conversation.send(CONVERSATION, text="Cats, too.", answer_id="two")
    assert 'data-testid="waits"' not in at_conversation.follow().text


@pytest.mark.parametrize("ends", ["hand-back", "by itself"])
def test_what_a_person_left_unanswered_is_not_forgotten(at_conversation, world, ends):
    """It waits, first on the page of the day, until somebody answers: it may be the assistant, who knows of it."""
    press(at_conversation, "take-over")
    at_conversation.http.portal.call(store_frames(world, sent("And <b>cats</b>?"), left_to_staff()))
    if ends == "hand-back":
        at_conversation.follow()
        press(at_conversation, "hand-back", "two")
    else:
        world.clock.turn(TAKEOVER_DURATION)
    at_conversation.http.portal.call(store_frames(world, sent("Parking?"), final("No."), session="s-2"))
    text = at_conversation.get(DAY).text
    assert 'data-testid="taken-over"' not in text
    [left] = re.findall(r'data-testid="left-waiting">(.*?)</div>', text, re.DOTALL)
    assert "<p>And &lt;b&gt;cats&lt;/b&gt;?</p>" in left
    assert text.index("cats") < text.index("No.")
    assert at_conversation.get(CONVERSATION).text.count('data-testid="waits"') == 1
    at_conversation.http.portal.call(store_frames(world, sent("Hello?"), final("Cats are welcome.")))
    assert "left-waiting" not in at_conversation.get(DAY).text
    assert 'data-testid="waits"' not in at_conversation.get(CONVERSATION).text


def test_conversations_of_a_person_come_first_on_the_page_of_the_day(at_conversation, world):
    """With what was written meanwhile, and a button to hand back; the others follow, the latest first."""
    press(at_conversation, "take-over")
    at_conversation.http.portal.call(store_frames(world, sent("And cats?"), left_to_staff()))
    for number in (2, 3):
        world.clock.turn(timedelta(minutes=1))
        at_conversation.http.portal.call(store_frames(world, sent(f"Parking {number}?"), session=f"s-{number}"))
    text = at_conversation.get(DAY).text
    assert text.index("You are answering") < text.index("Parking 3?") < text.index("Parking 2?")
    [meanwhile] = re.findall(r'<div data-testid="written-meanwhile">(.*?)</div>', text)
    assert meanwhile == "<p>And cats?</p>"
    assert text.count('data-testid="taken-over"') == 1
    [address] = re.findall(r'action="([^"]+/hand-back)"', text)
    at_conversation.send(address, press_id="two")
    assert takeover(world) is None


def test_another_person_sees_who_answers(at_conversation, world):
    """And may hand back as well; what each did is on record."""
    press(at_conversation, "take-over")
    jan = Browser(at_conversation.http.app)
    jan.sign_in("Jan")
    for page in (DAY, CONVERSATION):
        text = jan.get(page).text
        assert "Ola is answering; the assistant is silent until 13:30." in text
        assert "You are answering" not in text
    press(jan, "hand-back", "two")
    assert entries(world) == [("looked", "Ola"), ("took_over", "Ola"), ("looked", "Jan"), ("handed_back", "Jan")]


def test_the_story_is_shown(at_conversation, world):
    """Who, when and what, the latest first, never the words; a name is text."""
    name = "<b>Ola</b>"
    ola = Browser(at_conversation.http.app)
    ola.sign_in(name)
    ola.get(CONVERSATION)
    world.clock.turn(timedelta(minutes=1))
    ola.send(CONVERSATION, text="Secret words", answer_id="one")
    [audit_trail] = re.findall(r'data-testid="story">(.*?)</ol>', ola.follow().text, re.DOTALL)
    lines = [
        " ".join(re.sub(r"<[^>]*>", " ", line).split())
        for line in re.findall(r"<li>(.*?)</li>", audit_trail, re.DOTALL)
    ]
    escaped_name = "&lt;b&gt;Ola&lt;/b&gt;"
    assert lines == [
        f"12 Jan 2026, 13:01 Answered by {escaped_name}",
        f"12 Jan 2026, 13:00 Looked at it by {escaped_name}",
        "12 Jan 2026, 13:00 Looked at it by Ola",
    ]


def test_a_look_is_on_record_once_a_day(at_conversation, world):
    """However often the page refreshes itself; a look at the page of the day is none."""
    for _ in range(3):
        at_conversation.get(CONVERSATION)
    at_conversation.get(DAY)
    assert entries(world) == [("looked", "Ola")]
    world.clock.turn(timedelta(days=1))
    at_conversation.sign_in()
    at_conversation.get(CONVERSATION)
    assert entries(world) == [("looked", "Ola")] * 2


def test_nothing_is_shown_without_a_record(owner, world):
    """If the look can't be noted, there is none."""
    owner.http.portal.call(store_frames(world, sent("Private")))
    world.conversations.story.trouble.append(TransientError("throttled"))
    assert owner.get(CONVERSATION).status_code == 503
    assert "Private" not in owner.last.text


def test_another_businesss_conversation_is_not_taken_over(salon_owner, world):
    """Neither under its own business nor under one's own; and nobody is noted as having looked."""
    salon_owner.http.portal.call(store_frames(world, sent("Private"), session="s-bea", tenant="studio-bea"))
    salon_owner.get("/failures")
    csrf = salon_owner.csrf()
    for tenant in ("studio-bea", "salon-ania"):
        for action in ("take-over", "hand-back"):
            path = f"/today/{tenant}/conversations/s-bea/{action}"
            assert salon_owner.send(path, csrf=csrf, press_id="one").status_code == 404
        assert salon_owner.get(f"/today/{tenant}/conversations/s-bea").status_code == 404
    assert len(world.conversations.of("s-bea")) == 1
    assert (world.conversations.takeovers, world.conversations.story.entries) == ({}, {})
