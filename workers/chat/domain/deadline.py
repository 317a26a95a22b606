"""Until when a visitor waits for an answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of an answer's time, on the clock of this process's event loop."""

    at: float
    """Seconds of that clock: it never jumps, but means nothing in another process."""

    def remaining(self, now: float) -> float:
        """Return the seconds that are left; 0 if none are."""
        return max(0.0, self.at - now)


def find_start(accepted_at: datetime, *, previous_end: datetime | None, replayed_at: datetime | None) -> datetime:
    """Return when a visitor began to wait for the answer to a command.

    A message that waited behind a slow answer of the same conversation is not late, so its time runs from the end of
    the previous command; that of a replay runs from the replay.
    """
    began = max(accepted_at, replayed_at) if replayed_at else accepted_at
    return max(began, previous_end) if previous_end else began


def set_deadline(*, started_at: datetime, now: datetime, loop_time: float, timeout: timedelta) -> Deadline:
    """Return the deadline of a command whose visitor waits since `started_at`; `now` and `loop_time` are one moment.

    The clocks of two machines differ: a start in the future counts as now.
    """
    waited = max(timedelta(0), now - started_at)
    return Deadline(loop_time + (timeout - waited).total_seconds())
