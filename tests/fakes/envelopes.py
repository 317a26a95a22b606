"""Envelopes as the ingress writes them."""

import json


def envelope(key="k1", text="hello", session="s1", **changes):
    """Return an envelope as the ingress writes it."""
    written = {
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


def command_body(*arguments, **changes):
    """Return an envelope as the text that goes on the queue."""
    return json.dumps(envelope(*arguments, **changes))
