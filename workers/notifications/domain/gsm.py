"""Writes a text with the letters that an SMS has room for: GSM 7 bit, 160 of them in one part (3GPP TS 23.038).

A longer text, or one with a single letter from outside the alphabet, goes out, and is billed, as several.
"""

import string
import unicodedata

from anyascii import anyascii

_LETTERS = frozenset(
    string.ascii_letters + string.digits + "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà"
)
_DOUBLE_LETTERS = frozenset("^{}\\[~]|€")
"""Of the extension table: two septets each."""

_NO_LETTERS = frozenset({"So", "Sk", "Cs", "Cn", "Co", "Cf", "Cc"})
"""Emoji and their like have no letters that stand for them, only names such as `:scissors:`."""

_ELLIPSIS = "..."


def gsm_text(text: str) -> str:
    """Return the text in GSM letters, others replaced by the nearest ones: `Zażółć` is `Zazolc`."""
    return " ".join("".join(map(_gsm_letters, text)).split())


def septets(text: str) -> int:
    """Return how much of a part the text takes."""
    return sum(2 if letter in _DOUBLE_LETTERS else 1 for letter in text)


def shortened(text: str, most: int) -> str:
    """Return the text in GSM letters, cut to so many septets."""
    whole = gsm_text(text)
    if septets(whole) <= most:
        return whole
    cut = whole
    while septets(cut) > most - len(_ELLIPSIS):
        cut = cut[:-1]
    return cut.rstrip(" ,.-") + _ELLIPSIS


def _gsm_letters(letter: str) -> str:
    if letter in _LETTERS or letter in _DOUBLE_LETTERS:
        return letter
    if letter.isspace():
        return " "
    if letter == "`":
        return "'"
    if unicodedata.category(letter) in _NO_LETTERS:
        return ""
    return anyascii(letter).replace("`", "'")
