"""The stand-in's reply, and the events of its stream."""

import json
from dataclasses import dataclass
from typing import Any

from infra.local.bedrock.request import InferenceConfig
from infra.local.bedrock.tokens import CHARACTERS_PER_TOKEN, count_tokens, cut_to_tokens, split_chunks, split_words

_JSON_PIECE = 12
_SIGNATURE = "c3RhbmQtaW4="


@dataclass(frozen=True)
class ToolCall:
    """The model's call of a tool, with its input."""

    name: str
    input: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer: a text, a tool call, or a text and then a tool call."""

    text: str
    tool: ToolCall | None = None


@dataclass(frozen=True)
class Step:
    """One event of the stream; `tokens` is the number of tokens that it adds, including fractions."""

    event_type: str
    body: dict[str, Any]
    tokens: float = 0

    @property
    def is_delta(self) -> bool:
        """Return whether the event is a part of the answer."""
        return self.event_type == "contentBlockDelta"

    @property
    def is_end(self) -> bool:
        """Return whether the event ends the answer."""
        return self.event_type == "messageStop"


@dataclass(frozen=True)
class Plan:
    """A prepared reply: all events up to `messageStop`, and the same content as one message."""

    steps: tuple[Step, ...]
    content: tuple[dict[str, Any], ...]
    stop_reason: str
    output_tokens: int

    @property
    def delta_count(self) -> int:
        """Return how many deltas the stream has."""
        return sum(step.is_delta for step in self.steps)


def plan_reply(reply: Reply, tool_use_id: str, config: InferenceConfig, *, thinking_tokens: int = 0) -> Plan:
    """Shorten a reply to the limits of the request, and prepare its stream.

    As with the real model, an answer that reaches its limit within a tool's input ends there, with
    incomplete JSON. Thoughts come first and count in the limit, which may leave nothing of the answer.
    """
    text, stop_reason = _cut_at_stop_sequence(reply.text, config.stop_sequences)
    tool = reply.tool if stop_reason is None else None
    tool_json = json.dumps(tool.input, ensure_ascii=False) if tool else ""
    thoughts = thinking_tokens if config.max_tokens is None else min(thinking_tokens, config.max_tokens)
    limit = None if config.max_tokens is None else config.max_tokens - thoughts
    if limit is not None and count_tokens(text) + count_tokens(tool_json) > limit:
        stop_reason = "max_tokens"
        tool_json = cut_to_tokens(tool_json, max(0, limit - count_tokens(text)))
        tool = tool if tool_json else None
        text = cut_to_tokens(text, limit)

    steps: list[Step] = [Step("messageStart", {"role": "assistant"})]
    content: list[dict[str, Any]] = []
    if thoughts:
        # The text of thoughts is left out unless a request asks for it; the signature stays.
        signature = {"reasoningContent": {"signature": _SIGNATURE}}
        steps += _build_block_steps(0, None, [signature], tokens=thoughts)
        content.append({"reasoningContent": {"reasoningText": {"text": "", "signature": _SIGNATURE}}})
    if text:
        steps += _build_block_steps(len(content), None, [{"text": piece} for piece in split_words(text)])
        content.append({"text": text})
    if tool:
        start = {"toolUse": {"toolUseId": tool_use_id, "name": tool.name}}
        # As on the service, the first part of a tool's input is empty.
        pieces = ["", *split_chunks(tool_json, _JSON_PIECE)]
        steps += _build_block_steps(len(content), start, [{"toolUse": {"input": piece}} for piece in pieces])
        if stop_reason is None:
            content.append({"toolUse": {**start["toolUse"], "input": tool.input}})
    stop_reason = stop_reason or ("tool_use" if tool else "end_turn")
    steps.append(Step("messageStop", {"stopReason": stop_reason}))
    return Plan(tuple(steps), tuple(content), stop_reason, thoughts + count_tokens(text) + count_tokens(tool_json))


BLOCKED_MESSAGE = "Sorry, the model cannot answer this question."
"""What a guardrail writes in place of an answer, unless its owner has written another sentence."""


def intervene(planned: Plan, after_deltas: int) -> Plan:
    """Return a reply that a guardrail ends after some deltas, with its own sentence.

    https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-streaming.html
    """
    deltas = [step for step in planned.steps if step.is_delta][:after_deltas]
    index = deltas[-1].body["contentBlockIndex"] if deltas else 0
    blocked = Step("contentBlockDelta", {"delta": {"text": BLOCKED_MESSAGE}, "contentBlockIndex": index})
    end = Step("messageStop", {"stopReason": "guardrail_intervened"})
    stop = Step("contentBlockStop", {"contentBlockIndex": index})
    steps = (planned.steps[0], *deltas, blocked, stop, end)
    tokens = round(sum(step.tokens for step in deltas))
    return Plan(steps, ({"text": BLOCKED_MESSAGE},), "guardrail_intervened", tokens)


def _build_block_steps(
    index: int, start: dict[str, Any] | None, deltas: list[dict[str, Any]], *, tokens: float | None = None
) -> list[Step]:
    # The service sends no start event for a block of text.
    opening = [Step("contentBlockStart", {"start": start, "contentBlockIndex": index})] if start else []
    pieces = [
        Step(
            "contentBlockDelta",
            {"delta": delta, "contentBlockIndex": index},
            tokens=_count_delta_tokens(delta) if tokens is None else tokens,
        )
        for delta in deltas
    ]
    return [*opening, *pieces, Step("contentBlockStop", {"contentBlockIndex": index})]


def _count_delta_tokens(delta: dict[str, Any]) -> float:
    piece: str = delta["text"] if "text" in delta else delta["toolUse"]["input"]
    return len(piece) / CHARACTERS_PER_TOKEN


def _cut_at_stop_sequence(text: str, sequences: list[str]) -> tuple[str, str | None]:
    positions = [position for position in (text.find(sequence) for sequence in sequences if sequence) if position >= 0]
    return (text[: min(positions)], "stop_sequence") if positions else (text, None)
