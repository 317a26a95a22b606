"""The pure rules of the owner's day: what of frames and appointments its pages show, and what of an answer is said."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from ops.today.values import Speaker, Visit
from shared.conversations.takeover import ConversationAuditEntry
from shared.messages.server import ChatFinal, ChatSent, ServerFrame
from shared.tenants.profile import TenantProfile
from shared.tenants.services import DEFAULT_RESOURCE
from workers.booking.facade import Appointment


def said(text: str) -> str:
    """Return what a person's answer says: as of all who write, no control characters but line ends and tabs."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc").strip()


def last_words(frames: Sequence[ServerFrame]) -> tuple[str, Speaker | None]:
    """Return what was said last, and by whom; nothing where there are bookings alone."""
    return next((words for words in map(_words, reversed(frames)) if words), ("", None))


def _words(frame: ServerFrame) -> tuple[str, Speaker] | None:
    match frame:
        case ChatSent():
            return frame.data.text, "visitor"
        case ChatFinal() if frame.data.text and not _leaves_to_person(frame):
            return frame.data.text, frame.data.by or "assistant"
        case _:
            return None


def waiting(frames: Sequence[ServerFrame]) -> tuple[ChatSent, ...]:
    """Return what was left to a person and has no answer, whoever may answer it by now.

    A person's words answer all that was written before them, those of the assistant all that was left before. That a
    button was pressed answers nothing.
    """
    asked: dict[str | None, ChatSent] = {}
    left: list[ChatSent] = []
    for frame in frames:
        match frame:
            case ChatSent():
                asked[frame.re] = frame
            case ChatFinal() if _leaves_to_person(frame):
                left += [asked.pop(frame.re)] if frame.re in asked else []
            case ChatFinal() if frame.data.text and not frame.data.announces:
                left.clear()
                if frame.data.by == "human":
                    asked.clear()
    return tuple(left)


def _leaves_to_person(final: ChatFinal) -> bool:
    """Whether a message ended with it unanswered, because a person reads it."""
    return final.data.announces == "is_read"


def has_looked(story: Sequence[ConversationAuditEntry], name: str, day: date) -> bool:
    """Whether it is on record that somebody looked on this day (UTC): pages refresh, and one look a day is enough."""
    return any(entry.action == "looked" and entry.by == name and entry.at.date() == day for entry in story)


def whole_day(day: date, profile: TenantProfile) -> tuple[datetime, datetime]:
    """Return a date of the business from midnight to midnight: 23 or 25 hours on two days of the year."""
    start, end = (
        datetime.combine(one, time(), tzinfo=profile.zone).astimezone(UTC) for one in (day, day + timedelta(days=1))
    )
    return start, end


def visit_of(appointment: Appointment, profile: TenantProfile) -> Visit:
    """Return an appointment as the owner sees it."""
    service = profile.service(appointment.service_id)
    return Visit(
        appointment_id=appointment.appointment_id,
        session_id=appointment.session_id,
        start=appointment.start,
        end=appointment.end,
        state=appointment.state.value,
        service=service.name.in_(profile.locale) if service else appointment.service_id,
        name=appointment.name,
        contact=appointment.contact.address,
        note=appointment.note,
        resource="" if appointment.resource == DEFAULT_RESOURCE else appointment.resource,
    )
