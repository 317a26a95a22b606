"""Makes all ids: random ones for sessions and other parties, derived ones for effects."""

import base64
import hashlib
import uuid


def new_id() -> str:
    """Return a fresh random id: 32 hexadecimal characters."""
    return uuid.uuid4().hex


def derive_command_key(tenant: str, session_id: str, client_id: str) -> str:
    """Return the key that every effect of one command derives from: 64 hexadecimal characters.

    The lengths go into the hash, so that no two triples give the same text.
    """
    parts = (tenant, session_id, client_id)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def derive_id(key: str, effect: str) -> str:
    """Return the id of an effect of a command: 32 characters of `0-9a-v` (base32hex).

    The alphabet is the one that Google Calendar demands of event ids that a client chooses
    (https://developers.google.com/workspace/calendar/api/v3/reference/events/insert).
    """
    digest = hashlib.sha256(f"{key}/{effect}".encode()).digest()[:20]
    return base64.b32hexencode(digest).decode().lower()


def derive_failure_id(queue: str, origin: str) -> str:
    """Return the id of the one failure that a command, or an unreadable message, has on a queue."""
    return derive_id(f"{queue}:{origin}", "failure")


def compute_fingerprint(payload: str) -> str:
    """Return a short hash to compare payloads: 32 hexadecimal characters."""
    return hashlib.sha256(payload.encode()).hexdigest()[:32]
