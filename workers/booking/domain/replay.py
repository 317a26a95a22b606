"""Says when a command that is replayed comes too late to be carried out without asking the visitor again."""

from datetime import datetime, timedelta

MAX_REPLAY_AGE = timedelta(hours=2)
"""Whoever asked for a time this long ago may have made other plans: they are asked to choose again."""


def is_too_late(accepted_at: datetime, *, replay: int, now: datetime) -> bool:
    """Whether a replay shall ask and not act; the original of a command is carried out however late it comes."""
    return replay > 0 and now - accepted_at > MAX_REPLAY_AGE
