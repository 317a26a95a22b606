"""The pure rules of the owner's day: what of frames and appointments its pages show."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from ops.today.values import Speaker, Visit
from shared.conversations import ConversationDeed
from shared.messages.server import ChatFinal, ChatSent, ServerFrame
from shared.tenants.profile import TenantProfile
from shared.tenants.services import DEFAULT_RESOURCE
from workers.booking.domain.values import Appointment, Interval


def last_words(frames: Sequence[ServerFrame]) -> tuple[str, Speaker | None]:
    """Return what was said last, and by whom; nothing where there are bookings alone."""
    return next((said for said in map(_words, reversed(frames)) if said), ("", None))


def _words(frame: ServerFrame) -> tuple[str, Speaker] | None:
    match frame:
        case ChatSent():
            return frame.data.text, "visitor"
        case ChatFinal() if frame.data.text:
            return frame.data.text, frame.data.by or "assistant"
        case _:
            return None


def waiting(frames: Sequence[ServerFrame]) -> tuple[ChatSent, ...]:
    """Return what the visitor wrote since a person last said something."""
    said: list[ChatSent] = []
    for frame in frames:
        match frame:
            case ChatSent():
                said.append(frame)
            case ChatFinal() if frame.data.by == "human":
                said.clear()
    return tuple(said)


def has_looked(story: Sequence[ConversationDeed], name: str, day: date) -> bool:
    """Whether it is on record that somebody looked on this day (UTC): pages refresh, and one look a day is enough."""
    return any(deed.what == "looked" and deed.by == name and deed.at.date() == day for deed in story)


def whole_day(day: date, profile: TenantProfile) -> Interval:
    """Return a date of the business from midnight to midnight: 23 or 25 hours on two days of the year."""
    ends = [
        datetime.combine(one, time(), tzinfo=profile.zone).astimezone(UTC) for one in (day, day + timedelta(days=1))
    ]
    return Interval(*ends)


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
