"""Which resume tokens of a session are accepted; pure. A session has a row for this only once it needs one.

A token says when it expires, and so when it was issued. `docs/data.md` describes the row.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.retention import RESUME_TOKEN_LIFETIME

TOKEN_OVERLAP = timedelta(hours=24)
"""How long an older token works beside a newer one: every open tab connects again within two hours, and gets one."""

_CLOCK_DIFFERENCE = timedelta(minutes=1)
"""Between the functions that issue tokens."""


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """What a valid token says."""

    session_id: str
    expires_at: datetime

    @property
    def issued_at(self) -> datetime:
        """Return when it was issued."""
        return self.expires_at - RESUME_TOKEN_LIFETIME


@dataclass(frozen=True, slots=True)
class TokenState:
    """What the session's row says; without a row, everything is accepted."""

    rotated_at: datetime | None = None
    """Tokens from before are refused `TOKEN_OVERLAP` later."""
    is_revoked: bool = False
    """Every token of the session is refused, also one that an open connection still gets."""

    def accepts(self, token: ResumeToken, now: datetime) -> bool:
        """Return whether the token still resumes its session."""
        if self.is_revoked:
            return False
        is_newest = self.rotated_at is None or token.issued_at >= self.rotated_at - _CLOCK_DIFFERENCE
        return is_newest or (self.rotated_at is not None and now < self.rotated_at + TOKEN_OVERLAP)

    def is_rotation_due(self, token: ResumeToken, now: datetime) -> bool:
        """Return whether the next `hello` has to rotate: once in `TOKEN_OVERLAP` at most, never for a fresh token."""
        is_old = now >= token.issued_at + TOKEN_OVERLAP
        return is_old and (self.rotated_at is None or now >= self.rotated_at + TOKEN_OVERLAP)


class TokenRevocations(Protocol):
    """Ends sessions for good.

    Raises:
        TransientError: the table can't be reached.
    """

    async def revoke_tokens(self, session_id: str, *, now: datetime) -> None:
        """Refuse every token of the session from now on."""
        ...


def derive_state_key(session_id: str) -> dict[str, str]:
    """Return the key of the session's row in `connections`, which no query for its connections finds."""
    return {"session_id": f"token#{session_id}", "connection_id": "-"}
