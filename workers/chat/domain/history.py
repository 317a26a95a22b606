"""The conversation as the model reads it: the dialogue, and what became of visits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from shared.messages.server import (
    BookingCancelled,
    BookingConfirmed,
    BookingPending,
    BookingRescheduled,
    ChatFinal,
    ChatSent,
    ServerFrame,
)

HISTORY_FRAMES = 40
"""How many durable frames the prompt goes back; about fifteen exchanges."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the dialogue."""

    role: Literal["user", "assistant"]
    text: str


def build_turns(history: Sequence[ServerFrame], text: str) -> tuple[Turn, ...]:
    """Return the dialogue in the form that the model requires: the user first, then alternating roles."""
    merged: list[Turn] = []
    for turn in [*_select_visible_turns(history), Turn("user", text)]:
        if merged and merged[-1].role == turn.role:
            merged[-1] = Turn(turn.role, f"{merged[-1].text}\n\n{turn.text}")
        elif merged or turn.role == "user":
            merged.append(turn)
    return tuple(merged)


def _select_visible_turns(history: Iterable[ServerFrame]) -> Iterable[Turn]:
    for frame in history:
        match frame:
            case ChatSent():
                yield Turn("user", frame.data.text)
            case ChatFinal() if frame.data.text:
                yield Turn("assistant", frame.data.text)


def list_booking_facts(history: Sequence[ServerFrame], zone: ZoneInfo) -> Iterable[str]:
    """Yield a sentence for each event of a visit in the conversation, with its time in the zone of the business."""
    for frame in history:
        match frame:
            case BookingPending():
                state = "is held until its code is entered"
            case BookingConfirmed():
                state = "is confirmed"
            case BookingCancelled():
                state = "was cancelled"
            case BookingRescheduled():
                state = "was moved to this time"
            case _:
                continue
        yield f"{frame.data.service} on {frame.data.start.astimezone(zone):%Y-%m-%d %H:%M} {state}."
