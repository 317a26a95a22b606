"""Judges a code that a visitor typed."""

import hmac
import re

from shared.codes import verification_code

_SEPARATORS = re.compile(r"[\s\-‐‑‒–—.]+")


def code_matches(secret: bytes, appointment_id: str, sends: int, given: str) -> bool:
    """Whether `given` is the code that was sent last, the number `sends`.

    An older one no longer counts, or each resend would double what a guess is worth. Spaces and dashes are
    ignored. Takes the same time whichever digit is wrong.
    """
    digits = _SEPARATORS.sub("", given).encode(errors="replace")
    right = hmac.compare_digest(verification_code(secret, appointment_id, sends).encode(), digits)
    return right and sends > 0
