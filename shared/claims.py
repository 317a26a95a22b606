"""The right to carry out one command: who has it, until when, and the port of the records that say so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to carry out one command, until the lease runs out."""

    key: str
    owner: str
    attempts: int
    """How often the command was claimed, this time included."""

    unfinished: int = 0
    """How many earlier claims ended without a word: their worker died, or lost its lease."""


@dataclass(frozen=True, slots=True)
class Done:
    """The command has ended; its outcome is the session's frame `outcome_seq`, if it left one."""

    outcome_seq: int | None


@dataclass(frozen=True, slots=True)
class Busy:
    """Another worker holds the command, until `until` at the latest unless it extends."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used before, for another payload."""


class ClaimStore(Protocol):
    """The processed-message records: one per command key."""

    async def claim(self, key: str, *, fingerprint: str, lease: timedelta) -> Claim | Done | Busy | Mismatch:
        """Take the command, count the attempt, or say why not."""
        ...

    async def extend(self, claim: Claim, *, lease: timedelta) -> bool:
        """Keep the command; False when it is another's now."""
        ...

    async def find_lost(self, claims: Sequence[Claim]) -> Collection[Claim]:
        """Return those of the claims that are no longer their owner's."""
        ...

    async def release(self, claim: Claim, *, unspent: bool = False) -> None:
        """Give the command back before the lease runs out; a claim already lost is left alone.

        `unspent` takes the attempt back: the worker was told to stop, nothing had failed.
        """
        ...

    async def complete(self, claim: Claim) -> None:
        """Record the end of a command that leaves no frame.

        Raises:
            LeaseLostError: another worker owns it.
        """
        ...

    async def stop_requested(self, key: str) -> bool:
        """Whether the visitor asked to end this command early."""
        ...
