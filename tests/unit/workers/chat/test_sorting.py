"""A small model sorts messages first, where the deployment wants it."""

import asyncio

import pytest

from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.spending.values import Purpose
from tests.fakes.model import USAGE, Pause
from tests.fakes.turned_loop import run_turned
from workers.chat.domain.message_kinds import MAX_SORTED_CHARACTERS, MessageKind, parse_kind
from workers.chat.handler import sorting
from workers.chat.ports import Finished, ToolCall
from workers.chat.settings import ChatSettings
from workers.chat.wiring import check_intent_model

SMALL = "eu.amazon.nova-micro-v1:0"
FULL = "<document name="


def list_calls(world):
    """Return the model of each call, and whether it had the documents."""
    return [(prompt.model_id, FULL in prompt.instructions) for prompt in world.model.prompts]


def list_records(world):
    records = world.spending.records.values()
    return [(one.reservation.key.number, one.reservation.purpose, one.reservation.model_id) for one in records]


async def test_a_message_that_needs_no_documents_costs_two_short_calls(world_of):
    """Thanks, a greeting, a visit or a member of the staff is asked for; both calls are reserved and recorded."""
    for kind in MessageKind:
        script = (
            [ToolCall("offer_booking", {"service": "massage"})] if kind is MessageKind.BOOKING else ["You're welcome."]
        )
        world = world_of([kind.value.title() + "."], script, intent_model_id=SMALL)
        final = (await world.handle(world.command("Thanks a lot!")))[-1]
        assert list_calls(world) == [(SMALL, False), (SMALL, False)], kind
        assert list_records(world) == [(1, Purpose.SORTING, SMALL), (2, Purpose.ANSWER, SMALL)], kind
        assert all(record.result for record in world.spending.records.values())
        assert (final.data.text == "You're welcome.", bool(final.data.actions)) in {(True, False), (False, True)}, kind
        assert "Thanks a lot!" in world.model.prompts[0].turns[-1].text


async def test_everything_else_is_answered_as_usual(world_of):
    """Another kind, a reply that says more than one word, or nothing."""
    for reply in (["other"], ["thanks, but ignore that"], ["greeting booking"], [], ["I cannot help with that."]):
        world = world_of(reply, ["120 zł."], intent_model_id=SMALL)
        final = (await world.handle(world.command("How much is a massage?")))[-1]
        assert list_calls(world) == [(SMALL, False), ("first-model", True)], reply
        assert final.data.text == "120 zł."


async def test_it_is_off_unless_the_deployment_says_so(world_of):
    """And a long message is not sorted at all."""
    world = world_of(["Hello!"])
    await world.handle(world.command("Hi"))
    assert list_calls(world) == [("first-model", True)]
    world = world_of(["Hello!"], intent_model_id=SMALL)
    await world.handle(world.command("Thanks! " * 50))
    assert len("Thanks! " * 50) > MAX_SORTED_CHARACTERS
    assert list_calls(world) == [("first-model", True)]


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (TransientError("throttled", reason="model_busy"), 0),
        (PermanentError("aws_access", "no access"), 0),
        (Pause(30), sorting.SORTING_SECONDS),
    ],
)
def test_a_sorting_model_that_fails_costs_no_answer(world_of, failure, seconds):
    """Nor much time: its limit is short. The call is recorded as a failed one."""

    async def ask():
        world = world_of([failure], ["120 zł."], intent_model_id=SMALL)
        started = asyncio.get_running_loop().time()
        stored = await world.handle()
        return world, stored[-1], asyncio.get_running_loop().time() - started

    world, final, waited = run_turned(ask())
    assert sorting.SORTING_SECONDS <= 2
    assert waited == pytest.approx(seconds, abs=0.3)
    assert final.data.text == "120 zł."
    assert list_calls(world) == [(SMALL, False), ("first-model", True)]
    assert list_records(world) == [(1, Purpose.SORTING, SMALL), (2, Purpose.ANSWER, "first-model")]
    assert all(record.result for record in world.spending.records.values())


def test_a_sorting_model_that_is_down_is_not_asked_for_a_while(world_of):
    """Otherwise each visitor would wait for its time limit."""

    async def ask():
        world = world_of([Pause(30)], ["A."], [Pause(30)], ["B."], [Pause(30)], ["C."], ["D."], intent_model_id=SMALL)
        for number in range(4):
            await world.handle(world.command(client_id=f"a{number}"))
        return world

    asked = [model_id for model_id, _ in list_calls(run_turned(ask()))]
    assert asked == [SMALL, "first-model"] * 3 + ["first-model"]


async def test_an_answer_of_the_small_model_that_fails_is_asked_of_the_usual_one(world_of):
    """An error, nothing at all, or a message that it declines."""
    for broken in (
        [PermanentError("aws_access", "no")],
        [Finished(USAGE, "end_turn")],
        ["No.", Finished(USAGE, "content_filtered")],
    ):
        world = world_of(["thanks"], broken, *([broken] if broken[-1] == Finished(USAGE, "end_turn") else []),
                         ["Gladly!"], intent_model_id=SMALL)  # fmt: skip
        final = (await world.handle(world.command("Thanks!")))[-1]
        assert final.data.text == "Gladly!", broken
        assert list_calls(world)[-1] == ("first-model", True)
        numbers = [number for number, *_ in list_records(world)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_only_the_word_alone_is_a_kind():
    """A model that follows an instruction in the message says more."""
    for reply, kind in {
        "thanks": MessageKind.THANKS, " Booking.\n": MessageKind.BOOKING, '"person"': MessageKind.STAFF,
        "other": None, "": None, "thanks booking": None, "the kind is thanks": None, "thank": None,
    }.items():  # fmt: skip
        assert parse_kind(reply) is kind, reply


def test_the_sorting_model_is_one_that_may_be_invoked(monkeypatch):
    """It has no permission of its own; the worker says so when it starts."""
    names = "CHAT_QUEUE_URL CHAT_DLQ_URL FAILURES_TABLE USAGE_TABLE CONVERSATIONS_TABLE CONNECTIONS_TABLE"
    for name in (*names.split(), "PROCESSED_TABLE", "KNOWLEDGE_BUCKET", "WEBSOCKET_ENDPOINT"):
        monkeypatch.setenv(name, "x")
    for name, value in (("INTENT_MODEL_ID", SMALL), ("ALLOWED_MODEL_IDS", "eu.other")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="AllowedModelIds"):
        check_intent_model(ChatSettings())
    monkeypatch.setenv("ALLOWED_MODEL_IDS", f"eu.other,{SMALL}")
    check_intent_model(ChatSettings())
    monkeypatch.setenv("ALLOWED_MODEL_IDS", "")
    check_intent_model(ChatSettings())
