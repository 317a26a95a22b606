"""Decides what becomes of an appointment that a visitor verifies, moves or cancels.

`now` is the instant at which the ingress accepted the command: a queue's delay costs nobody their hold. An
appointment of another session is loaded as None, so that it cannot be told from one that does not exist.
Outcomes carry the appointment as it shall be saved, its version one higher; the `Already...` ones are
answered without a write.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.messages.errors import ErrorCode
from shared.tenants.services import Service
from workers.booking.domain.hold import blocked_interval, has_expired
from workers.booking.domain.values import Appointment, AppointmentState, Refusal

MAX_ATTEMPTS = 5
"""Wrong codes a hold, over all its sends: one of a million counts, so a guesser's chance is 5 in a million."""

MAX_SENDS = 3
"""Codes a hold: one lost mail and one mistrusted one are forgiven, and nobody's mailbox can be flooded."""

_UNKNOWN: Final = Refusal(ErrorCode.UNKNOWN_APPOINTMENT)
_WRONG: Final = Refusal(ErrorCode.CODE_INVALID)
_HAS_BEGUN: Final = Refusal(ErrorCode.INVALID_TIME, about="begun")


@dataclass(frozen=True, slots=True)
class Confirm:
    """The code is right: the appointment stands."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class AlreadyConfirmed:
    """Nothing is left to verify; the visitor hears the same confirmation again."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class WrongCode:
    """The attempt is counted, then the visitor hears the refusal."""

    appointment: Appointment
    refusal: Refusal = _WRONG


@dataclass(frozen=True, slots=True)
class Resend:
    """The code number `appointment.code_sends` goes out.

    The hold is not prolonged, or a visitor could keep a time for 45 minutes without a code.
    """

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class Cancel:
    """The time is given back: those of its buckets that are still this appointment's."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class AlreadyCancelled:
    """Nothing is left to cancel; the visitor hears the same answer again."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class Move:
    """The appointment goes to another time: held or confirmed as it was; confirmed if the contact is proved."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """It is at that time; the visitor hears so."""

    appointment: Appointment


def decide_verify(
    appointment: Appointment | None, *, code_ok: bool, now: datetime
) -> Confirm | AlreadyConfirmed | WrongCode | Refusal:
    """Judge a code; one more for a confirmed appointment confirms it again, whatever it says."""
    if appointment is None or appointment.state is AppointmentState.CANCELLED:
        return _UNKNOWN
    if appointment.state is AppointmentState.CONFIRMED:
        return AlreadyConfirmed(appointment)
    if refusal := _refuse_hold(appointment, now):
        return refusal
    if not code_ok:
        return WrongCode(_next_version(appointment, code_attempts=appointment.code_attempts + 1))
    return Confirm(_next_version(appointment, state=AppointmentState.CONFIRMED, hold_expires_at=None))


def mark_contact_proved(hold: Appointment) -> Appointment:
    """Return a hold whose code was right, but whose time the calendar gave to something else meanwhile.

    Its contact is proved: the time that the visitor takes instead needs no other code.
    """
    return _next_version(hold, verified=True)


def decide_resend(appointment: Appointment | None, now: datetime) -> Resend | AlreadyConfirmed | Refusal:
    """Judge the wish for another code; attempts go on counting, or each resend would buy five guesses."""
    if appointment is None or appointment.state is AppointmentState.CANCELLED:
        return _UNKNOWN
    if appointment.state is AppointmentState.CONFIRMED:
        return AlreadyConfirmed(appointment)
    if refusal := _refuse_hold(appointment, now):
        return refusal
    if appointment.code_sends >= MAX_SENDS:
        # The hold lives on, and so does the code that was sent last.
        return Refusal(ErrorCode.RATE_LIMITED, about="last_code")
    return Resend(_next_version(appointment, code_sends=appointment.code_sends + 1))


def decide_cancel(appointment: Appointment | None, now: datetime) -> Cancel | AlreadyCancelled | Refusal:
    """Judge the wish to cancel; a visit that has begun stands, a hold can be let go even after its time."""
    if appointment is None:
        return _UNKNOWN
    if appointment.state is AppointmentState.CANCELLED:
        return AlreadyCancelled(appointment)
    if _has_begun(appointment, now):
        return _HAS_BEGUN
    return Cancel(_next_version(appointment, state=AppointmentState.CANCELLED, hold_expires_at=None))


def decide_reschedule(
    appointment: Appointment | None, service: Service, start: datetime, now: datetime
) -> Move | AlreadyThere | Refusal:
    """Judge the wish to move to a start that the rules offer (`slots.is_offered` says whether they do)."""
    if appointment is None or appointment.state is AppointmentState.CANCELLED:
        return _UNKNOWN
    if has_expired(appointment, now):
        return Refusal(ErrorCode.CODE_EXPIRED)
    if _has_begun(appointment, now):
        return _HAS_BEGUN
    is_to_be_confirmed = appointment.verified and appointment.state is AppointmentState.HELD
    if appointment.start == start and not is_to_be_confirmed:
        return AlreadyThere(appointment)
    end = start + timedelta(minutes=service.duration_minutes)
    changes: dict[str, object] = {"start": start, "end": end, "blocked": blocked_interval(service, start)}
    if appointment.state is AppointmentState.CONFIRMED:
        changes |= {"verified": False}
    elif is_to_be_confirmed:
        changes |= {"state": AppointmentState.CONFIRMED, "hold_expires_at": None}
    return Move(_next_version(appointment, **changes))


def _refuse_hold(appointment: Appointment, now: datetime) -> Refusal | None:
    if has_expired(appointment, now):
        return Refusal(ErrorCode.CODE_EXPIRED)
    if appointment.code_attempts >= MAX_ATTEMPTS:
        return Refusal(ErrorCode.TOO_MANY_ATTEMPTS)
    return None


def _has_begun(appointment: Appointment, now: datetime) -> bool:
    return appointment.state is AppointmentState.CONFIRMED and appointment.start <= now


def _next_version(appointment: Appointment, **changes: object) -> Appointment:
    return replace(appointment, version=appointment.version + 1, **changes)  # type: ignore[arg-type]  # names are checked by replace
