"""Tells operators of every circuit that opens or closes: in the log, as a metric, and in a table."""

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial

import structlog

from shared.circuits.breaker import BreakerPolicy, CircuitBreaker, CircuitChange, CircuitState
from shared.circuits.ports import CircuitRecord, CircuitRecords
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.metrics import Metrics

log = structlog.get_logger()


def name_process(component: str) -> str:
    """Return a name by which an operator finds this process."""
    return f"{component} {socket.gethostname()} {os.getpid()}"


def _show_key(key: str) -> str:
    return key


class CircuitReports:
    """Opens the breakers of one process, whose changes it reports; used from the process's event loop."""

    def __init__(self, *, metrics: Metrics, clock: Clock, process: str = "") -> None:
        """Take the name of this process for its records."""
        self._metrics = metrics
        self._clock = clock
        self._process = process
        self._records: CircuitRecords | None = None
        self._unstored: dict[tuple[str, str], CircuitRecord] = {}
        self._storing: asyncio.Task[None] | None = None

    def record_in(self, records: CircuitRecords) -> None:
        """Store changes from now on; until then they are only logged and counted."""
        self._records = records

    def open_breaker(
        self, dependency: str, policy: BreakerPolicy, *, describe_key: Callable[[str], str] = _show_key
    ) -> CircuitBreaker:
        """Return a breaker; `describe_key` returns what may be shown of a key, such as a masked address."""
        return CircuitBreaker(policy, partial(self._report, dependency, describe_key))

    def _report(self, dependency: str, describe_key: Callable[[str], str], change: CircuitChange) -> None:
        self._metrics.count("CircuitChanges", Dependency=dependency, State=change.state)
        if change.state is CircuitState.HALF_OPEN:
            return
        circuit = describe_key(change.key)
        if change.was_closed:
            log.warning("circuit_opened", dependency=dependency, circuit=circuit)
        elif change.state is CircuitState.CLOSED:
            log.info("circuit_closed", dependency=dependency, circuit=circuit)
        if self._records is None:
            return
        record = CircuitRecord(self._process, dependency, circuit, change.state, self._clock.now())
        self._unstored[dependency, circuit] = record
        if self._storing is None or self._storing.done():
            self._storing = asyncio.get_running_loop().create_task(self._store(self._records))

    async def _store(self, records: CircuitRecords) -> None:
        """Store the latest state of each circuit; what can't be stored is in the log, and with the next change."""
        while self._unstored:
            key = next(iter(self._unstored))
            record = self._unstored.pop(key)
            try:
                await records.put(record)
            except (TransientError, PermanentError) as error:
                log.warning("circuit_not_stored", dependency=record.dependency, error=describe_error(error))
