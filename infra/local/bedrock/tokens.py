"""Estimates token counts, and splits an answer into the deltas of a stream."""

import json
import re
from collections.abc import Iterator

from infra.local.bedrock.request import Block, ConverseRequest

CHARACTERS_PER_TOKEN = 4
_MAX_PIECE_CHARACTERS = 24


def count_tokens(text: str) -> int:
    """Return the approximate number of tokens of a text; a text that is not empty has at least one."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def cut_to_tokens(text: str, tokens: int) -> str:
    """Return the start of a text, up to `tokens` tokens."""
    return text[: tokens * CHARACTERS_PER_TOKEN]


def split_words(text: str) -> Iterator[str]:
    """Yield a text word by word, each with its leading white space, so that the joined words are the text."""
    for piece in re.findall(r"\s*\S+|\s+\Z", text):
        yield from split_chunks(piece, _MAX_PIECE_CHARACTERS)


def split_chunks(text: str, size: int) -> Iterator[str]:
    """Yield a text in parts of `size` characters."""
    return (text[start : start + size] for start in range(0, len(text), size))


def list_blocks(request: ConverseRequest) -> list[Block]:
    """Return all blocks in the order in which the model reads them: tools, system, turns."""
    tools = request.tool_config.tools if request.tool_config else []
    declared = [
        Block(cache_point=tool.cache_point)
        if tool.cache_point
        else Block(text=json.dumps(tool.model_dump(mode="json", exclude_none=True), ensure_ascii=False))
        for tool in tools
    ]
    return [*declared, *request.system, *(block for turn in request.messages for block in turn.content)]


def count_request_tokens(request: ConverseRequest) -> int:
    """Return the approximate number of tokens of a request."""
    return sum(count_tokens(block.weight) for block in list_blocks(request) if not block.cache_point)
