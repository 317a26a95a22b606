"""Checks a code that a visitor typed."""

import hmac
import re

from shared.verification_codes import derive_verification_code

_SEPARATORS = re.compile(r"[\s\-‐‑‒–—.]+")


def is_current_code(secret: bytes, appointment_id: str, sends: int, typed: str) -> bool:
    """Return whether a visitor typed the code that was sent last, the one with the number `sends`.

    Older codes are invalid: otherwise each resend would double the chance of a guess. Spaces and dashes are
    ignored. The comparison takes constant time.
    """
    digits = _SEPARATORS.sub("", typed).encode(errors="replace")
    is_equal = hmac.compare_digest(derive_verification_code(secret, appointment_id, sends).encode(), digits)
    return is_equal and sends > 0
