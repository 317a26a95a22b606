"""Runs the tools that the model has called, so that none of them can end the answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from shared.dead_letter_reasons import DeadLetterReason
from shared.ids import derive_id
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.tool import Tool, ToolContext, ToolExchange, ToolResult, ToolUse
from workers.chat.ports import ToolCall

log = structlog.get_logger()

MAX_TOOL_CALLS = 4
"""Calls of tools in one answer of the model that have an effect."""

TOOL_SECONDS = 4.0
"""How long the model waits for a tool at most: longer than any tool waits for something itself."""

_DONE: Mapping[str, Any] = {"status": "done"}
_UNAVAILABLE: Mapping[str, Any] = {"error": "unavailable"}


async def run_tools(tools: Sequence[Tool], calls: Sequence[ToolCall], context: ToolContext) -> list[ToolResult]:
    """Return the result of each call, at the deadline at the latest; the calls of one answer run at the same time."""
    known = {tool.name: tool for tool in tools}
    return await asyncio.gather(
        *(
            _run_tool(known[call.name], call, replace(context, call_id=derive_id(context.call_id, f"{number}")))
            for number, call in enumerate(calls)
        )
    )


def build_exchange(text: str, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> ToolExchange | None:
    """Return what the model is asked with again; None if no tool has a result for it."""
    if all(result.content is None for result in results):
        return None
    uses = (
        ToolUse(call.name, call.input, _DONE if result.content is None else result.content, result.is_error)
        for call, result in zip(calls, results, strict=True)
    )
    return ToolExchange(text, tuple(uses))


async def _run_tool(tool: Tool, call: ToolCall, context: ToolContext) -> ToolResult:
    try:
        async with asyncio.timeout_at(_find_end(context.deadline)):
            return await tool.run(call.input, context)
    except Exception as error:  # noqa: BLE001 - a tool that fails, for whatever reason, costs the visitor no answer
        reason = DeadLetterReason.TIMEOUT if isinstance(error, TimeoutError) else DeadLetterReason.BUG
        log.warning("tool_failed", tool=tool.name, reason=getattr(error, "reason", reason), error=type(error).__name__)
        return ToolResult(_UNAVAILABLE, is_error=True)


def _find_end(deadline: Deadline) -> float:
    return min(asyncio.get_running_loop().time() + TOOL_SECONDS, deadline.at)
