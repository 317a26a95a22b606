"""The stand-in's guardrails: which fields a request may have, and how one intervenes."""

import pytest
from botocore.exceptions import ClientError

from infra.local.bedrock.reply import BLOCKED_MESSAGE
from shared.language_models.catalogue import find_model
from shared.tenants.guardrails import Guardrail
from tests.contracts.bedrock.client import HAIKU
from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.adapters.bedrock.request import build_request
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.ports import Finished, TextDelta

CONFIG = {"guardrailIdentifier": "abc123", "guardrailVersion": "1"}
FOREVER = Deadline(float("inf"))


def prompt_of(guardrail):
    return Prompt(
        "You are kind.", "Today is Monday.", (Turn("user", "Good morning"),), (), HAIKU, 100, guardrail=guardrail
    )


async def read(bedrock, prompt):
    """Return the text and the end that chat's adapter reads."""
    model = BedrockModel(client=bedrock.client, default_model_id=HAIKU)
    events = [event async for event in model.stream(prompt, deadline=FOREVER)]
    [end] = [event for event in events if isinstance(event, Finished)]
    return "".join(event.text for event in events if isinstance(event, TextDelta)), end


@pytest.mark.parametrize(
    "config",
    [
        {"guardrailIdentifier": "abc123"},
        {"guardrailVersion": "1"},
        CONFIG | {"guardrailIdentifier": "ABC"},
        CONFIG | {"guardrailVersion": "0"},
        CONFIG | {"guardrailVersion": "draft"},
        CONFIG | {"streamProcessingMode": "async-ish"},
        CONFIG | {"trace": "on"},
    ],
)
async def test_a_field_that_the_service_refuses_is_refused(bedrock, config):
    """As Bedrock's API reference has the patterns and values."""
    with pytest.raises(ClientError) as refusal:
        await bedrock.events("Hi", guardrailConfig=config)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"


async def test_the_model_reads_what_a_guardrail_checks(bedrock):
    """A request with a guardrail is answered like one without."""
    guarded, _ = await read(bedrock, prompt_of(Guardrail(id="abc123", version="DRAFT")))
    assert (await bedrock.last_call())["last_user_text"] == "Good morning"
    plain, _ = await read(bedrock, prompt_of(None))
    assert guarded == plain != ""


@pytest.mark.parametrize("after_deltas", [None, 1])
async def test_a_guardrail_intervenes_in_the_message_or_in_the_answer(bedrock, after_deltas):
    """The stop reason says so, and the text ends with the guardrail's sentence."""
    guarded = prompt_of(Guardrail(id="abc123", version="1"))
    complete, _ = await read(bedrock, guarded)
    await bedrock.control("POST", "faults", {"kind": "intervene", "after_deltas": after_deltas})

    text, end = await read(bedrock, guarded)

    assert end.stop_reason == "guardrail_intervened"
    assert text.endswith(BLOCKED_MESSAGE)
    assert complete.startswith(text.removesuffix(BLOCKED_MESSAGE))
    assert (text == BLOCKED_MESSAGE) == (after_deltas is None)


async def test_nothing_intervenes_in_a_request_without_a_guardrail(bedrock):
    """So a test of an intervention proves that the request names the guardrail."""
    await bedrock.control("POST", "faults", {"kind": "intervene"})
    request = build_request(find_model(HAIKU), prompt_of(None))
    assert "guardrailConfig" not in request

    text, end = await read(bedrock, prompt_of(None))

    assert end.stop_reason == "end_turn"
    assert BLOCKED_MESSAGE not in text
