"""The tokens of an answer whose usage the model did not report."""

import json
from collections.abc import Iterator

from shared.language_models.tokens import BYTES_PER_TOKEN, estimate_tokens
from shared.messages.server import Usage
from workers.chat.domain.prompt import Prompt


def estimate_usage(prompt: Prompt, answer_characters: int) -> Usage:
    """Return an estimate of the usage of an answer that ended before the model reported its usage.

    All of the prompt counts as input: what of it was read from the cache is not known.
    """
    return Usage(
        input_tokens=sum(map(estimate_tokens, _list_texts(prompt))),
        output_tokens=max(1, answer_characters // BYTES_PER_TOKEN),
    )


def _list_texts(prompt: Prompt) -> Iterator[str]:
    yield from (prompt.instructions, prompt.situation_block)
    yield from (turn.text for turn in prompt.turns)
    for exchange in prompt.exchanges:
        yield exchange.text
        yield from (json.dumps([use.name, use.input, use.result], ensure_ascii=False) for use in exchange.uses)
