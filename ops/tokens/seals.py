"""Makes and checks the text of desk tokens; pure but for the random numbers.

A token is `sdt_ID_SECRET_CHECK`. The check is a keyed hash of the rest: what nobody issued costs no read of the table.
The row has a seal instead of the secret: a keyed hash that also covers name, businesses and end. So who can only write
to the table, as a worker can, issues no token, and gives no token another name.
"""

import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ops.tokens.values import DeskToken
from shared.instants import to_milliseconds

_TOKEN = re.compile(r"(?P<body>sdt_(?P<id>[0-9a-f]{12})_[0-9a-f]{64})_(?P<check>[0-9a-f]{16})", re.ASCII)
_LABEL = b"stride-desk-token-1"


class TokenSeals:
    """Seals under keys that are derived from the secrets of the failure ledger; the newest is last."""

    def __init__(self, secrets_of_ledger: Sequence[str]) -> None:
        self._keys = [hmac.digest(secret.encode(), _LABEL, "sha256") for secret in secrets_of_ledger]

    def issue(
        self, *, name: str, tenants: frozenset[str] | None, issued_by: str, issued_at: datetime, expires_at: datetime
    ) -> tuple[str, DeskToken]:
        """Return the text of a new token, which nobody can read again, and its row."""
        token_id = secrets.token_hex(6)
        body = f"sdt_{token_id}_{secrets.token_hex(32)}"
        key = self._keys[-1]
        row = DeskToken(
            token_id=token_id,
            name=name,
            tenants=tenants,
            issued_at=issued_at,
            issued_by=issued_by,
            expires_at=expires_at,
            seal="",
        )
        return f"{body}_{_compute_check(key, body)}", replace(row, seal=_compute_seal(key, body, row))

    def find_id(self, text: str) -> str | None:
        """Return the id of a token that was issued here; None for any other text."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            return None
        checks = [_compute_check(key, match["body"]) for key in self._keys]
        return match["id"] if _is_any(match["check"], checks) else None

    def matches(self, text: str, row: DeskToken) -> bool:
        """Return whether a row is that of the token, and was not changed."""
        match = _TOKEN.fullmatch(text)
        return match is not None and _is_any(row.seal, [_compute_seal(key, match["body"], row) for key in self._keys])

    def compute_fingerprint(self, text: str) -> str:
        """Return a keyed hash of another secret, to recognise it: a weak one can't be guessed from that."""
        return hmac.digest(self._keys[-1], f"fingerprint {text}".encode(), "sha256").hex()[:32]


def _compute_check(key: bytes, body: str) -> str:
    return hmac.digest(key, f"check {body}".encode(), "sha256").hex()[:16]


def _compute_seal(key: bytes, body: str, row: DeskToken) -> str:
    tenants = None if row.tenants is None else sorted(row.tenants)
    sealed = [body, row.token_id, row.name, tenants, to_milliseconds(row.expires_at)]
    return hmac.digest(key, f"seal {json.dumps(sealed)}".encode(), "sha256").hex()


def _is_any(actual: str, expected: Sequence[str]) -> bool:
    return any(hmac.compare_digest(actual.encode(), one.encode()) for one in expected)
