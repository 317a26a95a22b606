"""What the reason why a model stopped means for the answer."""

from typing import Literal

Ending = Literal["complete", "cut", "declined", "malformed"]
"""`cut`: the answer is the beginning of a longer one. `declined`: a model or a filter refused to answer. `malformed`:
the model's output could not be read, mostly the call of a tool."""

_ENDINGS: dict[str, Ending] = {
    "max_tokens": "cut",
    "model_context_window_exceeded": "cut",
    "deadline": "cut",
    "refusal": "declined",
    "guardrail_intervened": "declined",
    "content_filtered": "declined",
    "malformed_tool_use": "malformed",
    "malformed_model_output": "malformed",
}
"""Converse's reasons (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html), a
model's own `refusal` (https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons), and `deadline`."""


def classify_stop_reason(stop_reason: str) -> Ending:
    """Return what a stop reason means; one that is unknown ends a complete answer."""
    return _ENDINGS.get(stop_reason, "complete")


def find_cut(stop_reason: str) -> Literal["max_tokens", "deadline"] | None:
    """Return what cut the answer, as `chat.final` says it."""
    if classify_stop_reason(stop_reason) != "cut":
        return None
    return "deadline" if stop_reason == "deadline" else "max_tokens"
