"""Envelopes as the ingress writes them."""

import json
from typing import Any


def envelope(key: str = "k1", text: str = "hello", session: str = "s1", **changes: object) -> dict[str, Any]:
    """Return an envelope as the ingress writes it."""
    written: dict[str, Any] = {
        "version": 1,
        "id": key,
        "tenant": "salon",
        "session_id": session,
        "client_id": "c1",
        "connection_id": "tab=",
        "accepted_at": "2026-01-12T12:00:00Z",
        "locale": "pl",
        "type": "chat.send",
        "data": {"text": text},
    }
    return written | changes


def command_body(key: str = "k1", text: str = "hello", session: str = "s1", **changes: object) -> str:
    """Return an envelope as the text that goes on the queue."""
    return json.dumps(envelope(key, text, session, **changes))
