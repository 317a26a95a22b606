"""Judges replays: which come too late to be carried out unasked, and of which refusal a visitor gets a letter."""

from datetime import UTC, datetime, timedelta

from shared.ids import derived_id
from workers.booking.domain.quotas import same_mailbox
from workers.booking.domain.values import Appointment, AppointmentState, Contact

MAX_REPLAY_AGE = timedelta(hours=2)
"""Whoever asked for a time this long ago may have made other plans: they are asked to choose again."""


def is_too_late(accepted_at: datetime, *, replay: int, now: datetime) -> bool:
    """Whether a replay shall ask and not act; the original of a command is carried out however late it comes."""
    return replay > 0 and now - accepted_at > MAX_REPLAY_AGE


def has_visit_ahead(found: Appointment | None, now: datetime) -> bool:
    """Whether the visitor has a visit ahead, whatever became of the command."""
    return found is not None and found.state is AppointmentState.CONFIRMED and now < found.start


def is_worth_a_notice(found: Appointment | None, *, cancels: bool, now: datetime) -> bool:
    """Whether a refusal is news to its visitor: not where they have what they asked for, or the visit is over."""
    match found:
        case Appointment(state=AppointmentState.CANCELLED):
            return not cancels
        case Appointment(state=AppointmentState.CONFIRMED):
            return has_visit_ahead(found, now)
    return True


def choose_again_notice_id(
    found: Appointment | None,
    contact: Contact,
    *,
    command_id: str,
    replay: int,
    tenant: str,
    accepted_at: datetime,
    now: datetime,
) -> str:
    """Return the id of the letter about a refused replay: the same replay has the same, so that one letter goes out.

    An address that nobody has proved might be a stranger's, and requests by the hundred may name it. It gets one
    letter for all requests that a business accepted on a day, each time that they are replayed: what failed for hours
    is replayed at once.
    """
    if has_visit_ahead(found, now):
        return derived_id(command_id, f"notice/choose_again/{replay}")
    day = accepted_at.astimezone(UTC).date()
    asked = f"{tenant}/{contact.kind}/{same_mailbox(contact)}/{day.isoformat()}"
    return derived_id(asked, f"notice/choose_again/{replay}")
