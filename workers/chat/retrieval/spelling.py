"""Corrects a typing error: one letter too many, missing, wrong, or swapped with its neighbour."""

from collections.abc import Collection, Iterable
from string import ascii_lowercase

_MIN_LENGTH = 5
"""A shorter word is one edit away from too many others."""


def correct(word: str, vocabulary: Collection[str]) -> str:
    """Return the known word that a folded word of at least five letters was probably meant to be, or the word itself.

    The first letter is taken for right. Of several known words the alphabetically first is returned.
    """
    if len(word) < _MIN_LENGTH or word in vocabulary or not word.isalpha():
        return word
    return min((edit for edit in _edits(word) if edit in vocabulary), default=word)


def _edits(word: str) -> Iterable[str]:
    for place in range(1, len(word) + 1):
        head, tail = word[:place], word[place:]
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
        for letter in ascii_lowercase:
            yield head + letter + tail
            yield head + letter + tail[1:]
