"""Desk tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ops.tokens.values import DeskToken


class FakeDeskTokens:
    """A `DeskTokenStore`."""

    def __init__(self) -> None:
        self.rows: dict[str, DeskToken] = {}
        self.reads = 0
        self.error: Exception | None = None
        """Raised by every call while it is set."""

    async def add(self, token: DeskToken) -> None:
        """Add a token."""
        self._reach()
        assert token.token_id not in self.rows
        self.rows[token.token_id] = token

    async def get(self, token_id: str) -> DeskToken | None:
        """Return a token."""
        self._reach()
        self.reads += 1
        return self.rows.get(token_id)

    async def list_tokens(self) -> Sequence[DeskToken]:
        """Return all tokens."""
        self._reach()
        return list(self.rows.values())

    async def record_use(self, token_id: str, at: datetime) -> None:
        """Record a sign-in."""
        self._reach()
        self.rows[token_id] = replace(self.rows[token_id], last_used_at=at)

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """Revoke a token."""
        self._reach()
        if token_id not in self.rows:
            return False
        self.rows[token_id] = replace(self.rows[token_id], revoked_at=self.rows[token_id].revoked_at or at)
        return True

    def _reach(self) -> None:
        if self.error:
            raise self.error
