"""The use cases of desk tokens: issue, list, revoke, sign in, and whether a session that a token began goes on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ops.tokens.seals import TokenSeals
from ops.tokens.values import DeskToken, DeskTokenStore
from shared.clock import Clock

MAX_NAME_CHARACTERS = 60
REVOCATION_DELAY = timedelta(seconds=30)
"""How long an open session may go on after its token was revoked: its row is read at most this often."""
_MAX_KNOWN = 1000


class DeskTokens:
    """Issues and checks tokens; several desks with the same table agree."""

    def __init__(self, *, store: DeskTokenStore, seals: TokenSeals, clock: Clock) -> None:
        self._store = store
        self._seals = seals
        self._clock = clock
        self._known: dict[str, tuple[datetime, DeskToken | None]] = {}

    async def issue(
        self, name: str, *, tenants: frozenset[str] | None, lifetime: timedelta, issued_by: str
    ) -> tuple[str, DeskToken]:
        """Return the text of a new token, which is shown this once, and what is stored of it."""
        now = self._clock.now()
        text, token = self._seals.issue(
            name=name, tenants=tenants, issued_by=issued_by, issued_at=now, expires_at=now + lifetime
        )
        await self._store.add(token)
        return text, token

    async def list_tokens(self) -> Sequence[DeskToken]:
        """Return all tokens, the newest first."""
        return sorted(await self._store.list_tokens(), key=lambda token: token.issued_at, reverse=True)

    async def revoke(self, token_id: str) -> bool:
        """Revoke a token; return whether there is one."""
        return await self._store.revoke(token_id, self._clock.now())

    async def sign_in(self, text: str) -> DeskToken | None:
        """Return the token that was typed, if it is valid; a text that was never issued costs no read."""
        token_id = self._seals.find_id(text)
        token = await self._store.get(token_id) if token_id else None
        if token is None or not self._seals.matches(text, token) or not token.is_valid(self._clock.now()):
            return None
        await self._store.record_use(token.token_id, self._clock.now())
        return token

    def compute_fingerprint(self, text: str) -> str:
        """Return a keyed hash of another secret, by which its sessions are recognised."""
        return self._seals.compute_fingerprint(text)

    async def is_session_valid(self, token_id: str) -> bool:
        """Return whether sessions of the token go on; a revocation counts after `REVOCATION_DELAY` at the latest."""
        now = self._clock.now()
        read_at, token = self._known.get(token_id, (None, None))
        if read_at is None or now - read_at >= REVOCATION_DELAY:
            token = await self._store.get(token_id)
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[token_id] = now, token
        return token is not None and token.is_valid(now)


def check_name(text: str) -> str:
    """Return an operator's name with single spaces.

    Raises:
        ValueError: it is empty, too long, or can't be printed.
    """
    name = " ".join(text.split())
    if not name or not name.isprintable() or len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"has to be 1 to {MAX_NAME_CHARACTERS} printable characters")
    return name
