"""A message for which there is no handler in time ends with MODEL_BUSY, and its visitor reads when to try again."""

from datetime import timedelta

import pytest

from shared.conversations.replies import Replies
from shared.messages.commands import CHAT_COMMAND
from shared.messages.server import ChatFinal, ChatFinalData
from workers.chat.handler.shedding import ChatShedding


@pytest.fixture
def world(world_of):
    return world_of()


@pytest.fixture
def shedding(world):
    replies = Replies(conversations=world.conversations, connections=world.connections, poster=world.poster)
    return ChatShedding(replies=replies, random_source=lambda: 0.0)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "The assistant is very busy. Please try again in a moment."),
        ("pl", "Asystent jest"),
        ("de", "Der Assistent"),
    ],
)
async def test_the_visitor_is_notified(world, shedding, locale, text):
    """By a durable error in their language that may be repeated after a while; the model is not asked."""
    world.connections.open("session", "tab", locale=locale)
    command = world.command()
    assert await shedding.shed_message(command, await world.claim(command)) == "MODEL_BUSY"
    [frame] = world.poster.frames("tab")
    data = frame["data"]
    assert (frame["type"], frame["re"], frame["seq"]) == ("error", command.client_id, 1)
    assert (data["code"], data["retryable"], data["retry_after_ms"]) == ("MODEL_BUSY", True, 15_000)
    assert data["message"].startswith(text)
    assert world.claims.records[command.claim_key].done
    assert world.model.prompts == []


async def test_an_answer_that_is_stored_is_not_refused(world, shedding):
    """A worker crashed after it had stored the answer: the visitor gets that."""
    command = world.command()
    await world.claims.release(await world.claim(command))
    answer = ChatFinal(re=command.client_id, data=ChatFinalData(text="120 zł."))
    world.conversations.leave_unmarked("session", answer, key=command.claim_key, marker="outcome")
    assert await shedding.shed_message(command, await world.claim(command)) is None
    assert [frame["type"] for frame in world.poster.frames("tab")] == ["chat.final"]
    assert world.claims.records[command.claim_key].done


def test_a_request_for_a_person_is_never_shed(world, shedding):
    """It costs no model call, and somebody is waiting for help."""
    request = CHAT_COMMAND.validate_python(world.command().model_dump() | {"type": "handover.request", "data": {}})
    assert shedding.find_max_wait(request) is None
    assert shedding.find_max_wait(world.command()) == timedelta(seconds=20)
