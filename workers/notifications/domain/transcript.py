"""What of a conversation is sent to its visitor; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.conversations.takeover import ConversationTail
from shared.messages.server import (
    BookingCancelled,
    BookingConfirmed,
    BookingPending,
    BookingRescheduled,
    ChatFinal,
    ChatSent,
    Error,
    ServerFrame,
)

MAX_TRANSCRIPT_FRAMES = 200
MAX_TRANSCRIPT_CHARACTERS = 60_000
"""Of all messages together: mail programs cut an e-mail of more than about 100 KB."""

EntryKind = Literal["visitor", "assistant", "person", "notice", "pending", "confirmed", "cancelled", "rescheduled"]


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """A message, a notice of ours, or what happened to an appointment."""

    kind: EntryKind
    at: datetime | None
    text: str = ""
    """What was written; the masked contact of a held time."""
    name: str = ""
    """Of the person who wrote it, if it is known."""
    service: str = ""
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """The end of a conversation, oldest first."""

    entries: tuple[TranscriptEntry, ...]
    is_shortened: bool
    """Whether the conversation begins earlier."""


def build_transcript(tail: ConversationTail) -> Transcript:
    """Return what the visitor saw in these frames, the latest if all of it would be too long."""
    entries: list[TranscriptEntry] = []
    left = MAX_TRANSCRIPT_CHARACTERS
    is_shortened = bool(tail.frames) and (tail.frames[0].seq or 1) > 1
    for entry in _iterate_newest(tail.frames, tail.stored_at):
        left -= len(entry.text)
        if left < 0 and entries:
            is_shortened = True
            break
        entries.append(entry)
    return Transcript(tuple(reversed(entries)), is_shortened)


def _iterate_newest(frames: Sequence[ServerFrame], stored_at: Mapping[int, datetime]) -> Iterator[TranscriptEntry]:
    for frame in reversed(frames):
        entry = _build_entry(frame, stored_at.get(frame.seq or 0))
        if entry is not None:
            yield entry


def _build_entry(frame: ServerFrame, at: datetime | None) -> TranscriptEntry | None:
    match frame:
        case ChatSent():
            return TranscriptEntry("visitor", at, frame.data.text)
        case ChatFinal() if frame.data.text:
            return _build_answer_entry(frame, at)
        case BookingPending():
            contact, service, start = frame.data.contact, frame.data.service, frame.data.start
            return TranscriptEntry("pending", at, contact, service=service, start=start)
        case BookingConfirmed():
            return TranscriptEntry("confirmed", at, service=frame.data.service, start=frame.data.start)
        case BookingRescheduled():
            return TranscriptEntry("rescheduled", at, service=frame.data.service, start=frame.data.start)
        case BookingCancelled():
            return TranscriptEntry("cancelled", at, service=frame.data.service, start=frame.data.start)
        case Error() if frame.data.challenge is None:
            return TranscriptEntry("notice", at, frame.data.message)
    return None


def _build_answer_entry(frame: ChatFinal, at: datetime | None) -> TranscriptEntry:
    if frame.data.announces:
        return TranscriptEntry("notice", at, frame.data.text)
    if frame.data.by == "human":
        return TranscriptEntry("person", at, frame.data.text, name=frame.data.author or "")
    return TranscriptEntry("assistant", at, frame.data.text)
