"""Rules of replays: which are too old to run without asking, and which refusals a visitor gets a notice about."""

from datetime import UTC, datetime, timedelta

from shared.ids import derive_id
from workers.booking.domain.quotas import normalize_mailbox
from workers.booking.domain.values import Appointment, AppointmentState, Contact

MAX_REPLAY_AGE = timedelta(hours=2)
"""A visitor whose request is older may have made other plans, and is asked to choose again."""


def is_too_late(accepted_at: datetime, *, replay: int, now: datetime) -> bool:
    """Return whether a replay is too old to run; the original command runs however late it is."""
    return replay > 0 and now - accepted_at > MAX_REPLAY_AGE


def has_visit_ahead(appointment: Appointment | None, now: datetime) -> bool:
    """Return whether the visitor has a confirmed visit in the future, whatever the command did."""
    return appointment is not None and appointment.state is AppointmentState.CONFIRMED and now < appointment.start


def is_worth_a_notice(appointment: Appointment | None, *, cancels: bool, now: datetime) -> bool:
    """Return whether a refusal is news to its visitor: not if they have what they requested, or the visit is over."""
    match appointment:
        case Appointment(state=AppointmentState.CANCELLED):
            return not cancels
        case Appointment(state=AppointmentState.CONFIRMED):
            return has_visit_ahead(appointment, now)
    return True


def derive_choose_again_notice_id(
    appointment: Appointment | None,
    contact: Contact,
    *,
    command_id: str,
    replay: int,
    tenant: str,
    accepted_at: datetime,
    now: datetime,
) -> str:
    """Return the id of the notice about a refused replay; the same replay has the same id, so that one notice is sent.

    An unverified address may belong to a stranger, and hundreds of requests may name it. It gets one notice for all
    requests that a business accepted on a day, each time that they are replayed: the failures of several hours are
    replayed together.
    """
    if has_visit_ahead(appointment, now):
        return derive_id(command_id, f"notice/choose_again/{replay}")
    day = accepted_at.astimezone(UTC).date()
    requests = f"{tenant}/{contact.kind}/{normalize_mailbox(contact)}/{day.isoformat()}"
    return derive_id(requests, f"notice/choose_again/{replay}")
