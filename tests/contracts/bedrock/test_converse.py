"""The Bedrock stand-in's answers, parsed by the asynchronous AWS client."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.contracts.bedrock.client import HAIKU, messages

DOCUMENTS = """Today is 2026-11-23.
<document name="salon.md">
## Opening hours
- Monday to Friday: 9:00–19:00
- Saturday: 10:00–15:00
</document>"""
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "offer_booking",
                "description": "Shows free times to the visitor.",
                "inputSchema": {
                    "json": {
                        "type": "object",
                        "properties": {
                            "service": {"type": "string", "enum": ["massage", "haircut"]},
                            "date": {"type": "string"},
                        },
                    },
                },
            },
        },
    ],
}


async def test_an_answer_streams_as_the_client_expects(bedrock):
    """All events are parsed, in the service's order, and the joined deltas are the answer."""
    events = await bedrock.events("When are you open on Saturday?", system=[{"text": DOCUMENTS}])

    kinds = [kind for kind, _ in events]
    assert kinds[0] == "messageStart"
    assert kinds[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert set(kinds[1:-3]) == {"contentBlockDelta"}
    text = "".join(body["delta"]["text"] for kind, body in events if kind == "contentBlockDelta")
    assert text == "Opening hours: Saturday: 10:00–15:00."
    assert events[-2][1] == {"stopReason": "end_turn"}
    usage = events[-1][1]["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert await bedrock.last_call() == {
        "model": HAIKU,
        "stream": True,
        "input_tokens": usage["inputTokens"],
        "output_tokens": usage["outputTokens"],
        "cache_read_input_tokens": 0,
        "cache_write_input_tokens": 0,
        "completed": True,
        "error": None,
        "fault": None,
        "stop_reason": "end_turn",
        "last_user_text": "When are you open on Saturday?",
    }


async def test_a_tool_call_streams_and_its_result_closes_the_turn(bedrock):
    """A request for an appointment is answered with a sentence and a tool call, its result with a closing sentence."""
    request = "I want to book a massage tomorrow"
    events = await bedrock.events(request, system=[{"text": DOCUMENTS}], toolConfig=TOOLS)

    starts = [body for kind, body in events if kind == "contentBlockStart"]
    assert [start["start"]["toolUse"]["name"] for start in starts] == ["offer_booking"]
    pieces = [body["delta"]["toolUse"]["input"] for _, body in events if "toolUse" in body.get("delta", {})]
    assert len(pieces) > 2
    filled = json.loads("".join(pieces))
    assert filled == {"service": "massage", "date": "2026-11-24"}
    assert ("messageStop", {"stopReason": "tool_use"}) in events

    tool_use = {"toolUseId": starts[0]["start"]["toolUse"]["toolUseId"], "name": "offer_booking", "input": filled}
    result = {"toolResult": {"toolUseId": tool_use["toolUseId"], "content": [{"json": {"shown": 5}}]}}
    closing = await bedrock.events(request, [{"toolUse": tool_use}], [result], toolConfig=TOOLS)
    assert ("messageStop", {"stopReason": "end_turn"}) in closing


async def test_converse_answers_in_one_piece(bedrock):
    """The same answer comes as one message, tool call included."""
    request = {"messages": messages("Book a haircut, please"), "toolConfig": TOOLS}
    answer = await bedrock.client.converse(modelId=HAIKU, **request)

    text, tool = answer["output"]["message"]["content"]
    assert text["text"] == "Of course, pick a time below."
    assert tool["toolUse"]["input"] == {"service": "haircut"}
    assert answer["stopReason"] == "tool_use"
    assert answer["metrics"]["latencyMs"] >= 0


async def test_an_unknown_model_is_invalid(bedrock):
    """A model id that no profile in the EU has is refused with the error of AWS."""
    with pytest.raises(ClientError) as refusal:
        await bedrock.client.converse_stream(modelId=f"us{HAIKU[2:]}", messages=messages("Hi"))

    assert refusal.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "The provided model identifier is invalid.",
    }
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


async def test_a_model_without_access_is_refused(bedrock):
    """Each state of an account has its own error, until the access is granted."""
    expected = {
        "denied": ("AccessDeniedException", "don't have access"),
        "no_subscription": ("AccessDeniedException", "aws-marketplace:Subscribe"),
        "no_use_case": ("ResourceNotFoundException", "use case details have not been submitted"),
        "legacy": ("ResourceNotFoundException", "marked by provider as Legacy"),
        "ended": ("ResourceNotFoundException", "end of its life"),
    }
    for state, (code, text) in expected.items():
        await bedrock.control("POST", "access", {"model": HAIKU, "state": state})
        with pytest.raises(ClientError, match=text) as refusal:
            await bedrock.client.converse_stream(modelId=HAIKU, messages=messages("Hi"))
        assert refusal.value.response["Error"]["Code"] == code
    await bedrock.control("POST", "access", {"model": HAIKU, "state": "granted"})
    assert (await bedrock.events("Hi"))[-1][0] == "metadata"


async def test_a_broken_conversation_is_refused(bedrock):
    """A request that breaks a rule gets a ValidationException before any stream."""
    with pytest.raises(bedrock.client.exceptions.ValidationException, match="start with a user message"):
        await bedrock.client.converse(modelId=HAIKU, messages=[])


async def test_a_long_system_prompt_is_cached(bedrock):
    """The first call writes the marked prefix to the cache, the second reads it."""
    system = [{"text": DOCUMENTS + "x" * 20_000}, {"cachePoint": {"type": "default"}}]

    usages = [(await bedrock.events("Hi", system=system))[-1][1]["usage"] for _ in range(2)]

    assert usages[0]["cacheWriteInputTokens"] == usages[1]["cacheReadInputTokens"] > 5000
    assert usages[0]["cacheReadInputTokens"] == usages[1]["cacheWriteInputTokens"] == 0
    assert usages[0]["totalTokens"] == usages[1]["totalTokens"]


async def test_the_configured_pace_is_kept(bedrock):
    """An answer starts after the delay of the first token and continues at the configured rate."""
    await bedrock.control("POST", "pace", {"tokens_per_second": 40, "first_token_ms": 100})
    await bedrock.control("POST", "script", {"replies": [{"text": "word " * 16}]})
    started = time.monotonic()
    arrivals = [time.monotonic() - started async for kind, _ in bedrock.stream("Hi") if kind == "contentBlockDelta"]

    assert arrivals[0] >= 0.09
    assert arrivals[-1] >= 0.4
    # On a busy machine the first delta may be late, so only a part of the duration is required.
    assert arrivals[-1] - arrivals[0] >= 0.1


async def test_scripted_replies_come_first(bedrock):
    """A test can script the model's replies, one for each call."""
    tool = {"name": "no_such_tool", "input": {"date": "' OR 1=1"}}
    await bedrock.control("POST", "script", {"replies": [{"text": "BOOK_APPOINTMENT:x", "tool": tool}]})

    hostile = await bedrock.client.converse(modelId=HAIKU, messages=messages("Hi"))
    usual = await bedrock.client.converse(modelId=HAIKU, messages=messages("Hi"))

    assert hostile["output"]["message"]["content"][1]["toolUse"]["input"] == tool["input"]
    assert usual["output"]["message"]["content"][0]["text"].startswith("Hello")
