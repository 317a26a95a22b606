"""Converts a text to the GSM 7-bit alphabet, of which one part of an SMS holds 160 septets (3GPP TS 23.038).

A longer text, or one with a single character outside the alphabet, is sent and billed as several parts.
"""

import bisect
import itertools
import string
import unicodedata

from anyascii import anyascii

_CHARACTERS = frozenset(
    string.ascii_letters + string.digits + "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà"
)
_TWO_SEPTET_CHARACTERS = frozenset("^{}\\[~]|€")
"""Characters of the extension table: two septets each."""

_SYMBOL_CATEGORIES = frozenset({"So", "Sk", "Cs", "Cn", "Co", "Cf", "Cc"})
"""Unicode categories that are dropped: emoji and the like are transliterated to names such as `:scissors:`."""

_ELLIPSIS = "..."


def to_gsm_text(text: str) -> str:
    """Return the text in GSM characters, with others replaced by the nearest ones: `Zażółć` becomes `Zazolc`."""
    return " ".join("".join(map(_to_gsm_characters, text)).split())


def count_septets(text: str) -> int:
    """Return how many septets a text in GSM characters takes."""
    return len(text) + sum(map(text.count, _TWO_SEPTET_CHARACTERS))


def shorten_to_septets(text: str, max_septets: int) -> str:
    """Return the text in GSM characters, cut to at most `max_septets` septets."""
    whole = to_gsm_text(text)
    if count_septets(whole) <= max_septets:
        return whole
    ends = list(itertools.accumulate(1 + (character in _TWO_SEPTET_CHARACTERS) for character in whole))
    return whole[: bisect.bisect_right(ends, max_septets - len(_ELLIPSIS))].rstrip(" ,.-") + _ELLIPSIS


def _to_gsm_characters(character: str) -> str:
    if character in _CHARACTERS or character in _TWO_SEPTET_CHARACTERS:
        return character
    if character.isspace():
        return " "
    if character == "`":
        return "'"
    if unicodedata.category(character) in _SYMBOL_CATEGORIES:
        return ""
    return anyascii(character).replace("`", "'")
