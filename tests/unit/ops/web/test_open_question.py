"""A hand-back while a question is open: the operator is warned, and chooses whether the assistant answers it."""

import re

import pytest

from shared.conversations.takeover import TAKEOVER_DURATION
from shared.errors import TransientError
from shared.messages.commands import CHAT_COMMAND
from tests.unit.ops.web.conftest import Browser
from tests.unit.ops.web.conversations import CONVERSATION, final, left_to_staff, sent, store_frames

DAY = "/today/salon-ania"


@pytest.fixture
def with_question(owner, world):
    """Return the owner's browser at a conversation that they have taken over, with a question that is open."""
    owner.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea.")))
    owner.get(CONVERSATION)
    owner.send(f"{CONVERSATION}/take-over", press_id="take")
    owner.http.portal.call(store_frames(world, sent("And cats?"), left_to_staff()))
    owner.get(CONVERSATION)
    return owner


def hand_back(browser, press_id="one", **choice):
    return browser.send(f"{CONVERSATION}/hand-back", press_id=press_id, **choice)


def commands(world):
    return [(group, CHAT_COMMAND.validate_json(body)) for group, body in world.commands.bodies]


def test_the_operator_is_warned_and_chooses(with_question, world):
    """Two buttons in place of one; a press without a choice, from an older page, hands nothing back."""
    for page in (CONVERSATION, DAY):
        text = with_question.get(page).text
        assert "nobody has answered" in text
        assert re.findall(r'name="open_question" value="(\w+)"', text) == ["answer", "leave"]
    assert hand_back(with_question).headers["location"] == f"{CONVERSATION}#answering"
    assert world.conversations.takeovers["s-1"] is not None
    assert commands(world) == []


def test_the_assistant_answers_what_is_open(with_question, world):
    """The command is in the group of the conversation, and names the question, but not what it says."""
    location = hand_back(with_question, open_question="answer").headers["location"]
    assert location == f"{CONVERSATION}?said=handed_back"
    [(group, command)] = commands(world)
    assert (group, command.type, command.client_id, command.data.before_seq) == ("s-1", "chat.answer_open", "c1", 7)
    assert "cats" not in world.commands.bodies[0][1]
    assert world.conversations.list_frames("s-1")[-1].data.announces == "handed_back"


def test_it_stays_open_if_the_operator_wants_so(with_question, world):
    """Then it is marked, and the assistant answers it when somebody presses the button."""
    hand_back(with_question, open_question="leave")
    assert commands(world) == []
    text = with_question.follow().text
    assert 'data-testid="left-waiting"' in text
    location = with_question.send(f"{CONVERSATION}/answer-open").headers["location"]
    assert location == f"{CONVERSATION}?said=left_to_assistant"
    assert [command.type for _, command in commands(world)] == ["chat.answer_open"]


def test_a_question_is_answered_after_a_takeover_that_ran_out(with_question, world):
    """The page of the day has the button, too; nothing is queued while somebody answers."""
    with_question.send(f"{CONVERSATION}/answer-open")
    assert commands(world) == []
    world.clock.advance(TAKEOVER_DURATION)
    assert f'action="{CONVERSATION}/answer-open"' in with_question.get(DAY).text
    with_question.send(f"{CONVERSATION}/answer-open")
    assert len(commands(world)) == 1


def test_two_operators_cause_one_command(with_question, world):
    """They press at once, and one of them twice: the ids are the same, so the queue keeps one."""
    jan = Browser(with_question.http.app)
    jan.sign_in(token=world.issue_token("Jan"))
    jan.get(CONVERSATION)
    for browser, press_id in ((with_question, "one"), (jan, "two"), (with_question, "one")):
        hand_back(browser, press_id, open_question="answer", csrf=browser.csrf())
        browser.get(CONVERSATION)
    assert len({command.id for _, command in commands(world)}) == 1
    announced = [frame.data.announces for frame in world.conversations.list_frames("s-1") if frame.type == "chat.final"]
    assert announced.count("handed_back") == 1


def test_a_command_that_was_not_queued_is_queued_by_the_next_press(with_question, world):
    """The hand-back is stored already; the same form sends the command again."""
    world.commands.errors.append(TransientError("throttled"))
    csrf = with_question.csrf()
    assert hand_back(with_question, open_question="answer", csrf=csrf).status_code == 503
    assert hand_back(with_question, open_question="answer", csrf=csrf).status_code == 303
    assert len(commands(world)) == 1


def test_a_question_that_comes_with_the_hand_back_is_answered(owner, world):
    """The page had none when the button was pressed; the message was left to staff at the same moment."""
    owner.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea.")))
    owner.get(CONVERSATION)
    owner.send(f"{CONVERSATION}/take-over", press_id="take")
    owner.get(CONVERSATION)
    record_action = world.conversations.record_action

    async def after_a_message(*args, **more):
        await store_frames(world, sent("And cats?"), left_to_staff())()
        return await record_action(*args, **more)

    world.conversations.record_action = after_a_message
    hand_back(owner)
    assert [command.data.before_seq for _, command in commands(world)] == [7]


def test_another_tenants_question_stays_untouched(salon_owner, world):
    """Neither under its own tenant nor under the operator's."""
    salon_owner.http.portal.call(
        store_frames(world, sent("Private"), left_to_staff(), session="s-bea", tenant="studio-bea")
    )
    salon_owner.get("/failures")
    csrf = salon_owner.csrf()
    for tenant in ("studio-bea", "salon-ania"):
        path = f"/today/{tenant}/conversations/s-bea/answer-open"
        assert salon_owner.send(path, csrf=csrf).status_code == 404
    assert commands(world) == []
