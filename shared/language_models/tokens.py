"""How many tokens a text has, without asking the model."""

import re
from collections import Counter
from functools import lru_cache

from shared.language_models.values import LanguageModel

BYTES_PER_TOKEN = 2
"""Of UTF-8. The documents of the businesses in this repository have 2.1 to 2.7 bytes a token in Polish, 2.7 to 4.0 in
English, tables and telephone numbers 1.9 to 2.0 (`infra/cost/token_counts.json` says how that was counted)."""

_FEWEST = 0.88
_ALPHABETIC, _UPPER_CASE, _DIGIT, _SIGN, _WORD, _LINE = 0.226, 0.3, 1.14, 0.515, 0.16, 1.275
_POLISH_CHARACTER, _ACCENTED, _OTHER = 3.0, 1.5, 0.4
"""Tokens of each character, word and line that is not empty, fitted to this repository's English and Polish texts.

A Polish word with a character of its own has several tokens more; in other languages a word with an accent has hardly
one. What is added for an upper-case character comes on top.
"""
_POLISH = frozenset("ąćęłńśźżĄĆĘŁŃŚŹŻ")
_LATIN = range(0x80, 0x250)
_RUN = re.compile(r"(.)\1{3,}")
"""A rule of a table, or blanks that align a column, have few tokens, however long they are."""


def estimate_tokens(text: str, model: LanguageModel | None = None) -> int:
    """Return an estimate of a text's tokens for a model, or for Claude Haiku 4.5: half its UTF-8 bytes, rounded up.

    For any text Haiku 4.5 counts at most twice the estimate, because a byte-level tokenizer never cuts a byte. For
    prose the estimate is 0.9 to 2.5 times what the model counts: a quarter more in Polish, twice as much in English.
    Money is reserved by it, so that it should rather be too high; budgets are kept by it, so that they bound the real
    number. Other models have more tokens for the same text, by their `tokenizer_factor`. 0 for an empty text alone.
    """
    size = len(text.encode(errors="replace"))
    return -(-(size if model is None else round(size * model.tokenizer_factor)) // BYTES_PER_TOKEN)


def estimate_fewest_tokens(text: str, model: LanguageModel | None = None) -> int:
    """Return an estimate of a text's tokens that the model hardly ever counts fewer than: for what has to be reached.

    It is 0.8 to 0.9 times what Haiku 4.5 counts for the prompts of this repository's businesses, 0.6 to 0.95 times
    for documents, golden cases and catalogues in English, Polish and German, and less for other languages. It is low
    rather than exact, because a prefix that does not reach a minimum costs ten times more than one that is a tenth too
    long.
    """
    return int(_weigh_text(text) * _FEWEST * (1.0 if model is None else model.tokenizer_factor))


@lru_cache(maxsize=128)
def _weigh_text(text: str) -> float:
    # Of 20 KB this takes 3 ms, and the instructions of a business are the same in each request.
    text = _RUN.sub(r"\1\1\1", text)
    lines = sum(1 for line in text.splitlines() if line.strip())
    characters = sum(count * _weigh(character) for character, count in Counter(text).items())
    return characters + _WORD * len(text.split()) + _LINE * lines


def _weigh(character: str) -> float:
    if character in _POLISH:
        return _POLISH_CHARACTER
    if not character.isascii():
        return _ACCENTED if ord(character) in _LATIN and character.isalpha() else _OTHER
    if character.isspace():
        return 0.0
    if character.isalpha():
        return _ALPHABETIC + (_UPPER_CASE if character.isupper() else 0.0)
    return _DIGIT if character.isdigit() else _SIGN
