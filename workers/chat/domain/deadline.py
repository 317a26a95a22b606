"""Until when a visitor waits for an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.messages.server import ChatFinal, ChatSent, Error, ServerFrame

HANDLER_SHARE = 0.9
"""The part of a handler's time-out that an answer may take: the rest is for storing and posting it."""


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


def find_previous_end(
    frames: Sequence[ServerFrame], stored_at: Mapping[int, datetime], *, client_id: str
) -> datetime | None:
    """Return when the last of the other messages in a conversation was answered or refused; None if none was.

    Frames of bookings do not count: they are made by another worker meanwhile.
    """
    messages = {frame.re for frame in frames if isinstance(frame, ChatSent)} - {client_id, None}
    ends = (
        stored_at[frame.seq]
        for frame in frames
        if isinstance(frame, ChatFinal | Error) and frame.re in messages and frame.seq and frame.seq in stored_at
    )
    return max(ends, default=None)


def set_deadline(
    *,
    started_at: datetime,
    now: datetime,
    loop_time: float,
    timeout: timedelta,
    handler_timeout: timedelta | None = None,
) -> Deadline:
    """Return the deadline of a command whose visitor waits since `started_at`; `now` and `loop_time` are one moment.

    The clocks of two machines differ: a start in the future counts as now. The handler, which begins now, ends before
    its own time-out.
    """
    left = timeout - max(timedelta(0), now - started_at)
    if handler_timeout is not None:
        left = min(left, handler_timeout * HANDLER_SHARE)
    return Deadline(loop_time + left.total_seconds())
