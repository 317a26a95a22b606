"""Checks the telephone number of a business, which visitors are shown as it is written."""

import re

_WRITTEN = re.compile(r"\+?[0-9(][0-9 ()./-]{1,38}[0-9]")


def check_phone(text: str) -> str:
    """Return the number; raise `ValueError` if it is not one number of 3 to 15 digits (E.164 has at most 15)."""
    if not (_WRITTEN.fullmatch(text) and 3 <= sum(map(str.isdecimal, text)) <= 15):
        raise ValueError(f"{text!r} is not one telephone number such as +48 12 345 67 89")
    return text
