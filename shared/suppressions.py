"""Suppressed addresses: no e-mail is sent to them, because they bounced or their owners complained."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.mailboxes.merging import list_looked_up_spellings, list_suppressed_spellings

SuppressionReason = Literal["bounced", "complained", "full"]

_KEY_LABEL = b"stride-suppression-1"
"""The input of a verification code contains a slash, so no code is ever derived from this label."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why and since when an address gets no e-mail."""

    reason: SuppressionReason
    since: datetime
    until: datetime | None = None
    """When it expires; None means until an operator removes it."""


class Suppressions(Protocol):
    """The suppressed addresses of all businesses, because they share one sender reputation.

    Raises:
        TransientError: the table can't be reached.
    """

    async def add(self, address: str, suppression: Suppression) -> None:
        """Add an address; a permanent suppression stays permanent, and of two that expire the later end counts.

        Where a provider delivers every spelling to one mailbox (`shared/mailboxes/`), all of them are suppressed.
        """
        ...

    async def find(self, address: str, *, at: datetime) -> Suppression | None:
        """Return why an address gets no e-mail at `at`; None if it gets e-mail.

        It is looked up as it is and in its merged spelling.
        """
        ...

    async def remove(self, address: str) -> bool:
        """Remove an address and its merged spelling; return whether either was there."""
        ...


def derive_added_keys(secret: bytes, address: str) -> tuple[str, ...]:
    """Return the keys under which the suppression of an address is stored."""
    return tuple(derive_suppression_key(secret, spelling) for spelling in list_suppressed_spellings(address))


def derive_lookup_keys(secret: bytes, address: str) -> tuple[str, ...]:
    """Return the keys under which an address may be suppressed, that of its exact spelling first."""
    return tuple(derive_suppression_key(secret, spelling) for spelling in list_looked_up_spellings(address))


def derive_suppression_key(secret: bytes, address: str) -> str:
    """Return the keyed hash that identifies an address; without the secret the address can't be found from it.

    Upper and lower case give the same hash: no important provider delivers them to different mailboxes.
    """
    key = hmac.digest(secret, _KEY_LABEL, "sha256")
    return hmac.digest(key, address.strip().lower().encode(), "sha256").hex()
