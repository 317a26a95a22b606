"""The rules of the Bedrock stand-in that differ from model to model."""

import pytest

from infra.local.bedrock.errors import BedrockError
from infra.local.bedrock.generations import find_generation
from infra.local.bedrock.prompt_cache import InputUsage, PromptCache
from infra.local.bedrock.reply import Reply, ToolCall, plan_reply
from infra.local.bedrock.request import ConverseRequest, InferenceConfig
from infra.local.bedrock.validation import check_request

HAIKU, HAIKU_5 = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5"
SONNET, SONNET_5 = "eu.anthropic.claude-sonnet-4-6", "eu.anthropic.claude-sonnet-5-5"
NOVA, PIXTRAL = "eu.amazon.nova-micro-v1:0", "eu.mistral.pixtral-large-2502-v1:0"
POINT = {"cachePoint": {"type": "default"}}
TOOL = {"toolSpec": {"name": "offer_booking", "inputSchema": {"json": {"type": "object"}}}}
ARN = "arn:aws:bedrock:eu-central-1:123456789012"
PREFILL = [{"role": "user", "content": [{"text": "a"}]}, {"role": "assistant", "content": [{"text": "b"}]}]


def request_of(**fields):
    return ConverseRequest.model_validate({"messages": PREFILL[:1], **fields})


def thinking(kind, **more):
    return {"additionalModelRequestFields": {"thinking": {"type": kind, **more}}}


REFUSED = [
    (HAIKU_5, {"inferenceConfig": {"temperature": 0.2}}, "`temperature` is deprecated for this model"),
    (SONNET_5, {"inferenceConfig": {"topP": 0.9}}, "`top_p` is deprecated for this model"),
    (HAIKU_5, {"additionalModelRequestFields": {"top_k": 5}}, "`top_k` is deprecated for this model"),
    (HAIKU_5, thinking("enabled", budget_tokens=1024), '"thinking.type.enabled" is not supported'),
    (HAIKU_5, thinking("between_tools"), '"thinking.type.between_tools" is not supported'),
    (SONNET_5, thinking("disabled"), '"thinking.type.disabled" is not supported'),
    (HAIKU, thinking("adaptive"), '"thinking.type.adaptive" is not supported'),
    (NOVA, thinking("disabled"), "extraneous key"),
    (HAIKU_5, {"messages": PREFILL}, "does not support assistant message prefill"),
    (SONNET, {"messages": PREFILL}, "does not support assistant message prefill"),
    (SONNET_5, {"toolConfig": {"tools": [TOOL], "toolChoice": {"any": {}}}}, "tool_choice"),
    (HAIKU, {"inferenceConfig": {"maxTokens": 64_001}}, "model limit of 64000"),
    (HAIKU_5, {"inferenceConfig": {"maxTokens": 128_001}}, "model limit of 128000"),
    (NOVA, {"inferenceConfig": {"maxTokens": 5_001}}, "model limit of 5000"),
    (NOVA, {"toolConfig": {"tools": [TOOL, POINT]}}, "did not allow prompt caching"),
    (PIXTRAL, {"system": [{"text": "k"}, POINT]}, "did not allow prompt caching"),
    (HAIKU_5, {"system": [{"text": "k"}, *[POINT] * 5]}, "maximum of 4 blocks"),
]
ACCEPTED = [
    (HAIKU, {"inferenceConfig": {"temperature": 0.2, "maxTokens": 64_000}, "messages": PREFILL}),
    (HAIKU, {"toolConfig": {"tools": [TOOL, POINT]}, "system": [{"text": "k"}, POINT]}),
    (HAIKU, thinking("enabled", budget_tokens=1024)),
    (HAIKU_5, {"inferenceConfig": {"temperature": 1.0, "maxTokens": 128_000}}),
    (HAIKU_5, thinking("disabled")),
    (SONNET_5, thinking("between_tools")),
    (NOVA, {"inferenceConfig": {"temperature": 0.2, "topP": 0.9}, "system": [{"text": "k"}, POINT]}),
    (PIXTRAL, {"inferenceConfig": {"temperature": 0.2}}),
]


def test_each_model_refuses_what_the_real_one_refuses():
    """With a ValidationException, and a cache point that is not supported with an AccessDeniedException."""
    for model_id, fields, reason in REFUSED:
        with pytest.raises(BedrockError, match=reason) as refusal:
            check_request(model_id, request_of(**fields))
        assert refusal.value.status == (403 if "caching" in reason else 400)


def test_each_model_accepts_what_the_real_one_accepts():
    """The same parameter is right for one model, and refused by another."""
    for model_id, fields in ACCEPTED:
        check_request(model_id, request_of(**fields))


def test_profiles_that_a_region_in_europe_has_are_known():
    """By their id and their ARN; a profile that the account has named itself is taken for the default model."""
    for model_id in (HAIKU, HAIKU_5, SONNET, SONNET_5, NOVA, f"global.{HAIKU_5[3:]}"):
        for name in (model_id, f"{ARN}:inference-profile/{model_id}"):
            find_generation(name)
    assert find_generation(f"{ARN}:application-inference-profile/a1b2c3") is find_generation(HAIKU)


def test_other_ids_are_refused():
    """A model's own id says that a profile is needed; all else is no model."""
    for model_id in (HAIKU, HAIKU_5, NOVA):
        with pytest.raises(BedrockError, match=r"on-demand throughput isn.t supported"):
            find_generation(model_id.removeprefix("eu."))
    for model_id in (f"us{HAIKU[2:]}", "eu.", "gpt-5", "eu.anthropic.claude-haiku-9", f"global{NOVA[2:]}", ""):
        with pytest.raises(BedrockError, match="model identifier is invalid"):
            find_generation(model_id)


def test_each_model_has_its_own_minimum_of_a_cached_prefix():
    """One token less, and the prefix is neither written nor refused."""
    for model_id, minimum in ((HAIKU, 4096), (SONNET, 1024), (HAIKU_5, 512), (SONNET_5, 512), (NOVA, 1000)):
        for tokens, written in ((minimum - 1, 0), (minimum, minimum)):
            request = request_of(system=[{"text": "k" * 4 * tokens}, POINT])
            usage = PromptCache(lambda: 0.0).charge_input(model_id, request)
            assert usage == InputUsage(fresh=tokens + 1 - written, cache_read=0, cache_write=written)


def test_thoughts_are_written_first_and_count_in_the_limit():
    """They are billed as output; a limit that they use up leaves no answer."""
    reply = Reply("word " * 10, ToolCall("offer_booking", {}))
    free = plan_reply(reply, "t1", InferenceConfig(), thinking_tokens=120)
    assert [*free.content[0]] == ["reasoningContent"]
    assert free.content[1:] == plan_reply(reply, "t1", InferenceConfig()).content
    assert free.output_tokens == 120 + plan_reply(reply, "t1", InferenceConfig()).output_tokens
    assert [step.body["contentBlockIndex"] for step in free.steps if step.event_type == "contentBlockStop"] == [0, 1, 2]

    short = plan_reply(reply, "t1", InferenceConfig(max_tokens=125), thinking_tokens=120)
    assert (short.stop_reason, short.output_tokens, short.content[1]["text"]) == (
        "max_tokens",
        125,
        ("word " * 10)[:20],
    )
    for limit in (100, 120):
        none = plan_reply(reply, "t1", InferenceConfig(max_tokens=limit), thinking_tokens=120)
        assert (none.stop_reason, none.output_tokens, len(none.content)) == ("max_tokens", limit, 1)
