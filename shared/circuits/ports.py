"""How operators of other machines see the circuits of a process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.circuits.breaker import CircuitState


@dataclass(frozen=True, slots=True)
class CircuitRecord:
    """The state of one circuit of one process, as it was recorded last."""

    process: str
    """Worker, machine and process id."""

    dependency: str
    circuit: str
    """What it is about, such as a masked calendar; `` if it is the dependency as a whole."""

    state: CircuitState
    recorded_at: datetime
    """A circuit that stays open is recorded again after each trial."""


def sort_records(records: Iterable[CircuitRecord]) -> list[CircuitRecord]:
    """Return the records as operators read them: open circuits first, then by dependency and process."""
    return sorted(
        records,
        key=lambda one: (one.state is not CircuitState.OPEN, one.dependency, one.circuit, one.process),
    )


class CircuitRecords(Protocol):
    """Stores the circuits that have opened lately.

    Raises:
        TransientError, PermanentError: the store can't be reached.
    """

    async def put(self, record: CircuitRecord) -> None:
        """Store the state of a circuit, in place of its state before."""
        ...

    async def list_recent(self) -> Sequence[CircuitRecord]:
        """Return the circuits that have changed within the last hour, sorted."""
        ...
