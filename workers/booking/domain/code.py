"""Judges a code that a visitor typed."""

import hmac
import re

from shared.codes import verification_code

ACCEPTED_SENDS = 2
"""The latest code counts, and the one before it: mails overtake each other, and people read the older one."""

_SEPARATORS = re.compile(r"[\s\-‐‑‒–—.]+")


def code_matches(secret: bytes, appointment_id: str, sends: int, given: str) -> bool:
    """Whether `given` is one of the codes that still count after so many sends.

    Spaces and dashes are ignored. Takes the same time whichever digit is wrong, and whichever code is meant.
    """
    digits = _SEPARATORS.sub("", given).encode(errors="replace")
    numbers = range(max(1, sends - ACCEPTED_SENDS + 1), sends + 1)
    codes = (verification_code(secret, appointment_id, number).encode() for number in numbers)
    return sum(hmac.compare_digest(code, digits) for code in codes) > 0
