"""An event loop whose time passes only while everybody waits: minutes of polling take a test no time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Impatient(selectors.DefaultSelector):
    """Waits for nothing; what would have been waited is added up."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now, or let the time pass."""
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits for something that no timer will bring")
            self.waited += timeout
        return ready


class TurnedLoop(asyncio.SelectorEventLoop):
    """Begins at a second that is no round number, as the real one does."""

    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        """Return the seconds that were waited."""
        return 1000.5 + self._impatient.waited


def run_turned(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=TurnedLoop) as runner:
        return runner.run(work)
