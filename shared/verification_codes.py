"""Derives verification codes; the sender and the verifier derive the same one."""

import hmac

CODE_DIGITS = 6


def derive_verification_code(secret: bytes, appointment_id: str, send_number: int) -> str:
    """Return the six digits of an appointment's send number 1, 2, ...: nothing has to be stored or queued.

    HMAC-SHA256 over both, so a code reveals nothing about another. The first eight bytes modulo a million are
    even enough: 2**64 is no multiple of it, but the likelier codes are so by less than one part in 10**13.
    """
    if not secret:
        raise ValueError("a verification code needs a secret")
    digest = hmac.digest(secret, f"{appointment_id}/{send_number}".encode(), "sha256")
    return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"
