"""Addresses that no letter goes to any more: they bounced, or their owners complained."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

SuppressionReason = Literal["bounced", "complained", "full"]

_KEY_LABEL = b"stride-suppression-1"
"""What verification codes are made of has a slash in it, so no code is ever computed from this."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why and since when an address gets no letters."""

    reason: SuppressionReason
    since: datetime
    until: datetime | None = None
    """When it is forgotten by itself; None stays until a person removes it."""


class Suppressions(Protocol):
    """Which addresses get no letters, for all businesses: one reputation is everybody's.

    Raises:
        TransientError: the table can't be reached.
    """

    async def add(self, address: str, suppression: Suppression) -> None:
        """Note an address; one that is noted for good stays so, and of two that pass the later end counts."""
        ...

    async def find(self, address: str, *, at: datetime) -> Suppression | None:
        """Return why an address gets no letters at `at`; None if it does."""
        ...

    async def remove(self, address: str) -> bool:
        """Forget an address; whether it was there."""
        ...


def suppression_key(secret: bytes, address: str) -> str:
    """Return what an address is known by: a keyed hash, from which nobody without the secret can tell it.

    Upper and lower case are one: no provider of note delivers them to different people.
    """
    key = hmac.digest(secret, _KEY_LABEL, "sha256")
    return hmac.digest(key, address.strip().lower().encode(), "sha256").hex()
