"""Builds the request of `ConverseStream` from what the catalogue knows of the model; without I/O.

A request has nothing that its model refuses, and nothing that costs more than it saves. The rules are those of the
catalogue's entries (`shared/language_models/models/`), where each has its source.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import dropwhile
from typing import Any

from shared.identity import ByIdentity
from shared.language_models.catalogue import find_model
from shared.language_models.prompt_cache import decide_cache_point
from shared.language_models.tokens import estimate_tokens
from shared.language_models.values import LanguageModel
from shared.tenants.guardrails import Guardrail
from workers.chat.adapters.bedrock.exchanges import add_exchanges
from workers.chat.adapters.bedrock.padding import pad_instructions
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tool import Tool

TEMPERATURE = 0.2
"""Answers keep to the documents, with a model that can be told so."""

EXPECTED_READS = 3.0
"""How often the prefix of a prompt is read after it was written: a visit has about three answers, in five minutes
(`infra/cost/conversations.yaml`). Visits that follow each other within five minutes read it more often."""

EXPECTED_HISTORY_READS = 1.0
"""How often the dialogue so far is read after it was written: only by the visitor's own further messages, of which two
follow on average, and one of them perhaps after more than five minutes. The break-even is 0.28."""

HISTORY_POINTS = 2
"""Cache points in the dialogue: after the last answer, to write what is new, and after the one before, where the
previous request wrote. Claude finds that by itself; for Nova, Bedrock documents no such search."""

THINKING_TOKENS = 2000
"""The thoughts of a model that can't be told to answer at once, in addition to the longest answer: they count in
`maxTokens`, and would leave nothing of a short limit for the answer."""

_CACHE_POINT = {"cachePoint": {"type": "default"}}


def build_request(model: LanguageModel, prompt: Prompt, *, expected_reads: float = EXPECTED_READS) -> dict[str, Any]:
    """Return the arguments of `converse_stream`."""
    # Results in blocks of tools have to follow the thoughts before the call, which are not kept
    # (https://platform.claude.com/docs/en/build-with-claude/thinking-tool-workflows).
    has_tools = model.supports_tools and not (prompt.exchanges and _thinks(model))
    tools = _build_tools(prompt.tools) if has_tools else []
    declared = [_serialise(tool) for tool in tools]
    instructions = pad_instructions(model, prompt, declared, expected_reads)
    prefix_tokens = sum(estimate_tokens(text, model) for text in (*declared, instructions))
    request: dict[str, Any] = {
        "modelId": model.id,
        "system": _build_system(model, instructions, prefix_tokens, expected_reads),
        "messages": add_exchanges(
            _build_messages(model, prompt, prefix_tokens), prompt.exchanges, has_tools=bool(tools)
        ),
        "inferenceConfig": _build_limits(model, prompt),
    }
    if tools:
        request["toolConfig"] = {"tools": tools}
    if prompt.guardrail:
        request["guardrailConfig"] = _build_guardrail(prompt.guardrail)
    if model.thinking.on_by_default and model.thinking.switch_off is not None:
        # An answer in a chat begins at once, and is not cut because thoughts have used up its tokens.
        request["additionalModelRequestFields"] = dict(model.thinking.switch_off)
    return request


@lru_cache(maxsize=16)
def _build_once(model_id: str, key: ByIdentity[Prompt]) -> Mapping[str, Any]:
    return build_request(find_model(model_id), key.value)


def get_request(model_id: str, prompt: Prompt) -> Mapping[str, Any]:
    """Return the arguments of `converse_stream`, which nobody changes.

    A prompt is asked for twice within a moment: its cost is reserved, and then it is sent.
    """
    return _build_once(model_id, ByIdentity(prompt))


def _build_system(
    model: LanguageModel, instructions: str, prefix_tokens: int, expected_reads: float
) -> list[dict[str, Any]]:
    """Return the system prompt, which is the same for each visitor of a tenant.

    The model reads the tools first, so they are part of the prefix
    (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
    """
    decision = decide_cache_point(model, field="system", prefix_tokens=prefix_tokens, expected_reads=expected_reads)
    return [{"text": instructions}, *([_CACHE_POINT] if decision.pays else [])]


def _build_messages(model: LanguageModel, prompt: Prompt, prefix_tokens: int) -> list[dict[str, Any]]:
    """Return the dialogue, with the situation before the visitor's last message.

    What is before that message is the same in the next request, so cache points are after its last answers.
    """
    turns = _list_turns(model, prompt)
    last = max((index for index, turn in enumerate(turns) if turn.role == "user"), default=0)
    answers = [index for index in range(last) if turns[index].role == "assistant"]
    messages: list[dict[str, Any]] = []
    for index, turn in enumerate(turns):
        prefix_tokens += estimate_tokens(turn.text, model)
        content: list[dict[str, Any]] = [{"text": turn.text}]
        if index == last and prompt.guardrail:
            # Where a part is marked, only that is checked: not our situation and passages, or what was checked before.
            content = [{"guardContent": {"text": {"text": turn.text}}}]
        if index == last and prompt.situation_block:
            content.insert(0, {"text": prompt.situation_block})
        if index in answers[-HISTORY_POINTS:] and _pays_in_dialogue(model, prefix_tokens):
            content.append(_CACHE_POINT)
        messages.append({"role": turn.role, "content": content})
    return messages


def _build_guardrail(guardrail: Guardrail) -> dict[str, Any]:
    """Return the guardrail of a stream; nothing is sent before it was checked, so that nothing has to be taken back.

    https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-streaming.html
    """
    return {
        "guardrailIdentifier": guardrail.id,
        "guardrailVersion": guardrail.version,
        "streamProcessingMode": "sync",
        # A trace would repeat what the visitor wrote.
        "trace": "disabled",
    }


def _pays_in_dialogue(model: LanguageModel, prefix_tokens: int) -> bool:
    return decide_cache_point(
        model, field="messages", prefix_tokens=prefix_tokens, expected_reads=EXPECTED_HISTORY_READS
    ).pays


def _thinks(model: LanguageModel) -> bool:
    return model.thinking.on_by_default and model.thinking.switch_off is None


def _build_limits(model: LanguageModel, prompt: Prompt) -> dict[str, Any]:
    tokens = prompt.max_output_tokens + (THINKING_TOKENS if _thinks(model) else 0)
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
        {"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": {"json": tool.schema}}}
        for tool in tools
    ]


def _serialise(tool: dict[str, Any]) -> str:
    return json.dumps(tool, ensure_ascii=False)
