"""The tokens of an answer whose usage the model did not report."""

import json

from shared.messages.server import Usage
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tool import ToolExchange

_CHARACTERS_PER_TOKEN = 3
"""A low estimate, so that usage is not underestimated: about four in English, fewer in Polish."""


def estimate_usage(prompt: Prompt, answer_characters: int) -> Usage:
    """Return an estimate of the usage of an answer that ended before the model reported its usage."""
    prompt_characters = len(prompt.instructions) + len(prompt.situation) + sum(len(turn.text) for turn in prompt.turns)
    prompt_characters += sum(map(_count_characters, prompt.exchanges))
    output_tokens = max(1, answer_characters // _CHARACTERS_PER_TOKEN)
    return Usage(input_tokens=prompt_characters // _CHARACTERS_PER_TOKEN, output_tokens=output_tokens)


def _count_characters(exchange: ToolExchange) -> int:
    return len(exchange.text) + sum(len(json.dumps([use.name, use.input, use.result])) for use in exchange.uses)
