"""How operators of other machines see the circuits of a process."""

from collections.abc import Sequence
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
    since: datetime


class CircuitRecords(Protocol):
    """Stores the circuits that have opened lately.

    Raises:
        TransientError, PermanentError: the store can't be reached.
    """

    async def put(self, record: CircuitRecord) -> None:
        """Store the state of a circuit, in place of its state before."""
        ...

    async def list_recent(self) -> Sequence[CircuitRecord]:
        """Return the circuits that have changed lately: open ones first, then by dependency and process."""
        ...
