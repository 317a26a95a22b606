"""Converts the events of a Converse stream to events of the model.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.json_objects import parse_json_object
from shared.messages.server import Usage
from workers.chat.ports import Finished, ModelEvent, TextDelta, ToolCall


class ConverseReader:
    """Reads one stream: blocks may be interleaved or lack their end; reasoning and unknown events are skipped."""

    def __init__(self) -> None:
        self._tools: dict[int, _OpenTool] = {}
        self._usage = Usage()
        self._stop_reason = ""

    def read(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        """Yield what an event adds to the answer."""
        if (words := find_words(event)) is not None:
            yield words
            return
        match event:
            case {"contentBlockStart": {"start": {"toolUse": {"name": str(name)}}} as start}:
                yield from self._end_tool(_find_index(start))
                self._tools[_find_index(start)] = _OpenTool(name)
            case {"contentBlockDelta": {"delta": {"toolUse": {"input": str(piece)}}} as delta}:
                if tool := self._tools.get(_find_index(delta)):
                    tool.pieces.append(piece)
            case {"contentBlockStop": stop}:
                yield from self._end_tool(_find_index(stop))
            case {"messageStop": {"stopReason": str(reason)}}:
                self._stop_reason = reason
            case {"metadata": {"usage": dict(counted)}}:
                self._usage = _parse_usage(counted)

    @property
    def is_complete(self) -> bool:
        """Whether the model has ended its answer; a stream that ends before that was cut off."""
        return bool(self._stop_reason)

    def finish(self) -> Iterator[ModelEvent]:
        """Yield the calls whose end is missing, and `Finished`."""
        for index in sorted(self._tools):
            yield from self._end_tool(index)
        yield Finished(self._usage, self._stop_reason)

    def _end_tool(self, index: int) -> Iterator[ModelEvent]:
        if tool := self._tools.pop(index, None):
            yield ToolCall(tool.name, tool.parse_input())


class _OpenTool:
    def __init__(self, name: str) -> None:
        self.name = name
        self.pieces: list[str] = []

    def parse_input(self) -> dict[str, Any]:
        """Return the input; empty if it is not a JSON object, or nested too deeply."""
        return parse_json_object("".join(self.pieces)) or {}


def find_words(event: Mapping[str, Any]) -> TextDelta | None:
    """Return the words of an event, if it has some.

    Nearly all events are such, and matching costs more than all else that is done with one.
    """
    content = event.get("contentBlockDelta")
    if type(content) is not dict:
        return None
    delta = content.get("delta")
    text = delta.get("text") if type(delta) is dict else None
    return TextDelta(text, _find_index(content)) if type(text) is str else None


def _find_index(content: Mapping[str, Any]) -> int:
    return _read_number(content, "contentBlockIndex")


def _parse_usage(counted: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=_read_number(counted, "inputTokens"),
        output_tokens=_read_number(counted, "outputTokens"),
        cache_read_tokens=_read_number(counted, "cacheReadInputTokens"),
        cache_write_tokens=_read_number(counted, "cacheWriteInputTokens"),
    )


def _read_number(content: Mapping[str, Any], name: str) -> int:
    """Return a whole number; 0 if it is missing, or another value."""
    number = content.get(name, 0)
    return number if type(number) is int and number >= 0 else 0
