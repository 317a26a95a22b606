"""Processed-message records in memory: what the pool costs when the table costs nothing."""

import itertools
from collections.abc import Collection, Sequence
from datetime import timedelta

from shared.claims import Busy, Claim, Done, Mismatch
from shared.errors import LeaseLostError


class MemoryClaims:
    """The records as the table keeps them, for as long as a command is not done, and without the table's time."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._numbers = itertools.count()

    async def claim(self, key: str, *, fingerprint: str, lease: timedelta) -> Claim | Done | Busy | Mismatch:
        """Take the command, if nobody has it."""
        if key in self._owners:
            raise AssertionError(f"{key} came twice")
        self._owners[key] = owner = f"owner-{next(self._numbers)}"
        return Claim(key=key, owner=owner, attempts=1)

    async def complete(self, claim: Claim) -> None:
        """End the command, if it is the owner's."""
        if self._owners.pop(claim.key) != claim.owner:
            raise LeaseLostError(claim.key)

    async def extend(self, claim: Claim, *, lease: timedelta) -> bool:
        """Keep the command."""
        return self._owners.get(claim.key) == claim.owner

    async def find_lost(self, claims: Sequence[Claim]) -> Collection[Claim]:
        """Return those that are another's."""
        return [claim for claim in claims if self._owners.get(claim.key, claim.owner) != claim.owner]

    async def release(self, claim: Claim, *, unspent: bool = False) -> None:
        """Give the command back."""
        self._owners.pop(claim.key, None)

    async def stop_requested(self, key: str) -> bool:
        """Nobody asks."""
        return False
