"""The suppression list in memory."""

import asyncio
from dataclasses import replace
from datetime import datetime

from shared.suppressions import Suppression, derive_added_keys, derive_lookup_keys


class FakeSuppressions:
    """A `Suppressions`."""

    def __init__(self, secret: bytes = b"secret") -> None:
        self.rows: dict[str, Suppression] = {}
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""
        self._secret = secret

    async def add(self, address: str, suppression: Suppression) -> None:
        """Suppress an address, unless it is suppressed for as long already."""
        await self._reach()
        for key in derive_added_keys(self._secret, address):
            known = self.rows.get(key)
            if known is None or (known.until and (suppression.until is None or suppression.until > known.until)):
                self.rows[key] = replace(suppression)

    async def find(self, address: str, *, at: datetime) -> Suppression | None:
        """Return the suppression of an address that applies at `at`."""
        await self._reach()
        found = (self.rows.get(key) for key in derive_lookup_keys(self._secret, address))
        return next((known for known in found if known and (known.until is None or known.until > at)), None)

    async def remove(self, address: str) -> bool:
        """Remove an address from the list."""
        await self._reach()
        removed = [self.rows.pop(key, None) for key in derive_lookup_keys(self._secret, address)]
        return any(removed)

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
