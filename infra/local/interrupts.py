"""Turns the first request to stop into one KeyboardInterrupt, never in the middle of starting a process."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a polite kill, and a terminal that was closed."""


class Interrupts:
    """Nothing happens until `listening`; without it, `held` is harmless."""

    def __init__(self) -> None:
        self._holds = 0
        self._pending = False
        self._raised = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Raise KeyboardInterrupt on the first signal inside the `with`, and ignore those after it."""
        before = {number: signal.signal(number, self._received) for number in STOPS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put a signal off to the end of the `with`."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        if self._pending and not self._holds:
            self._raise()

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        if self._holds:
            self._pending = True
        else:
            self._raise()

    def _raise(self) -> None:
        self._pending = False
        if not self._raised:
            self._raised = True
            raise KeyboardInterrupt
