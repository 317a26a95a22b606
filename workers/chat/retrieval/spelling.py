"""Corrects a typing error: one character too many, missing, wrong, or swapped with its neighbour."""

from collections.abc import Collection, Iterable
from string import ascii_lowercase

_MIN_LENGTH = 5
"""A shorter word is one edit away from too many others."""

_MAX_LENGTH = 30
"""A longer string is no word, and the time to try its edits grows with the square of its length."""


def correct_word(word: str, vocabulary: Collection[str]) -> str:
    """Return the known word that a folded word was probably meant to be, or the word itself.

    Only words of 5 to 30 characters are corrected, and their first character never is. Of several known words the
    alphabetically first is returned.
    """
    if not _MIN_LENGTH <= len(word) <= _MAX_LENGTH or word in vocabulary or not word.isalpha():
        return word
    return min((edit for edit in _list_edits(word) if edit in vocabulary), default=word)


def _list_edits(word: str) -> Iterable[str]:
    for position in range(1, len(word) + 1):
        head, tail = word[:position], word[position:]
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
        for character in ascii_lowercase:
            yield head + character + tail
            yield head + character + tail[1:]
