"""Builds the request of `ConverseStream` from what the catalogue knows of the model; without I/O.

A request has nothing that its model refuses, and nothing that costs more than it saves. The rules are those of the
catalogue's entries (`shared/language_models/models/`), where each has its source.
"""

import json
from collections.abc import Sequence
from itertools import dropwhile
from typing import Any

from shared.language_models.prompt_cache import decide_cache_point
from shared.language_models.tokens import estimate_tokens
from shared.language_models.values import LanguageModel
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tools import Tool

TEMPERATURE = 0.2
"""Answers keep to the documents, with a model that can be told so."""

EXPECTED_READS = 3.0
"""How often the prefix of a prompt is read after it was written: a visit has about four answers, in five minutes
(`infra/cost/prices.json`). Visits that follow each other within five minutes read it more often."""

THINKING_TOKENS = 2000
"""The thoughts of a model that can't be told to answer at once, in addition to the longest answer: they count in
`maxTokens`, and would leave nothing of a short limit for the answer."""

_CACHE_POINT = {"cachePoint": {"type": "default"}}


def build_request(model: LanguageModel, prompt: Prompt, *, expected_reads: float = EXPECTED_READS) -> dict[str, Any]:
    """Return the arguments of `converse_stream`."""
    tools = _build_tools(prompt.tools) if model.supports_tools else []
    request: dict[str, Any] = {
        "modelId": model.id,
        "system": _build_system(model, prompt, tools, expected_reads),
        "messages": [{"role": turn.role, "content": [{"text": turn.text}]} for turn in _list_turns(model, prompt)],
        "inferenceConfig": _build_limits(model, prompt),
    }
    if tools:
        request["toolConfig"] = {"tools": tools}
    if model.thinking.on_by_default and model.thinking.switch_off is not None:
        # An answer in a chat begins at once, and is not cut because thoughts have used up its tokens.
        request["additionalModelRequestFields"] = dict(model.thinking.switch_off)
    return request


def _build_system(
    model: LanguageModel, prompt: Prompt, tools: Sequence[dict[str, Any]], expected_reads: float
) -> list[dict[str, Any]]:
    """Return the system prompt; all before the cache point is the same for each visitor of a tenant.

    The model reads the tools first, so they are part of the prefix
    (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
    """
    prefix_tokens = sum(estimate_tokens(text, model) for text in (*map(_serialise, tools), prompt.instructions))
    decision = decide_cache_point(model, field="system", prefix_tokens=prefix_tokens, expected_reads=expected_reads)
    blocks: list[dict[str, Any]] = [{"text": prompt.instructions}]
    if decision.pays:
        blocks.append(_CACHE_POINT)
    if prompt.situation.strip():
        blocks.append({"text": prompt.situation})
    return blocks


def _build_limits(model: LanguageModel, prompt: Prompt) -> dict[str, Any]:
    thinks = model.thinking.on_by_default and model.thinking.switch_off is None
    tokens = prompt.max_output_tokens + (THINKING_TOKENS if thinks else 0)
    limits: dict[str, Any] = {"maxTokens": min(tokens, model.max_output_tokens)}
    if "temperature" in model.sampling_parameters:
        limits["temperature"] = TEMPERATURE
    return limits


def _list_turns(model: LanguageModel, prompt: Prompt) -> tuple[Turn, ...]:
    """Return the dialogue; where a model continues no answer of its own, the last turn is the visitor's."""
    if model.accepts_prefill:
        return prompt.turns
    return tuple(dropwhile(lambda turn: turn.role == "assistant", reversed(prompt.turns)))[::-1]


def _build_tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    return [
        {"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": {"json": tool.input_schema}}}
        for tool in tools
    ]


def _serialise(tool: dict[str, Any]) -> str:
    return json.dumps(tool, ensure_ascii=False)
