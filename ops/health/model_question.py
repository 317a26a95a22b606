"""The question with which `stride doctor` asks a model: short, and with all that chat's requests have.

A model that refuses a tool, a cache point or a parameter would answer a plain question, and no visitor.
"""

from typing import Any

from shared.language_models.values import LanguageModel
from shared.tenants.guardrails import Guardrail

TEMPERATURE = 0.2
"""The one of the chat worker."""

_ANSWER_TOKENS = 16
_THINKING_TOKENS = 2000
"""What a model may think that can't be told to answer at once."""

_TOOL = {
    "name": "offer_booking",
    "description": "Open the booking form for the visitor.",
    "inputSchema": {"json": {"type": "object", "properties": {"service": {"type": "string"}}}},
}


def build_question(model: LanguageModel, guardrail: Guardrail | None = None) -> dict[str, Any]:
    """Return the arguments of `converse_stream`; a point after so short a prefix is checked, and caches nothing.

    Of a question with a guardrail it checks the message and the answer, as it checks those of visitors.
    """
    system: list[dict[str, Any]] = [{"text": "Answer with one word."}]
    if model.supports_caching and "system" in model.cache.fields:
        system.append({"cachePoint": {"type": "default"}})
    thinking = model.thinking
    waits = thinking.on_by_default and thinking.switch_off is None
    tokens = min(_ANSWER_TOKENS + (_THINKING_TOKENS if waits else 0), model.max_output_tokens)
    question: dict[str, Any] = {
        "modelId": model.id,
        "system": system,
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": tokens},
    }
    if "temperature" in model.sampling_parameters:
        question["inferenceConfig"]["temperature"] = TEMPERATURE
    if guardrail:
        question["messages"] = [{"role": "user", "content": [{"guardContent": {"text": {"text": "Hi"}}}]}]
        question["guardrailConfig"] = {
            "guardrailIdentifier": guardrail.id,
            "guardrailVersion": guardrail.version,
            "streamProcessingMode": "sync",
            "trace": "disabled",
        }
    if model.supports_tools:
        question["toolConfig"] = {"tools": [{"toolSpec": _TOOL}]}
    if thinking.on_by_default and thinking.switch_off is not None:
        question["additionalModelRequestFields"] = dict(thinking.switch_off)
    return question
