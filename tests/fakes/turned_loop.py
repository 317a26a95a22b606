"""An event loop with virtual time, which advances only while every task waits: minutes of polling take no time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _VirtualTimeSelector(selectors.DefaultSelector):
    """Does not wait; adds up the time-outs that it would have waited for."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now, or advance the time."""
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("every task waits, and no timer is set")
            self.waited += timeout
        return ready


class TurnedLoop(asyncio.SelectorEventLoop):
    """An event loop with virtual time. It begins at a fraction of a second, as a real one does."""

    def __init__(self) -> None:
        self._time_selector = _VirtualTimeSelector()
        super().__init__(self._time_selector)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return 1000.5 + self._time_selector.waited


def run_turned(coroutine: Coroutine[Any, Any, T], *, loop_factory: type[TurnedLoop] = TurnedLoop) -> T:
    """Run a coroutine to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(coroutine)
