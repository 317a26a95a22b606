"""The pure rules of the owner's day: previews, unanswered messages, visits, and the text of staff answers."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from ops.desk.domain.values import Operator
from ops.today.values import ConversationPreview, Speaker, Visit
from shared.conversations.open_questions import is_left_to_staff
from shared.conversations.takeover import ConversationAuditEntry
from shared.messages.limits import MAX_AUTHOR_CHARACTERS
from shared.messages.server import ChatFinal, ChatSent, ServerFrame
from shared.tenants.profile import TenantProfile
from shared.tenants.services import DEFAULT_RESOURCE
from workers.booking.facade import Appointment, word_answers


def sanitize_answer(text: str) -> str:
    """Return a staff answer without control characters, as visitors' messages are; line ends and tabs stay."""
    return "".join(
        character for character in text if character in "\n\t" or unicodedata.category(character) != "Cc"
    ).strip()


def build_author(operator: Operator) -> str | None:
    """Return an operator's name as visitors read it; None if they may not, or if it is an e-mail address."""
    name = operator.name if operator.is_display_name else ""
    words = "".join(
        character for character in name if not unicodedata.category(character).startswith("C") or character.isspace()
    ).split()
    author = " ".join(words)[:MAX_AUTHOR_CHARACTERS].rstrip()
    return None if "@" in name or not author else author


def find_last_message(frames: Sequence[ServerFrame]) -> tuple[str, Speaker | None]:
    """Return the last message and its speaker; nothing if the session has only bookings."""
    return next((message for message in map(_extract_message, reversed(frames)) if message), ("", None))


def _extract_message(frame: ServerFrame) -> tuple[str, Speaker] | None:
    match frame:
        case ChatSent():
            return frame.data.text, "visitor"
        case ChatFinal() if frame.data.text and not is_left_to_staff(frame):
            return frame.data.text, frame.data.by or "assistant"
        case _:
            return None


def rank_preview(preview: ConversationPreview) -> int:
    """Return the rank of a conversation in the list of a day, the most urgent first."""
    if preview.handover:
        return 0
    return 1 if preview.takeover or preview.unanswered else 2


def shorten_preview(text: str, characters: int) -> str:
    """Return a text of at most so many characters, with an ellipsis for what is left out."""
    return text if len(text) <= characters else f"{text[: characters - 1].rstrip()}…"


def has_viewed(audit_trail: Sequence[ConversationAuditEntry], name: str, day: date) -> bool:
    """Return whether an audit entry says that the operator viewed the conversation on this day (UTC).

    Pages refresh themselves, so one entry per day is enough.
    """
    return any(entry.action == "looked" and entry.by == name and entry.at.date() == day for entry in audit_trail)


def compute_day_bounds(day: date, profile: TenantProfile) -> tuple[datetime, datetime]:
    """Return the midnights around a date of the business; two days of the year have 23 or 25 hours."""
    start, end = (
        datetime.combine(date_, time(), tzinfo=profile.zone).astimezone(UTC) for date_ in (day, day + timedelta(days=1))
    )
    return start, end


def build_visit(appointment: Appointment, profile: TenantProfile) -> Visit:
    """Return an appointment as a visit for the owner."""
    service = profile.find_service(appointment.service_id)
    return Visit(
        appointment_id=appointment.appointment_id,
        session_id=appointment.session_id,
        start=appointment.start,
        end=appointment.end,
        state=appointment.state.value,
        service=service.name.choose_text(profile.locale) if service else appointment.service_id,
        name=appointment.name,
        contact=appointment.contact.address,
        note=appointment.note,
        answers=word_answers(appointment.answers, service, profile.locale),
        resource="" if appointment.resource == DEFAULT_RESOURCE else appointment.resource,
    )
