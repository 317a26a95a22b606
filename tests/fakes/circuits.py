"""The circuits of all processes, in memory."""

import asyncio
from collections.abc import Sequence

from shared.circuits.ports import CircuitRecord, sort_records
from shared.clock import Clock
from shared.retention import CIRCUIT_RETENTION
from tests.fakes.clock import FakeClock


class FakeCircuitRecords:
    """A `CircuitRecords`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FakeClock()
        self.stored: dict[tuple[str, str, str], CircuitRecord] = {}
        self.outage: Exception | None = None
        """Raised by every call while it is set."""
        self.answers = asyncio.Event()
        """Every call waits for this event."""
        self.answers.set()
        self.puts = 0

    @property
    def rows(self) -> list[CircuitRecord]:
        """Return what is stored."""
        return list(self.stored.values())

    async def put(self, record: CircuitRecord) -> None:
        """Store the state of a circuit."""
        await self.answers.wait()
        if self.outage:
            raise self.outage
        self.puts += 1
        self.stored[record.process, record.dependency, record.circuit] = record

    async def list_recent(self) -> Sequence[CircuitRecord]:
        """Return the circuits of the last hour."""
        await self.answers.wait()
        if self.outage:
            raise self.outage
        oldest = self._clock.now() - CIRCUIT_RETENTION
        return sort_records(row for row in self.rows if row.recorded_at > oldest)
