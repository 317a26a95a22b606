"""Takeovers on the owner's pages: taking over, handing back, and the audit trail."""

import re
from datetime import timedelta

import pytest

from ops.desk.domain.values import Operator
from ops.web.sign_in import ProcessToken
from shared.conversations.announcements import render_announcement
from shared.conversations.takeover import TAKEOVER_DURATION
from shared.errors import TransientError
from shared.ids import new_id
from shared.messages.server import SessionEnded
from tests.unit.ops.web.conftest import TOKEN, Browser
from tests.unit.ops.web.conversations import CONVERSATION, final, left_to_staff, sent, store_frames

DAY = "/today/salon-ania"


@pytest.fixture
def at_conversation(owner, world):
    """Return the owner's browser on the page of a conversation with a question of the visitor."""
    owner.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea.")))
    owner.get(CONVERSATION)
    return owner


def press(browser, action, press_id="one", **more):
    return browser.send(f"{CONVERSATION}/{action}", press_id=press_id, **more)


def entries(world):
    return [(entry.action, entry.by) for entry in world.conversations.audit.entries["s-1"]]


def takeover(world):
    return world.conversations.takeovers.get("s-1")


def test_a_staff_answer_silences_the_assistant(at_conversation, world):
    """The page says until when, in the time zone of the business, and offers to hand back."""
    assert 'data-testid="take-over"' in at_conversation.last.text
    at_conversation.send(CONVERSATION, text="Yes.", answer_id="one")
    text = at_conversation.follow().text
    assert "You are answering; the assistant is silent until 13:30." in text
    assert 'data-testid="hand-back"' in text
    assert 'data-testid="take-over"' not in text
    assert takeover(world).until == world.clock.now() + TAKEOVER_DURATION


def test_taking_over_is_announced(at_conversation, world):
    """The visitor gets the announcement in their language, in every open tab, marked as written by staff."""
    world.connections.open("s-1", "tab-1", locale="pl")
    press(at_conversation, "take-over")
    assert at_conversation.last.headers["location"] == f"{CONVERSATION}?said=took_over"
    frame = world.conversations.list_frames("s-1")[-1]
    assert (frame.re, frame.data.by, frame.data.text) == (None, "human", render_announcement("took_over", "pl"))
    assert frame.data.announces == "took_over"
    assert world.poster.posted == [("tab-1", frame.to_wire_text())]
    assert takeover(world).is_announced
    assert "You are answering" in at_conversation.follow().text


def test_the_visitor_reads_the_name_of_a_desk_token(at_conversation, world):
    """In the announcement and in answers; not a name that is no person's."""
    for token, author in ((world.issue_token("Jan Nowak"), "Jan Nowak"), (world.issue_token("jan@example.com"), None)):
        jan = Browser(at_conversation.http.app)
        jan.sign_in(token=token)
        jan.get(CONVERSATION)
        jan.send(CONVERSATION, text="Yes.", answer_id=new_id())
        assert world.conversations.list_frames("s-1")[-1].data.author == author


def test_the_name_of_a_shared_token_stays_at_the_desk(world):
    """Also in later requests of the session, which only have the cookie."""
    operator = Operator("operator", is_display_name=False)
    browser = Browser(world.app(process_token=ProcessToken(TOKEN, operator, is_configured=True)))
    with browser.http:
        browser.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea.")))
        browser.sign_in()
        browser.get(CONVERSATION)
        browser.send(CONVERSATION, text="Yes.", answer_id="one")
    frame = world.conversations.list_frames("s-1")[-1]
    assert (frame.data.text, frame.data.author) == ("Yes.", None)
    assert entries(world)[-1] == ("answered", "operator")


def test_nobody_takes_over_an_ended_conversation(at_conversation, world):
    """Its visitor has ended the session meanwhile: nothing is stored, and the operator hears that there is none."""
    at_conversation.http.portal.call(world.conversations.end_conversation, "s-1", SessionEnded(re="e1"))
    press(at_conversation, "take-over")
    assert at_conversation.last.status_code == 404
    assert [frame.type for frame in world.conversations.list_frames("s-1")][-1] == "session.ended"
    assert takeover(world) is None


def test_handing_back_is_announced(at_conversation, world):
    """Without an open connection the announcement is in the language of the business."""
    press(at_conversation, "take-over")
    at_conversation.follow()
    press(at_conversation, "hand-back")
    assert at_conversation.last.headers["location"] == f"{CONVERSATION}?said=handed_back"
    outcome = world.conversations.list_frames("s-1")[-1].data
    assert (outcome.text, outcome.announces) == (render_announcement("handed_back", "pl"), "handed_back")
    assert takeover(world) is None
    text = at_conversation.follow().text
    assert "The assistant answers again." in text
    assert 'data-testid="taken-over"' not in text


def test_announcements_do_not_look_like_staff_answers(at_conversation):
    """An announcement is an event in the log; a staff answer is a message."""
    press(at_conversation, "take-over")
    at_conversation.follow()
    at_conversation.send(CONVERSATION, text="Yes, dogs may come.", answer_id="two")
    text = at_conversation.follow().text
    assert f'<div class="event">{render_announcement("took_over", "pl")}</div>' in text
    assert re.search(r'class="bubble human"><small>Ola</small><div data-markdown>Yes, dogs may come\.</div>', text)


def test_an_answer_with_the_text_of_an_announcement(at_conversation, world):
    """An answer of the model stays an answer, whatever its text is."""
    sentence = render_announcement("took_over", "en")
    at_conversation.http.portal.call(store_frames(world, final(sentence)))
    text = at_conversation.get(CONVERSATION).text
    assert f'<div class="event">{sentence}</div>' not in text
    assert re.search(
        rf'class="bubble assistant"><small>[^<]+</small><div data-markdown>{re.escape(sentence)}</div>', text
    )


@pytest.mark.parametrize("ids", [("one", "one"), ("one", "two")])
def test_a_repeated_action_happens_once(at_conversation, world, ids):
    """A double click, or a click on an outdated page, adds one announcement and one audit entry."""
    csrf = at_conversation.csrf()
    for action, outcome in (("take-over", "took_over"), ("hand-back", "handed_back")):
        before = len(world.conversations.list_frames("s-1"))
        for press_id in (*ids, ids[-1]):
            address = press(at_conversation, action, press_id, csrf=csrf).headers["location"]
            assert address == f"{CONVERSATION}?said={outcome}"
        assert len(world.conversations.list_frames("s-1")) == before + 1
    assert [action for action, _ in entries(world)] == ["looked", "took_over", "handed_back"]


def test_a_double_click_counts_once_after_a_change_of_language(at_conversation, world):
    """The visitor may change the language between the two requests."""
    csrf = at_conversation.csrf()
    world.connections.open("s-1", "tab-1", locale="pl")
    press(at_conversation, "take-over", csrf=csrf)
    world.connections.rows.clear()
    world.connections.open("s-1", "tab-1", locale="en")
    assert press(at_conversation, "take-over", csrf=csrf).headers["location"].endswith("?said=took_over")
    assert len(world.conversations.list_frames("s-1")) == 3


def test_an_action_that_was_not_stored_can_be_repeated(at_conversation, world):
    """The failed request does not count as running."""
    csrf = at_conversation.csrf()
    world.conversations.errors.append(TransientError("throttled"))
    assert press(at_conversation, "take-over", csrf=csrf).status_code == 503
    press(at_conversation, "take-over", csrf=csrf)
    assert takeover(world)


def test_a_takeover_ends_half_an_hour_after_the_last_answer(at_conversation, world):
    """Each staff answer extends it."""
    csrf = at_conversation.csrf()
    at_conversation.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id="one")
    world.clock.advance(timedelta(minutes=20))
    at_conversation.send(CONVERSATION, csrf=csrf, text="Small ones.", answer_id="two")
    world.clock.advance(timedelta(minutes=29, seconds=59))
    assert "silent until 13:50" in at_conversation.get(CONVERSATION).text
    world.clock.advance(timedelta(seconds=1))
    assert 'data-testid="taken-over"' not in at_conversation.get(CONVERSATION).text
    assert 'data-testid="taken-over"' not in at_conversation.get(DAY).text


def test_unanswered_messages_are_marked(at_conversation, world):
    """Messages that were left to staff are marked until somebody answers."""
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
def test_unanswered_messages_stay_after_the_takeover(at_conversation, world, ends):
    """They stay first on the page of the day until staff or the assistant answer."""
    press(at_conversation, "take-over")
    at_conversation.http.portal.call(store_frames(world, sent("And <b>cats</b>?"), left_to_staff()))
    if ends == "hand-back":
        at_conversation.follow()
        press(at_conversation, "hand-back", "two", open_question="leave")
    else:
        world.clock.advance(TAKEOVER_DURATION)
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


def test_takeovers_come_first_on_the_page_of_the_day(at_conversation, world):
    """They have the unanswered messages and a button to hand back; other conversations follow, the latest first."""
    press(at_conversation, "take-over")
    at_conversation.http.portal.call(store_frames(world, sent("And cats?"), left_to_staff()))
    for number in (2, 3):
        world.clock.advance(timedelta(minutes=1))
        at_conversation.http.portal.call(store_frames(world, sent(f"Parking {number}?"), session=f"s-{number}"))
    text = at_conversation.get(DAY).text
    assert text.index("You are answering") < text.index("Parking 3?") < text.index("Parking 2?")
    [meanwhile] = re.findall(r'<div data-testid="written-meanwhile">(.*?)</div>', text)
    assert meanwhile == "<p>And cats?</p>"
    assert text.count('data-testid="taken-over"') == 1
    [address] = re.findall(r'action="([^"]+/hand-back)"', text)
    at_conversation.send(address, press_id="two", open_question="leave")
    assert takeover(world) is None


def test_other_operators_see_who_answers(at_conversation, world):
    """They may hand back, too, and the audit trail has both operators."""
    press(at_conversation, "take-over")
    jan = Browser(at_conversation.http.app)
    jan.sign_in(token=world.issue_token("Jan"))
    for page in (DAY, CONVERSATION):
        text = jan.get(page).text
        assert "Ola is answering; the assistant is silent until 13:30." in text
        assert "You are answering" not in text
    press(jan, "hand-back", "two")
    assert entries(world) == [("looked", "Ola"), ("took_over", "Ola"), ("looked", "Jan"), ("handed_back", "Jan")]


def test_the_page_has_the_audit_trail(at_conversation, world):
    """It has operator, time and action, the latest first, and no messages; names are escaped."""
    name = "<b>Ola</b>"
    ola = Browser(at_conversation.http.app)
    ola.sign_in(token=world.issue_token(name))
    ola.get(CONVERSATION)
    world.clock.advance(timedelta(minutes=1))
    ola.send(CONVERSATION, text="Secret words", answer_id="one")
    [audit_trail] = re.findall(r'data-testid="story">(.*?)</ol>', ola.follow().text, re.DOTALL)
    lines = [
        " ".join(re.sub(r"<[^>]*>", " ", line).split())
        for line in re.findall(r"<li>(.*?)</li>", audit_trail, re.DOTALL)
    ]
    escaped_name = "&lt;b&gt;Ola&lt;/b&gt;"
    assert lines == [
        f"12 Jan 2026, 13:01 Answered by {escaped_name}",
        f"12 Jan 2026, 13:00 Viewed by {escaped_name}",
        "12 Jan 2026, 13:00 Viewed by Ola",
    ]


def test_a_view_is_recorded_once_a_day(at_conversation, world):
    """However often the page is refreshed; the page of the day is not recorded."""
    for _ in range(3):
        at_conversation.get(CONVERSATION)
    at_conversation.get(DAY)
    assert entries(world) == [("looked", "Ola")]
    world.clock.advance(timedelta(days=1))
    at_conversation.sign_in()
    at_conversation.get(CONVERSATION)
    assert entries(world) == [("looked", "Ola")] * 2


def test_a_view_that_can_not_be_recorded_fails(owner, world):
    """The conversation is not displayed without an audit entry."""
    owner.http.portal.call(store_frames(world, sent("Private")))
    world.conversations.audit.errors.append(TransientError("throttled"))
    assert owner.get(CONVERSATION).status_code == 503
    assert "Private" not in owner.last.text


def test_another_tenants_conversation_can_not_be_changed(salon_owner, world):
    """Neither under its own tenant nor under the operator's, and no audit entry is added."""
    salon_owner.http.portal.call(store_frames(world, sent("Private"), session="s-bea", tenant="studio-bea"))
    salon_owner.get("/failures")
    csrf = salon_owner.csrf()
    for tenant in ("studio-bea", "salon-ania"):
        for action in ("take-over", "hand-back"):
            path = f"/today/{tenant}/conversations/s-bea/{action}"
            assert salon_owner.send(path, csrf=csrf, press_id="one").status_code == 404
        assert salon_owner.get(f"/today/{tenant}/conversations/s-bea").status_code == 404
    assert len(world.conversations.list_frames("s-bea")) == 1
    assert (world.conversations.takeovers, world.conversations.audit.entries) == ({}, {})
