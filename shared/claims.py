"""Claims: the right of one worker to carry out one command, and the port of their records."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to carry out one command, until the lease runs out."""

    key: str
    owner: str
    attempts: int
    """How often the command was claimed, this time included."""

    unfinished: int = 0
    """How many earlier claims were not released or completed: their worker died, or lost its lease."""

    is_first: bool = False
    """Whether nobody has claimed the command before, so that no earlier worker can have left anything behind."""

    is_stop_requested: bool = False
    """Whether the visitor asked to end the command early before it was claimed."""


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


CommandEnd = Literal["open", "carried_out", "given_up"]


class ClaimStore(Protocol):
    """The processed-message records: one per command key."""

    async def claim(self, key: str, *, fingerprint: str, lease: timedelta) -> Claim | Done | Busy | Mismatch:
        """Claim the command and count the attempt; otherwise return why it is not possible."""
        ...

    async def extend(self, claim: Claim, *, lease: timedelta) -> bool:
        """Extend the claim; return False when another worker has it."""
        ...

    async def find_lost(self, claims: Sequence[Claim]) -> Collection[Claim]:
        """Return the claims that no longer belong to their owner."""
        ...

    async def release(self, claim: Claim, *, unspent: bool = False) -> None:
        """Release the command before the lease ends; nothing changes when the claim is already lost.

        `unspent` uncounts the attempt, because the worker was stopped and nothing failed.
        """
        ...

    async def complete(self, claim: Claim, *, is_carried_out: bool = True) -> None:
        """Record the end of a command that leaves no frame, and whether it was carried out.

        Raises:
            LeaseLostError: another worker owns it.
        """
        ...

    async def find_end(self, key: str) -> CommandEnd:
        """Return how a command without a frame has ended; `open` also if nobody has claimed it yet."""
        ...

    async def is_stop_requested(self, key: str) -> bool:
        """Return whether the visitor asked to end this command early."""
        ...

    async def find_stop_requests(self, keys: Collection[str]) -> Collection[str]:
        """Return those of the commands that their visitors asked to end early; some may be reported a moment later."""
        ...
