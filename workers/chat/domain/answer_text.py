"""What a visitor sees of the model's text."""

import unicodedata
from itertools import accumulate

from shared.languages.catalogue import Texts

MAX_ANSWER_BYTES = 20 * 1024
"""The limit of an answer's text, so that its frame stays below the protocol's 24 KB."""

_ESCAPED = '"\\\n\t'
"""Characters that take one more byte in a frame, because JSON escapes them."""


def sanitize_answer(text: str) -> str:
    """Return the answer's text without control characters, cut to what a frame can hold."""
    clean = "".join(filter(_is_allowed, text)).strip()
    sizes = accumulate(len(character.encode()) + (character in _ESCAPED) for character in clean)
    return clean[: sum(size <= MAX_ANSWER_BYTES for size in sizes)]


def _is_allowed(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"}


def build_final_text(text: str, *, offered: bool, stopped: bool, t: Texts) -> str:
    """Return the answer's text; it is empty only if the visitor stopped the answer before its first word."""
    answer = sanitize_answer(text)
    if answer or stopped:
        return answer
    return t("offer") if offered else t("no_answer")
