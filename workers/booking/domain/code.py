"""Checks a code that a visitor typed."""

import hmac
import re

from shared.typed_text import normalize_typed_text
from shared.verification_codes import CODE_DIGITS, derive_verification_code

_SEPARATORS = re.compile(r"[\s\-‐‑‒–—−.]+")
_DIGITS = re.compile(r"[0-9]+")


def find_code(typed: str) -> str | None:
    """Return the six digits in a text that a visitor typed or pasted; None if it holds no code, or more than one.

    Spaces and dashes between the digits are ignored.
    """
    runs = _DIGITS.findall(_SEPARATORS.sub("", normalize_typed_text(typed)))
    codes = [run for run in runs if len(run) == CODE_DIGITS]
    return codes[0] if len(codes) == 1 else None


def is_current_code(secret: bytes, appointment_id: str, sends: int, typed: str) -> bool | None:
    """Return whether a visitor typed the code that was sent last, the one with the number `sends`.

    None means that the text holds no code, so that nothing was guessed. Older codes are invalid: otherwise each resend
    would double the chance of a guess. The comparison takes constant time.
    """
    code = find_code(typed)
    if code is None:
        return None
    is_equal = hmac.compare_digest(derive_verification_code(secret, appointment_id, sends), code)
    return is_equal and sends > 0
