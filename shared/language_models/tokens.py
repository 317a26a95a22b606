"""How many tokens a text has, without asking the model: the one estimate, for budgets and for money."""

from shared.language_models.values import LanguageModel

BYTES_PER_TOKEN = 2
"""Of UTF-8. The documents of the businesses in this repository have 2.1 to 2.7 bytes a token in Polish and 2.7 to 4.0 in
English, tables and telephone numbers 1.9 to 2.0 (`infra/cost/token_counts.json` says how that was counted)."""


def estimate_tokens(text: str, model: LanguageModel | None = None) -> int:
    """Return an estimate of a text's tokens for a model, or for Claude Haiku 4.5: half its UTF-8 bytes, rounded up.

    For any text Haiku 4.5 counts at most twice the estimate, because a byte-level tokenizer never cuts a byte. For
    prose the estimate is 0.9 to 2.5 times what the model counts: a quarter more in Polish, twice as much in English.
    Money is reserved by it, so that it should rather be too high; budgets are kept by it, so that they bound the real
    number. Other models have more tokens for the same text, by their `tokenizer_factor`. 0 for an empty text alone.
    """
    size = len(text.encode(errors="replace"))
    return -(-(size if model is None else round(size * model.tokenizer_factor)) // BYTES_PER_TOKEN)
