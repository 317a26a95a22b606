"""A desk token, as it is listed and stored: everything but what its owner types; and the port of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ops.desk.domain.values import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskToken:
    """Who signs in with a token, for which businesses, and until when."""

    token_id: str
    name: str
    tenants: frozenset[str] | None
    """None means all."""
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    seal: str
    """A keyed hash of the token together with the fields above; the token can't be found from it."""
    last_used_at: datetime | None = None
    """The last sign-in."""
    revoked_at: datetime | None = None

    @property
    def operator(self) -> Operator:
        """Return who signs in."""
        return Operator(name=self.name, tenants=self.tenants)

    def is_valid(self, now: datetime) -> bool:
        """Return whether it signs in, and sessions that it began go on."""
        return self.revoked_at is None and now < self.expires_at


class DeskTokenStore(Protocol):
    """The rows of all desk tokens.

    Raises:
        TransientError, PermanentError: the table can't be reached, or may not be.
    """

    async def add(self, token: DeskToken) -> None:
        """Add a token; its id must be new."""
        ...

    async def get(self, token_id: str) -> DeskToken | None:
        """Return a token; None if there is none. A change is visible at once."""
        ...

    async def list_tokens(self) -> Sequence[DeskToken]:
        """Return all tokens, also those that have ended, in no order."""
        ...

    async def record_use(self, token_id: str, at: datetime) -> None:
        """Record a sign-in."""
        ...

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """Revoke a token; return whether there is one. One that was revoked before keeps its instant."""
        ...
