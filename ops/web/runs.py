"""Runs bulk replays in the background, and shows the progress to the operator who started them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from ops.desk.domain.values import Operator, Progress, Tally
from shared.clock import Clock
from shared.ids import new_id

log = structlog.get_logger()

_MAX_RUNS = 50

BulkReplay = Callable[[Callable[[Progress], None]], Awaitable[Tally]]


@dataclass(slots=True)
class Run:
    """One bulk replay."""

    run_id: str
    operator: Operator
    began: datetime
    done: int = 0
    total: int = 0
    tally: Tally | None = None
    """None until the run has ended."""
    has_failed: bool = False


class Runs:
    """Keeps the last runs of this process; a stop cancels them and leaves the remaining failures unchanged."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start_run(self, operator: Operator, replay: BulkReplay) -> Run:
        """Start a bulk replay in the background."""
        run = Run(new_id(), operator, self._clock.now())
        for old in list(self._runs)[: max(len(self._runs) - _MAX_RUNS + 1, 0)]:
            del self._runs[old]
        self._runs[run.run_id] = run
        task = asyncio.create_task(self._execute_run(run, replay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    def get_run(self, operator: Operator, run_id: str) -> Run | None:
        """Return a run that the operator started, or None."""
        run = self._runs.get(run_id)
        return run if run and run.operator == operator else None

    async def stop(self) -> None:
        """Cancel all running replays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _execute_run(self, run: Run, replay: BulkReplay) -> None:
        def record_progress(progress: Progress) -> None:
            run.done, run.total = progress.done, progress.total

        try:
            run.tally = await replay(record_progress)
        except Exception:
            log.exception("run_failed", run_id=run.run_id)
            run.has_failed = True
