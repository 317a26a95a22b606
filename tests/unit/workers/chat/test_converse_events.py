"""How the events of a Converse stream become events of the model."""

import json

import pytest

from shared.messages.server import Usage
from workers.chat.adapters.bedrock.events import ConverseReader
from workers.chat.ports import Finished, TextDelta, ToolCall

COUNTED = {"inputTokens": 7, "outputTokens": 5, "cacheReadInputTokens": 3, "cacheWriteInputTokens": 2}
USAGE = Usage(input_tokens=7, output_tokens=5, cache_read_tokens=3, cache_write_tokens=2)


def text(piece, block=0):
    return {"contentBlockDelta": {"contentBlockIndex": block, "delta": {"text": piece}}}


def tool(name, block):
    return {"contentBlockStart": {"contentBlockIndex": block, "start": {"toolUse": {"toolUseId": "t", "name": name}}}}


def tool_input(piece, block):
    return {"contentBlockDelta": {"contentBlockIndex": block, "delta": {"toolUse": {"input": piece}}}}


def end(block):
    return {"contentBlockStop": {"contentBlockIndex": block}}


def stop(reason="end_turn"):
    return {"messageStop": {"stopReason": reason}}


def read(*events):
    reader = ConverseReader()
    found = [one for event in events for one in reader.read(event)]
    return [*found, *reader.finish()] if reader.is_complete else found


DEEP = "[" * 200_000


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([text("a"), text("b"), end(0)], [TextDelta("a"), TextDelta("b")]),
        ([text("a"), end(0), text("b", 1)], [TextDelta("a"), TextDelta("b", 1)]),
        ([text("a"), text("b", 1), text("c")], [TextDelta("a"), TextDelta("b", 1), TextDelta("c")]),
        (
            [
                tool("x", 1),
                tool("y", 2),
                tool_input('{"a":', 1),
                tool_input('{"b":2}', 2),
                text("t"),
                tool_input("1}", 1),
                end(2),
                end(1),
            ],
            [TextDelta("t"), ToolCall("y", {"b": 2}), ToolCall("x", {"a": 1})],
        ),
        ([tool("x", 1), tool_input("{}", 1), text("t", 2), end(2)], [TextDelta("t", 2), ToolCall("x", {})]),
        ([tool("x", 1), tool("y", 1), tool_input('{"b":2}', 1)], [ToolCall("x", {}), ToolCall("y", {"b": 2})]),
        ([tool("x", 0), tool_input('{"service": "mass', 0), end(0)], [ToolCall("x", {})]),
        ([tool("x", 0), tool_input(DEEP, 0), end(0)], [ToolCall("x", {})]),
        ([tool("x", 0), tool_input('{"a":' + DEEP, 0), end(0)], [ToolCall("x", {})]),
        ([tool("x", 0), tool_input("[1]", 0), end(0)], [ToolCall("x", {})]),
        ([tool("x", 0), end(0)], [ToolCall("x", {})]),
        ([tool_input("{}", 3), end(3), end(4)], []),
        ([{"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}}], []),
        ([{"contentBlockDelta": {"delta": {"text": "a"}}}, {"messageStart": {"role": "assistant"}}], [TextDelta("a")]),
        ([{"event of a newer service": {}}, {}], []),
    ],
    ids=[
        "pieces of a block",
        "two blocks",
        "interleaved texts",
        "interleaved tools",
        "a tool without an end",
        "a tool replaced by another",
        "a broken input",
        "a deeply nested input",
        "a deeply nested value",
        "an input that is no object",
        "no input",
        "an input of no tool",
        "reasoning",
        "no index",
        "unknown events",
    ],
)
def test_a_stream_is_read(events, expected):
    """Each event belongs to the block that its index names; whatever comes, nothing is raised."""
    assert read(*events, stop(), {"metadata": {"usage": COUNTED}}) == [*expected, Finished(USAGE, "end_turn")]


def test_a_stream_without_a_stop_reason_is_cut_off():
    """Its open tools are not called."""
    reader = ConverseReader()
    assert list(reader.read(text("a"))) + list(reader.read(tool("x", 1))) == [TextDelta("a")]
    assert not reader.is_complete


def test_usage_may_be_missing():
    """A stream that ends after its stop reason is complete; so is one whose usage has no cache."""
    assert read(stop("max_tokens")) == [Finished(Usage(), "max_tokens")]
    counted = json.loads('{"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}}')
    assert read(stop(), counted) == [Finished(Usage(input_tokens=1, output_tokens=2), "end_turn")]
