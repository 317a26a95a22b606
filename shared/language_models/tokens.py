"""How many tokens a text has, without asking the model."""

from shared.language_models.values import LanguageModel

_BYTES_PER_TOKEN = 3
"""Of UTF-8. English has about four, Polish and German about three, so this rather counts too many."""


def estimate_tokens(text: str, model: LanguageModel) -> int:
    """Return an upper estimate of a text's tokens; 0 for an empty text alone."""
    return -(-round(len(text.encode("utf-8", "replace")) * model.tokenizer_factor) // _BYTES_PER_TOKEN)
