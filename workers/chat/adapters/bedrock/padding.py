"""Makes a system prompt long enough for the model's cache where that costs less; without I/O."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from shared.language_models.prompt_cache import decide_padding
from shared.language_models.tokens import estimate_fewest_tokens
from shared.language_models.values import LanguageModel
from workers.chat.domain.prompt import Prompt, split_document

MAX_REPEATS = 2
"""How often a document is repeated to make a short prefix long enough for the cache."""

_TRANSLATED = "Documents that say the same in another language:"
_REPEATED = "The same documents once more:"


def pad_instructions(model: LanguageModel, prompt: Prompt, declared: Sequence[str], expected_reads: float) -> str:
    """Return the instructions; those just too short for the cache end with more documents, the last one cut.

    First come translations, then documents that are in the instructions already: nothing else could be added that
    can't mislead the model. What can't be reached with them stays as it is. Declared tools are a part of the prefix.
    """
    tokens = sum(estimate_fewest_tokens(text, model) for text in (*declared, prompt.instructions))
    decision = decide_padding(model, field="system", prefix_tokens=tokens, expected_reads=expected_reads)
    if not decision.pays:
        return prompt.instructions
    missing = math.ceil((decision.minimum_tokens - tokens) / model.tokenizer_factor)
    padding = _compose_padding(missing, prompt.translations, prompt.documents)
    return f"{prompt.instructions}\n\n{padding}" if padding else prompt.instructions


@lru_cache(maxsize=64)
def _compose_padding(missing: int, translations: tuple[str, ...], documents: tuple[str, ...]) -> str:
    """Return a text with so many tokens of the reference model, and at most a paragraph more; empty if none has."""
    texts: list[str] = []
    for heading, added in ((_TRANSLATED, translations), (_REPEATED, documents * MAX_REPEATS)):
        for number, document in enumerate(added):
            texts += [heading] if number == 0 else []
            tokens = estimate_fewest_tokens(document)
            if tokens >= missing:
                return "\n\n".join((*texts, _cut_document(document, missing)))
            texts.append(document)
            missing -= tokens
    return ""


def _cut_document(document: str, tokens: int) -> str:
    """Return the shortest beginning of a quoted document that has so many tokens, to the end of a paragraph."""
    *paragraphs, end = split_document(document)

    def build(count: int) -> str:
        return "".join(paragraphs[:count]).rstrip("\n") + end

    counts = range(1, len(paragraphs) + 1)
    return build(counts[bisect_left(counts, tokens, key=lambda count: estimate_fewest_tokens(build(count)))])
