"""Rules of transcripts: to whom a conversation may be sent, and how often; pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.messages.server import BookingConfirmed, ChatFinal, ServerFrame

TRANSCRIPT_PAUSE = timedelta(hours=1)
"""How long a conversation is not sent again."""

MAX_PROOFS = 10
"""How many of the latest confirmed visits are looked at for an e-mail address."""


def list_proved_visits(frames: Sequence[ServerFrame]) -> list[str]:
    """Return the ids of the visits that were confirmed in a conversation, each by its code, the latest first."""
    ids = [frame.data.appointment_id for frame in reversed(frames) if isinstance(frame, BookingConfirmed)]
    return list(dict.fromkeys(ids))[:MAX_PROOFS]


def compute_transcript_wait(
    frames: Sequence[ServerFrame], stored_at: Mapping[int, datetime], now: datetime
) -> timedelta | None:
    """Return how long the conversation is not sent again; None if it may be sent now."""
    numbers = [
        frame.seq or 0 for frame in frames if isinstance(frame, ChatFinal) and frame.data.announces == "transcript_sent"
    ]
    sent = [stored_at[number] for number in numbers if number in stored_at]
    left = max(sent) + TRANSCRIPT_PAUSE - now if sent else timedelta(0)
    return left if left > timedelta(0) else None
