"""Processed-message records in memory, to measure the pool without the cost of the table."""

import itertools
from collections.abc import Collection, Sequence
from datetime import timedelta

from shared.claims import Busy, Claim, Done, Mismatch
from shared.errors import LeaseLostError


class MemoryClaims:
    """Keeps the record of a command until the command is done; it never waits."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._numbers = itertools.count()

    async def claim(self, key: str, *, fingerprint: str, lease: timedelta) -> Claim | Done | Busy | Mismatch:
        """Claim the command, if nobody holds a claim on it."""
        if key in self._owners:
            raise AssertionError(f"{key} came twice")
        self._owners[key] = owner = f"owner-{next(self._numbers)}"
        return Claim(key=key, owner=owner, attempts=1)

    async def complete(self, claim: Claim, *, is_carried_out: bool = True) -> None:
        """Complete the command, if the claim's owner still holds it."""
        if self._owners.pop(claim.key) != claim.owner:
            raise LeaseLostError(claim.key)

    async def extend(self, claim: Claim, *, lease: timedelta) -> bool:
        """Return whether the claim is still held; it needs no extension here."""
        return self._owners.get(claim.key) == claim.owner

    async def find_lost(self, claims: Sequence[Claim]) -> Collection[Claim]:
        """Return the claims that another owner holds now."""
        return [claim for claim in claims if self._owners.get(claim.key, claim.owner) != claim.owner]

    async def release(self, claim: Claim, *, unspent: bool = False) -> None:
        """Release the claim."""
        self._owners.pop(claim.key, None)

    async def is_stop_requested(self, key: str) -> bool:
        """Return False: no visitor stops an answer here."""
        return False

    async def find_stop_requests(self, keys: Collection[str]) -> Collection[str]:
        """Return nothing: no visitor stops an answer here."""
        return ()
