"""Decides when a process that has ended is started again, and when it stays down."""

from dataclasses import dataclass

WINDOW_SECONDS = 60.0
MAX_ENDS = 5
"""A process that ends as often within the window stays down."""

FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 4.0


@dataclass(frozen=True)
class Restarts:
    """The times, in seconds of a steady clock, at which one process has ended."""

    ends: tuple[float, ...] = ()

    def add_end(self, now: float) -> "Restarts":
        """Return the history with one more end; a process that stayed up for the window starts afresh."""
        return Restarts((*(end for end in self.ends if end > now - WINDOW_SECONDS), now))

    def choose_wait(self) -> float | None:
        """Return the seconds until the next start: twice as long after each end, up to the maximum; None for never."""
        if len(self.ends) >= MAX_ENDS:
            return None
        return float(min(FIRST_WAIT_SECONDS * 2 ** (len(self.ends) - 1), MAX_WAIT_SECONDS))
