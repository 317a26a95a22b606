"""What ends an answer early or prevents it: a stop, a budget, a length limit."""

import json

import pytest

from infra.local.bedrock.generations import find_generation
from infra.local.bedrock.request import parse_request
from infra.local.bedrock.tokens import list_blocks
from infra.local.bedrock.validation import check_request
from shared.language_models.catalogue import find_model
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, Usage
from tests.fakes.model import Do, Pause
from workers.chat.adapters.bedrock.request import build_request

TODAY = ("salon-ania", "2026-01-12")


async def test_a_stop_ends_the_answer_with_its_text_so_far(world_of):
    """The stream is closed at once, even while the model is silent; the final says that it was stopped."""
    stop = Do(lambda: world.claims.request_stop(command.id, now=world.clock.now()))
    world = world_of(["One. ", "Two. ", stop, Pause(30), "Three. ", "Four."])
    command = world.command()

    stored = await world.handle(command)

    final = stored[-1]
    assert final.data.stopped
    assert final.data.text == "One. Two."
    assert world.model.closed == 1


async def test_a_stopped_answer_counts_toward_the_budget(world_of):
    """A visitor who stops each answer still uses the budget up."""
    stop = Do(lambda: world.claims.request_stop(command.id, now=world.clock.now()))
    world = world_of(["word " * 60, stop, Pause(30)])
    command = world.command()

    final = (await world.handle(command))[-1]

    assert final.data.usage.output_tokens == 150
    assert final.data.usage.input_tokens > 0
    assert await world.usage.get_output_tokens(*TODAY) == 150


async def test_a_stop_before_the_first_word_leaves_an_empty_answer(world_of):
    """The command still completes, with one final."""
    world = world_of([Pause(0.02), "One"])
    command = world.command()
    world.claims.request_stop(command.id, now=world.clock.now())

    final = (await world.handle(command))[-1]

    assert (final.data.stopped, final.data.actions) == (True, ())
    assert len(world.finals()) == 1


async def test_a_stop_before_the_message_calls_no_model(world_of):
    """The message is stored, and ends with an empty answer that costs nothing."""
    world = world_of()
    command = world.command()
    world.claims.request_stop(command.id, now=world.clock.now())

    sent, final = await world.handle(command)

    assert (sent.type, final.data.text, final.data.stopped) == ("chat.sent", "", True)
    assert world.model.prompts == []
    assert world.poster.types("tab") == ["chat.sent", "chat.final"]


async def test_a_stop_after_the_claim_calls_no_model(world_of):
    """It is read before the model is asked, while the cost is reserved; then nothing stays reserved."""
    world = world_of()
    command = world.command()
    claim = await world.claim(command)
    world.claims.request_stop(command.id, now=world.clock.now())

    final = (await world.handle(command, claim))[-1]

    assert (final.data.stopped, final.data.usage) == (True, Usage())
    assert world.model.prompts == []
    assert not any(world.spending.committed.values())


async def test_a_stop_for_another_message_changes_nothing(world_of):
    """Each answer has its own stop flag."""
    world = world_of(["One. ", Pause(0.05), "Two."])
    world.claims.request_stop(world.command(client_id="a0").id, now=world.clock.now())

    final = (await world.handle())[-1]
    assert (final.data.text, final.data.stopped) == ("One. Two.", False)


@pytest.mark.parametrize(
    ("used", "code"), [(999, None), (1000, ErrorCode.BUDGET_EXCEEDED), (5000, ErrorCode.BUDGET_EXCEEDED)]
)
async def test_a_day_has_a_budget(world_of, make_profile, used, code):
    """At the limit the visitor gets an error, the message stays stored, and the model is not called."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_output_tokens": 1000})
    await world.usage.add_usage(*TODAY, Usage(output_tokens=used))

    sent, outcome = await world.handle()

    assert isinstance(sent, ChatSent)
    assert getattr(outcome.data, "code", None) == code
    assert len(world.model.prompts) == (0 if code else 1)


async def test_the_budget_starts_again_every_day(world_of, make_profile):
    """Days are those of UTC."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_output_tokens": 1000})
    await world.usage.add_usage("salon-ania", "2026-01-11", Usage(output_tokens=5000))
    await world.usage.add_usage("other", "2026-01-12", Usage(output_tokens=5000))

    assert (await world.handle())[-1].type == "chat.final"


async def test_a_business_may_set_a_shorter_message_limit(world_of, make_profile):
    """A message above it is refused before anything is stored."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"chat_characters": 10})

    [outcome] = await world.handle(world.command("x" * 11))
    assert outcome.data.code == ErrorCode.TOO_LARGE
    assert world.model.prompts == []

    assert [frame.type for frame in await world.handle(world.command("x" * 10, "a2"))][1:] == [
        "chat.sent",
        "chat.final",
    ]


def convert_prompt(prompt):
    """Return the request for a prompt, as the stand-in for Bedrock reads it."""
    request = build_request(find_model(SMALLEST_MODEL), prompt)
    return parse_request(json.dumps({name: part for name, part in request.items() if name != "modelId"}).encode())


SMALLEST_MODEL = "eu.amazon.nova-micro-v1:0"


async def test_no_conversation_outgrows_the_model(world_of):
    """The longest messages and titles, in characters of four bytes: each byte may be a token, and all of them fit."""
    world = world_of([Do(lambda: check_request(SMALLEST_MODEL, convert_prompt(world.model.prompts[-1]))), "Yes."])
    world.tenants.set_documents(
        "salon-ania", {f"{number}.md": f"# {'😀' * 200}\n{'😀' * 9_000}" for number in range(100)}
    )
    long_text = "😀" * 4_000
    answer = ChatFinal(re="b0", data=ChatFinalData(text="😀" * 5_000))
    await world.store_history(*([long_text, answer] * 30))
    for number in range(3):
        final = (await world.handle(world.command(long_text, f"a{number}")))[-1]
        assert final.data.text == "Yes."
        blocks = list_blocks(convert_prompt(world.model.prompts[-1]))
        size = sum(len(block.weight.encode()) for block in blocks if not block.cache_point)
        assert size < find_generation(SMALLEST_MODEL).context_tokens
