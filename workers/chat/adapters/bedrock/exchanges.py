"""Writes the calls of tools, and their results, into a request; without I/O.

The ids of the calls are ours, so that they are unique and valid whatever the model wrote.
"""

import json
from collections.abc import Sequence
from typing import Any

from workers.chat.domain.tool import ToolExchange, ToolUse


def add_exchanges(
    messages: Sequence[dict[str, Any]], exchanges: Sequence[ToolExchange], *, has_tools: bool
) -> list[dict[str, Any]]:
    """Return the dialogue with the exchanges after the visitor's last message.

    Blocks of tools are refused in a request that has no tools: there, the results are texts of that message.
    """
    if has_tools:
        return [*messages, *(turn for number, one in enumerate(exchanges) for turn in _build_turns(one, number))]
    *before, last = messages
    results = [{"text": _quote_result(use)} for exchange in exchanges for use in exchange.uses]
    return [*before, {**last, "content": [*last["content"], *results]}]


def _build_turns(exchange: ToolExchange, number: int) -> list[dict[str, Any]]:
    """Return the model's turn and that with the results."""
    asked: list[dict[str, Any]] = [{"text": exchange.text}] if exchange.text.strip() else []
    answered: list[dict[str, Any]] = []
    for position, use in enumerate(exchange.uses):
        call = {"toolUseId": f"call_{number}_{position}"}
        asked.append({"toolUse": {**call, "name": use.name, "input": dict(use.input)}})
        result = {**call, "content": [{"json": dict(use.result)}]}
        answered.append({"toolResult": {**result, "status": "error"} if use.is_error else result})
    return [{"role": "assistant", "content": asked}, {"role": "user", "content": answered}]


def _quote_result(use: ToolUse) -> str:
    """Return a result as a text in which no value can close the tag around it."""
    content = json.dumps({"input": use.input, "result": use.result}, ensure_ascii=False).replace("<", "\\u003c")
    return f'<tool_result name="{use.name}">{content}</tool_result>'
