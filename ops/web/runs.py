"""Replays of many that go on behind a page: how far each has come, for the person who began it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from ops.desk.domain.values import Operator, Progress, Tally
from shared.clock import Clock
from shared.ids import new_id

log = structlog.get_logger()

_MOST_KEPT = 50

Work = Callable[[Callable[[Progress], None]], Awaitable[Tally]]


@dataclass(slots=True)
class Run:
    """One replay of many."""

    run_id: str
    operator: Operator
    began: datetime
    done: int = 0
    total: int = 0
    tally: Tally | None = None
    """None until it has ended."""
    has_failed: bool = False


class Runs:
    """Keeps the last runs of this process, and stops them with it: what was not sent stays as it was."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, operator: Operator, work: Work) -> Run:
        """Start some work, and return at once."""
        run = Run(new_id(), operator, self._clock.now())
        for old in list(self._runs)[: max(len(self._runs) - _MOST_KEPT + 1, 0)]:
            del self._runs[old]
        self._runs[run.run_id] = run
        task = asyncio.create_task(self._carry_out(run, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    def of(self, operator: Operator, run_id: str) -> Run | None:
        """Return a run of this person's own."""
        run = self._runs.get(run_id)
        return run if run and run.operator == operator else None

    async def stop(self) -> None:
        """Cancel what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry_out(self, run: Run, work: Work) -> None:
        def note(progress: Progress) -> None:
            run.done, run.total = progress.done, progress.total

        try:
            run.tally = await work(note)
        except Exception:
            log.exception("run_failed", run_id=run.run_id)
            run.has_failed = True
