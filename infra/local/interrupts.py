"""Turns the first signal to stop into a KeyboardInterrupt, but not while a process is being started."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, `kill`, and a closed terminal."""


class Interrupts:
    """Handles signals inside `catch_signals`; outside, `defer_signals` has no effect."""

    def __init__(self) -> None:
        self._deferrals = 0
        self._pending = False
        self._raised = False

    @contextmanager
    def catch_signals(self) -> Iterator[None]:
        """Raise KeyboardInterrupt on the first signal inside the `with`, and ignore those after it."""
        before = {number: signal.signal(number, self._handle_signal) for number in STOPS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def defer_signals(self) -> Iterator[None]:
        """Defer a signal to the end of the `with`."""
        self._deferrals += 1
        try:
            yield
        finally:
            self._deferrals -= 1
        if self._pending and not self._deferrals:
            self._raise_interrupt()

    def _handle_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._deferrals:
            self._pending = True
        else:
            self._raise_interrupt()

    def _raise_interrupt(self) -> None:
        self._pending = False
        if not self._raised:
            self._raised = True
            raise KeyboardInterrupt
