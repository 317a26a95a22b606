"""The requests that chat builds from the catalogue, sent to the stand-in, which has rules of its own."""

from contextlib import closing
from dataclasses import replace

import pytest

from infra.local.bedrock.converse import THINKING_TOKENS
from ops.health.model_question import build_question
from shared.language_models.catalogue import find_model, read_catalogue
from shared.language_models.values import Geography
from tests.contracts.bedrock.client import messages
from workers.chat.adapters.bedrock.request import build_request
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tool import Tool, ToolExchange, ToolResult, ToolUse

MODELS = [model for model in read_catalogue().values() if model.geography in {Geography.EU, Geography.GLOBAL}]
"""What a region in Europe can call."""
INSTRUCTIONS = "Documents:\n\n" + "Massages cost 120. " * 1000
DIALOGUE = (Turn("user", "Hello"), Turn("assistant", "Good morning"), Turn("user", "Book a massage, please"))


async def run_nothing(content, context):
    """Only the request is tested."""
    return ToolResult()


SCHEMA = {"type": "object", "properties": {"service": {"enum": ["massage"]}}}
TOOL = Tool("offer_booking", "Open the form.", SCHEMA, run_nothing)


def prompt_of(limit, turns=DIALOGUE):
    return Prompt(INSTRUCTIONS, "Today is Monday.", turns, (TOOL,), None, limit)


async def stream(bedrock, request):
    response = await bedrock.client.converse_stream(**request)
    with closing(response["stream"]) as events:
        return [next(iter(event.items())) async for event in events]


async def answer(bedrock, request):
    """Return the events' kinds, the text, the stop reason and the usage."""
    events = await stream(bedrock, request)
    text = "".join(body["delta"].get("text", "") for kind, body in events if kind == "contentBlockDelta")
    [stop] = [body["stopReason"] for kind, body in events if kind == "messageStop"]
    return text, stop, events[-1][1]["usage"]


async def test_every_model_of_the_catalogue_answers(bedrock):
    """With streaming, tools and a cache that the second request reads; with the highest limit of a profile, too."""
    for model in MODELS:
        for limit in (800, 4096):
            text, stop, usage = await answer(bedrock, build_request(model, prompt_of(limit)))
            assert (text, stop) == ("Of course, pick a time below.", "tool_use"), model.id
            # Nothing was thought before the answer.
            assert usage["outputTokens"] < THINKING_TOKENS
        assert usage["cacheReadInputTokens"] >= model.cache.minimum_tokens, model.id


async def test_every_model_answers_the_doctor(bedrock):
    """Its question has what chat's requests have, and is refused where they would be."""
    for model in (*MODELS, find_model("eu.mistral.pixtral-large-2502-v1:0")):
        text, _, _ = await answer(bedrock, build_question(model))
        assert text, model.id


async def test_every_model_stands_in_for_every_other(bedrock):
    """What one model could not answer is asked of the next, which has other rules, with the same prompt."""
    prompt = prompt_of(800)
    for first in MODELS:
        await bedrock.control("POST", "access", {"model": first.id, "state": "ended"})
        with pytest.raises(bedrock.client.exceptions.ResourceNotFoundException):
            await bedrock.client.converse_stream(**build_request(first, prompt))
        await bedrock.control("POST", "access", {"model": first.id, "state": "granted"})
    for fallback in MODELS:
        text, _, _ = await answer(bedrock, build_request(fallback, prompt))
        assert text


async def test_every_model_accepts_the_results_of_tools(bedrock):
    """After one round and after two, as blocks of tools; without tools, as texts; beside a failure, too."""
    uses = (ToolUse("offer_booking", {}, {"status": "done"}), ToolUse("offer_booking", {}, {"error": "x"}, True))
    exchange = ToolExchange("Let me see.", uses)
    for model in MODELS:
        for number in (1, 2):
            for tools in ((TOOL,), ()):
                prompt = replace(prompt_of(800), exchanges=(exchange,) * number, tools=tools)
                text, _, _ = await answer(bedrock, build_request(model, prompt))
                assert text, (model.id, number, tools)


async def test_an_answer_that_was_begun_is_continued_only_where_that_is_accepted(bedrock):
    """The dialogue ends with the assistant; a model without prefill answers the visitor's last message instead."""
    prompt = prompt_of(800, (*DIALOGUE, Turn("assistant", "Of course")))
    for model in MODELS:
        text, _, _ = await answer(bedrock, build_request(model, prompt))
        assert text, model.id


async def test_a_thinking_model_without_the_switch_has_no_tokens_left_for_the_answer(bedrock):
    """What the switch is for: a short limit is used up by the thoughts."""
    model_id = "eu.anthropic.claude-haiku-5-5"
    request = build_request(find_model(model_id), prompt_of(64))
    assert (await answer(bedrock, request))[0]
    del request["additionalModelRequestFields"]
    assert (await answer(bedrock, request))[:2] == ("", "max_tokens")


async def test_the_request_to_an_unknown_model_is_careful(bedrock):
    """A model that is not in the catalogue, and accepts neither cache points nor thinking, answers all the same."""
    model_id = "eu.mistral.pixtral-large-2502-v1:0"
    assert not find_model(model_id).is_in_catalogue
    text, _, usage = await answer(bedrock, build_request(find_model(model_id), prompt_of(800)))
    assert text
    assert usage["cacheWriteInputTokens"] == 0
    system = [{"text": "k"}, {"cachePoint": {"type": "default"}}]
    with pytest.raises(bedrock.client.exceptions.AccessDeniedException, match="prompt caching"):
        await bedrock.client.converse_stream(modelId=model_id, messages=messages("Hi"), system=system)
