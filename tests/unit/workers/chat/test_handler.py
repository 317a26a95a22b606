"""How a visitor's message becomes an answer."""

import pytest

from shared.conversations.replies import build_refusal_frame
from shared.errors import ConversationEndedError, LeaseLostError, PermanentError, TransientError, TryAgainError
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatFinal, ChatFinalData, SessionEnded
from tests.fakes.model import USAGE, Do, Pause
from workers.chat.handler.attempts import MAX_CALLS
from workers.chat.ports import ToolCall

TODAY = ("salon-ania", "2026-01-12")
HELLO = ChatFinal(re="a1", data=ChatFinalData(text="Hello before"))


async def test_an_answer_is_streamed(world_of):
    """First the visitor's own message, then a typing frame, then the deltas, then the final."""
    world = world_of(["A massage ", Pause(0.15), "costs 120 zł.", Pause(0.15)])
    sent, final = await world.handle()

    assert world.poster.types("tab") == ["chat.sent", "typing", "chat.delta", "chat.delta", "chat.final"]
    assert {frame["re"] for frame in world.poster.frames("tab")} == {"a1"}
    assert world.deltas() == [{"offset": 0, "text": "A massage"}, {"offset": 9, "text": " costs 120 zł."}]
    assert (sent.seq, sent.data.text) == (1, "How much is a massage?")
    assert (final.seq, final.data) == (2, ChatFinalData(text="A massage costs 120 zł.", usage=USAGE))
    assert [frame.get("seq") for frame in world.poster.frames("tab")] == [1, None, None, None, 2]


async def test_an_answer_is_counted(world_of):
    """For the tenant's daily budget."""
    world = world_of()
    await world.handle()

    assert (world.usage.days[TODAY], world.usage.answers[TODAY]) == (USAGE, 1)
    assert world.claims.records[world.command().claim_key].done


async def test_every_connection_gets_the_same_frames(world_of):
    """A session may be open in two tabs; a connection that is gone is removed without an error."""
    world = world_of()
    world.connections.open("session", "other tab")
    world.connections.open("session", "closed tab")
    world.connections.open("another session", "stranger")
    world.poster.gone.add("closed tab")

    await world.handle()

    assert world.poster.frames("tab") == world.poster.frames("other tab") != []
    assert world.poster.frames("stranger") == []
    assert {one.connection_id for one in await world.connections.list_connections("session")} == {"tab", "other tab"}


async def test_an_answer_is_stored_without_a_connection(world_of):
    """It is posted at the next hello."""
    world = world_of()
    world.connections.rows.clear()

    assert [frame.type for frame in await world.handle()] == ["chat.sent", "chat.final"]
    assert world.poster.posted == []


async def test_the_prompt_has_the_history_and_the_message_once(world_of):
    """The message is stored before the model is called, but is in the prompt only once."""
    world = world_of()
    await world.store_history("Hi", ChatFinal(re="b0", data=ChatFinalData(text="Hello!")))
    await world.handle()

    [prompt] = world.model.prompts
    assert [turn.text for turn in prompt.turns] == ["Hi", "Hello!", "How much is a massage?"]
    assert "A massage costs 120 zł." in prompt.instructions


async def test_another_attempt_starts_again_and_stores_each_frame_once(world_of):
    """The deltas start at 0 again and replace the earlier ones; each durable frame is stored once."""
    world = world_of(["Half an ans", Pause(0.05), KeyError("a bug")], ["A whole answer.", Pause(0.05)])
    with pytest.raises(KeyError):
        await world.handle()
    command = world.command()
    record = world.claims.records[command.claim_key]
    assert not record.done
    record.owner = None

    stored = await world.handle(command)

    assert [(frame.seq, frame.type) for frame in stored] == [(1, "chat.sent"), (2, "chat.final")]
    assert [delta["offset"] for delta in world.deltas()] == [0, 0]
    assert len(world.finals()) == 1
    assert [turn.text for turn in world.model.prompts[1].turns] == [command.data.text]
    assert world.usage.answers[TODAY] == 1


@pytest.mark.parametrize(
    ("error", "raised", "calls"),
    [
        (TransientError("throttled", reason="model_busy"), TryAgainError, MAX_CALLS),
        (TransientError("throttled", reason="model_failed"), PermanentError, MAX_CALLS),
        (PermanentError("aws_ValidationException"), PermanentError, 1),
        (KeyError("bug"), KeyError, 1),
    ],
)
async def test_an_error_of_the_model_is_raised_to_the_worker_core(world_of, error, raised, calls):
    """With its reason; no answer is stored, no usage is counted, and each stream is closed."""
    world = world_of(["Some words", error])
    with pytest.raises(raised) as caught:
        await world.handle()

    assert type(caught.value) is raised
    assert getattr(caught.value, "reason", None) == getattr(error, "reason", None)
    assert [frame.type for frame in world.stored] == ["chat.sent"]
    assert world.usage.answers == {}
    assert world.model.closed == calls


@pytest.mark.parametrize("script", [["Late"], [ToolCall("offer_booking", {})]])
async def test_an_answer_is_not_stored_after_the_lease_was_lost(world_of, script):
    """Another worker has the command by then, and only its answer counts."""
    world = world_of([*script, Do(lambda: world.claims.steal(claim))])
    command = world.command()
    claim = await world.claim(command)

    with pytest.raises(LeaseLostError):
        await world.handle(command, claim)

    assert [frame.type for frame in world.stored] == ["chat.sent"]
    assert world.finals() == []


async def test_the_model_is_not_called_after_the_lease_was_lost(world_of):
    """The visitor's message is stored under a valid claim, or not at all."""
    world = world_of()
    command = world.command()
    claim = await world.claim(command)
    world.claims.steal(claim)

    with pytest.raises(LeaseLostError):
        await world.handle(command, claim)

    assert (world.stored, world.poster.posted, world.model.prompts) == ([], [], [])


async def test_an_unknown_business_is_a_permanent_error(world_of):
    """There is no profile to answer from."""
    world = world_of()
    del world.tenants.blocking.profiles["salon-ania"]

    with pytest.raises(PermanentError, match="salon-ania"):
        await world.handle()


@pytest.mark.parametrize(
    ("reason", "code", "retryable"),
    [
        ("model_busy", ErrorCode.MODEL_BUSY, True),
        ("model_quota", ErrorCode.MODEL_BUSY, True),
        ("model_down", ErrorCode.MODEL_BUSY, True),
        ("timeout", ErrorCode.TIMEOUT, True),
        ("model_failed", ErrorCode.INTERNAL, True),
        ("attempts_exhausted", ErrorCode.INTERNAL, True),
        ("unknown_tenant", ErrorCode.INTERNAL, True),
    ],
)
async def test_a_message_that_is_given_up_ends_with_an_error_frame(world_of, reason, code, retryable):
    """One durable error, which says whether a retry helps, but gives no internal reason."""
    world = world_of()
    command = world.command()
    await world.handler.give_up(command, await world.claim(command), reason)

    [error] = world.stored
    assert (error.re, error.data.code, error.data.retryable) == ("a1", code, retryable)
    assert reason not in error.to_wire_text()
    is_about_the_model = code is not ErrorCode.INTERNAL
    assert world.metrics.total("MessagesRefused") == world.usage.refusals[TODAY] == is_about_the_model
    assert world.claims.records[command.claim_key].done
    assert world.poster.frames("tab")[0]["seq"] == 1


async def test_a_command_that_is_delivered_again_repeats_its_answer(world_of):
    """The stored frame is posted with its number, and the model is not called."""
    world = world_of()
    await world.handle()
    [final] = world.finals()

    await world.handler.repeat_outcome(world.command(), 2)
    await world.handler.repeat_outcome(world.command(), None)

    assert world.finals() == [final, final]
    assert len(world.model.prompts) == 1


async def test_another_text_with_the_same_id_is_refused(world_of):
    """The refusal is posted but not stored: the id already has its outcome."""
    world = world_of()
    await world.handler.refuse_reused_id(world.command("Something else"))

    assert world.poster.frames("tab")[0]["data"]["code"] == "BAD_FRAME"
    assert world.stored == []


async def test_an_answer_that_was_stored_is_not_made_again(world_of):
    """The worker died after its answer, before it could end the command: the next one posts that answer and ends it."""
    world = world_of(["Hello!"])
    command = world.command()
    claim = await world.claim(command)
    world.conversations.leave_unmarked("session", HELLO, key=command.claim_key, marker="outcome")
    await world.claims.release(claim)

    assert await world.handle(command) == [HELLO.with_seq(1)]

    assert world.model.prompts == []
    assert [frame["data"]["text"] for frame in world.finals()] == ["Hello before"]
    assert world.claims.records[command.claim_key].done


def refuse_booking(number):
    return build_refusal_frame(ErrorCode.SLOT_TAKEN, re=f"r{number}", locale="en")


async def test_refused_bookings_do_not_displace_the_dialogue(world_of):
    """However many there are between two messages, the model reads what was written before them."""
    world = world_of()
    await world.store_history(
        "Hi", ChatFinal(re="b0", data=ChatFinalData(text="Hello!")), *map(refuse_booking, range(150))
    )
    await world.handle()

    [prompt] = world.model.prompts
    assert [turn.text for turn in prompt.turns] == ["Hi", "Hello!", "How much is a massage?"]


async def test_a_refused_message_does_not_end_the_conversation(world_of):
    """What the model refused once is not asked again with the next message."""
    world = world_of([PermanentError("aws_ValidationException")], ["Hello!"])
    command = world.command("Too much for the model", "a0")
    claim = await world.claim(command)
    with pytest.raises(PermanentError):
        await world.handle(command, claim)
    await world.handler.give_up(command, claim, "aws_ValidationException")
    await world.handle()

    assert [turn.text for turn in world.model.prompts[-1].turns] == ["How much is a massage?"]
    assert world.stored[-1].data.text == "Hello!"


async def test_a_message_of_an_ended_conversation_is_not_answered(world_of):
    """It came from a tab that had not heard of the end: the model is not asked, and nothing is stored."""
    world = world_of(["Hello"])
    await world.conversations.end_conversation("session", SessionEnded(re="e1"))
    with pytest.raises(ConversationEndedError):
        await world.handle()
    assert world.model.prompts == []
    assert [frame.type for frame in world.stored] == ["session.ended"]


async def test_an_answer_that_ends_after_the_conversation_is_not_stored(world_of):
    """The conversation ends while the model answers."""

    async def end():
        await world.conversations.end_conversation("session", SessionEnded(re="e1"))
        await world.conversations.erase_frames("session")

    world = world_of(["It costs ", Do(end), "120 zł."])
    with pytest.raises(ConversationEndedError):
        await world.handle()
    assert [frame.type for frame in world.stored] == ["session.ended"]
