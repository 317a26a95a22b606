"""Decides what happens to an appointment that a visitor verifies, moves or cancels.

`now` is the instant at which the ingress accepted the command: a delay in the queue never
ends a hold. An appointment of another session is loaded as None: the visitor can't distinguish it from one that does
not exist. A changed appointment has its version increased by one.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.hold import compute_blocked_interval, has_expired
from workers.booking.domain.plans import AlreadyDone, CancelVisit, Refuse, SendCode
from workers.booking.domain.values import Appointment, AppointmentState, Refusal

MAX_WRONG_CODES = 5
"""How many wrong codes a hold accepts in all, however often its code is sent again.

Only the code that was sent last is valid, one of a million, so a guesser confirms a hold with a chance of five in a
million.
"""

MAX_CODES_PER_HOLD = 3
"""Enough for one lost e-mail and one that the visitor doubts, and too few to flood a mailbox.

`CODES_PER_CONTACT_PER_HOUR` in `quotas.py` also limits the codes of all holds of a contact; `MAX_WRONG_CODES` limits
what a visitor types.
"""

MAX_CODE_NUMBER = 10
"""How many codes are tried, with those that were not sent."""

LastCode = Literal["open", "carried_out", "given_up"]
"""What has become of the code before: it is being sent, it was sent, or its provider did not take it."""

_UNKNOWN: Final = Refusal(ErrorCode.UNKNOWN_APPOINTMENT)
_WRONG: Final = Refusal(ErrorCode.CODE_INVALID)
_NO_CODE: Final = Refusal(ErrorCode.CODE_INVALID, about="no_code")
_HAS_BEGUN: Final = Refusal(ErrorCode.INVALID_TIME, about="begun")
_TIME_HAS_BEGUN: Final = Refusal(ErrorCode.INVALID_TIME, about="time_begun")


def decide_verify(
    appointment: Appointment | None, *, code_ok: bool | None, now: datetime, replayed_at: datetime | None = None
) -> Appointment | AlreadyDone | Refuse | Refusal:
    """Return the confirmed appointment if the code is right; any code for a confirmed one confirms it again.

    `code_ok` is None for a text that holds no code: the visitor mistyped, but did not guess. A replay, at
    `replayed_at`, confirms no visit that has begun.
    """
    if appointment is None or appointment.state is AppointmentState.CANCELLED:
        return _UNKNOWN
    if appointment.state is AppointmentState.CONFIRMED:
        return AlreadyDone(appointment)
    if refusal := _refuse_hold(appointment, now, begun_by=replayed_at or now):
        return refusal
    if code_ok is None:
        return _NO_CODE
    if not code_ok:
        counted = _increment_version(appointment, code_attempts=appointment.code_attempts + 1)
        return Refuse(_WRONG, appointment=appointment, changed=counted)
    return _increment_version(appointment, state=AppointmentState.CONFIRMED, hold_expires_at=None)


def mark_contact_proved(hold: Appointment) -> Appointment:
    """Mark a hold as verified: its code was right, but the calendar has filled its time meanwhile.

    The time that the visitor chooses instead needs no other code.
    """
    return _increment_version(hold, verified=True)


def decide_resend(
    appointment: Appointment | None, now: datetime, *, last_code: LastCode = "carried_out"
) -> SendCode | AlreadyDone | Refusal:
    """Decide about a request for another code, with the number `code_sends`.

    While the last code is still being sent there is no other one, and one that its provider did not take does not
    count: an outage must not use up the codes of a hold.

    The hold is not extended, or a visitor could keep a time for 45 minutes without a code. Attempts keep counting, or
    each resend would allow five more guesses.
    """
    if appointment is None or appointment.state is AppointmentState.CANCELLED:
        return _UNKNOWN
    if appointment.state is AppointmentState.CONFIRMED:
        return AlreadyDone(appointment)
    if refusal := _refuse_hold(appointment, now, begun_by=now):
        return refusal
    if last_code == "open":
        return AlreadyDone(appointment)
    unsent = appointment.codes_unsent + (last_code == "given_up")
    if appointment.code_sends - unsent >= MAX_CODES_PER_HOLD or appointment.code_sends >= MAX_CODE_NUMBER:
        # The hold and the code that was sent last stay valid.
        return Refusal(ErrorCode.RATE_LIMITED, about="last_code")
    counted = _increment_version(appointment, code_sends=appointment.code_sends + 1, codes_unsent=unsent)
    return SendCode(appointment, counted)


def decide_cancel(
    appointment: Appointment | None, profile: TenantProfile, now: datetime
) -> CancelVisit | AlreadyDone | Refusal:
    """Decide about a cancellation; a hold can be cancelled even after its start, a visit only until the deadline."""
    if appointment is None:
        return _UNKNOWN
    if appointment.state is AppointmentState.CANCELLED:
        return AlreadyDone(appointment)
    if _has_begun(appointment, now):
        return _HAS_BEGUN
    if refusal := _refuse_late_change(appointment, profile, now):
        return refusal
    cancelled = _increment_version(appointment, state=AppointmentState.CANCELLED, hold_expires_at=None)
    return CancelVisit(appointment, cancelled)


def decide_reschedule(
    appointment: Appointment | None,
    profile: TenantProfile,
    service: Service,
    start: datetime,
    now: datetime,
    *,
    requested_at: datetime,
    max_moves: int,
) -> Appointment | AlreadyDone | Refusal:
    """Return the moved appointment; that the rules offer the start is checked by `slots.refuse_unoffered_start`.

    It keeps its state, but a hold with a verified contact is confirmed. Every other move counts, up to `max_moves`:
    each writes to the calendar and sends an e-mail.

    A replay is judged as of `now`, but a visitor who asked before the deadline (`requested_at`) was in time.
    """
    if appointment is None or appointment.state is AppointmentState.CANCELLED:
        return _UNKNOWN
    if has_expired(appointment, now):
        return Refusal(ErrorCode.CODE_EXPIRED)
    if _has_begun(appointment, now):
        return _HAS_BEGUN
    is_to_be_confirmed = appointment.verified and appointment.state is AppointmentState.HELD
    if appointment.start == start and not is_to_be_confirmed:
        return AlreadyDone(appointment)
    if refusal := _refuse_late_change(appointment, profile, requested_at):
        return refusal
    if appointment.moves >= max_moves and not is_to_be_confirmed:
        return Refusal(
            ErrorCode.RATE_LIMITED, about="moves_phone" if profile.phone else "moves", phone=profile.phone or ""
        )
    end = start + timedelta(minutes=service.duration_minutes)
    changes: dict[str, object] = {"start": start, "end": end, "blocked": compute_blocked_interval(service, start)}
    if not is_to_be_confirmed:
        changes |= {"moves": appointment.moves + 1}
    if appointment.state is AppointmentState.CONFIRMED:
        changes |= {"verified": False}
    elif is_to_be_confirmed:
        changes |= {"state": AppointmentState.CONFIRMED, "hold_expires_at": None}
    return _increment_version(appointment, **changes)


def _refuse_hold(appointment: Appointment, now: datetime, *, begun_by: datetime) -> Refusal | None:
    if has_expired(appointment, now):
        return Refusal(ErrorCode.CODE_EXPIRED)
    if appointment.code_attempts >= MAX_WRONG_CODES:
        return Refusal(ErrorCode.TOO_MANY_ATTEMPTS)
    if appointment.start <= begun_by:
        return _TIME_HAS_BEGUN
    return None


def _refuse_late_change(appointment: Appointment, profile: TenantProfile, requested_at: datetime) -> Refusal | None:
    is_in_time = requested_at < profile.compute_change_end(appointment.start)
    if appointment.state is not AppointmentState.CONFIRMED or is_in_time:
        return None
    return Refusal(ErrorCode.INVALID_TIME, about="change_deadline", hours=profile.change_deadline_hours)


def _has_begun(appointment: Appointment, now: datetime) -> bool:
    return appointment.state is AppointmentState.CONFIRMED and appointment.start <= now


def _increment_version(appointment: Appointment, **changes: object) -> Appointment:
    return replace(appointment, version=appointment.version + 1, **changes)  # type: ignore[arg-type]  # names are checked by replace
