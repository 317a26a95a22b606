"""The processed-message records in memory: who works on which command, and how it ended."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.claims import Busy, Claim, CommandEnd, Done, Mismatch
from shared.clock import Clock
from shared.errors import LeaseLostError
from shared.ids import new_id
from tests.fakes.clock import FakeClock


@dataclass(slots=True)
class Record:
    """What is known of one command."""

    fingerprint: str | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    attempts: int = 0
    unfinished: int = 0
    done: bool = False
    given_up: bool = False
    stop: bool = False
    markers: dict[str, int] = field(default_factory=dict)
    """`sent` and `outcome`, with the numbers of their frames."""


class FakeClaims:
    """A `ClaimStore`; the stores that write on a command's behalf look its owner up here."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FakeClock()
        self.records: dict[str, Record] = {}

    async def claim(self, key: str, *, fingerprint: str, lease: timedelta) -> Claim | Done | Busy | Mismatch:
        """Take the command, count the attempt, or say why not."""
        await asyncio.sleep(0)
        now = _in_milliseconds(self._clock.now())
        record = self.records.setdefault(key, Record())
        if record.fingerprint not in {None, fingerprint}:
            return Mismatch()
        if record.done:
            return Done(record.markers.get("outcome"))
        if record.owner and record.lease_until and record.lease_until >= now:
            return Busy(record.lease_until)
        is_first = record.fingerprint is None
        record.fingerprint, record.owner = fingerprint, new_id()
        record.lease_until = now + lease
        record.attempts += 1
        record.unfinished += 1
        return Claim(
            key,
            record.owner,
            record.attempts,
            unfinished=record.unfinished - 1,
            is_first=is_first,
            is_stop_requested=record.stop,
        )

    async def extend(self, claim: Claim, *, lease: timedelta) -> bool:
        """Keep the command; False when it is another's now."""
        await asyncio.sleep(0)
        if not self.owns(claim):
            return False
        self.records[claim.key].lease_until = _in_milliseconds(self._clock.now()) + lease
        return True

    async def find_lost(self, claims: Sequence[Claim]) -> Collection[Claim]:
        """Return those of the claims that are no longer their owner's."""
        await asyncio.sleep(0)
        return [claim for claim in claims if not self.owns(claim)]

    async def release(self, claim: Claim, *, unspent: bool = False) -> None:
        """Give the command back; a claim already lost is left alone."""
        await asyncio.sleep(0)
        if self.owns(claim):
            self.records[claim.key].unfinished -= 1
            if unspent:
                self.records[claim.key].attempts -= 1
            self.records[claim.key].owner = self.records[claim.key].lease_until = None

    async def complete(self, claim: Claim, *, is_carried_out: bool = True) -> None:
        """Record the end of a command that leaves no frame."""
        await asyncio.sleep(0)
        record = self.demand(claim)
        record.done, record.given_up = True, not is_carried_out

    async def find_end(self, key: str) -> CommandEnd:
        """Return how a command without a frame has ended."""
        await asyncio.sleep(0)
        record = self.records.get(key)
        if record is None or not record.done:
            return "open"
        return "given_up" if record.given_up else "carried_out"

    async def is_stop_requested(self, key: str) -> bool:
        """Whether the visitor asked to end this command early."""
        await asyncio.sleep(0)
        return key in self.records and self.records[key].stop

    async def find_stop_requests(self, keys: Collection[str]) -> Collection[str]:
        """Return the commands whose visitors asked to end them."""
        await asyncio.sleep(0)
        return {key for key in keys if key in self.records and self.records[key].stop}

    def request_stop(self, key: str, *, now: datetime) -> None:
        """Flag a command, known or not; this makes the fake the ingress's `StopFlags` too."""
        del now
        self.records.setdefault(key, Record()).stop = True

    def owns(self, claim: Claim) -> bool:
        """Whether the command is still this claim's."""
        record = self.records.get(claim.key)
        return record is not None and record.owner == claim.owner

    def demand(self, claim: Claim) -> Record:
        """Return the command's record, or raise `LeaseLostError` when it is another's."""
        if not self.owns(claim):
            raise LeaseLostError(claim.key)
        return self.records[claim.key]

    def steal(self, claim: Claim) -> None:
        """Give the command to another worker, as when a lease ran out unnoticed."""
        self.demand(claim).owner = new_id()


def _in_milliseconds(instant: datetime) -> datetime:
    """Return the instant as precisely as the table keeps it."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
