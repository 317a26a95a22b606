"""Builds the frames that visitors get about appointments and refusals."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.conversations.replies import build_refusal_frame
from shared.masking import mask_contact
from shared.messages.commands import BookingResend, Envelope
from shared.messages.errors import ErrorCode
from shared.messages.server import (
    BookingCancelled,
    BookingCancelledData,
    BookingConfirmed,
    BookingConfirmedData,
    BookingPending,
    BookingPendingData,
    BookingRescheduled,
    BookingRescheduledData,
    ChangedBy,
    Error,
    ServerFrame,
    Slot,
)
from shared.tenants.profile import TenantProfile
from workers.booking.domain.ics import build_appointment_ics
from workers.booking.domain.values import Appointment, AppointmentState, Refusal, SlotOffer
from workers.booking.handler.case import Case

SILENT_CALENDAR_PAUSE = timedelta(seconds=30)
"""When the same request is worth another try."""


def build_slots(offers: Sequence[SlotOffer], zone: ZoneInfo) -> tuple[Slot, ...]:
    """Return the offers in the tenant's zone."""
    return tuple(
        Slot(start=offer.start.astimezone(zone), end=offer.end.astimezone(zone), service=offer.service_id)
        for offer in offers
    )


def build_answer(case: Case, answer: Appointment | Refusal) -> ServerFrame:
    """Return the frame that completes a visitor's command: the refusal, or what has become of the appointment."""
    command, profile = case.command, case.profile
    match answer:
        case Refusal():
            return build_refusal(case, answer)
        case Appointment(state=AppointmentState.HELD):
            return build_pending(command, answer, profile.zone, code_late=_is_code_late(command, answer))
        case Appointment(state=AppointmentState.CANCELLED):
            return build_cancelled(command, answer, profile.zone)
    if case.has_moved(answer):
        return build_rescheduled(command, answer, profile, case.now)
    return build_confirmed(command, answer, profile, case.now)


def build_refusal(case: Case, refusal: Refusal) -> Error:
    """Return the `error` frame of a refusal, with alternative times or the time to retry after."""
    question = refusal.question
    return build_refusal_frame(
        refusal.code,
        re=case.command.client_id,
        locale=case.locale,
        alternatives=build_slots(refusal.alternatives, case.profile.zone),
        retry_after_ms=round(refusal.retry_after / timedelta(milliseconds=1)) if refusal.retry_after else None,
        appointment_id=refusal.appointment_id,
        about=refusal.about,
        question=question.label.choose_text(case.locale, case.profile.locale) if question else "",
        detail=f"data.answers.{question.id}: {refusal.about}" if question else None,
        hours=refusal.hours,
        phone=refusal.phone,
        challenge=refusal.challenge,
    )


def refuse_for_silent_calendar(case: Case) -> Refusal:
    """Return the refusal of a request that can't be checked, because a calendar of the business does not answer."""
    phone = case.profile.phone
    return Refusal(
        ErrorCode.TIMEOUT,
        retry_after=SILENT_CALENDAR_PAUSE,
        about="calendar_silent_phone" if phone else "calendar_silent",
        phone=phone or "",
    )


def find_change_deadline(appointment: Appointment, profile: TenantProfile) -> datetime | None:
    """Return until when the visitor can cancel or move the visit; None if that is possible until its start."""
    if not profile.change_deadline_hours:
        return None
    return profile.compute_change_end(appointment.start).astimezone(profile.zone)


def _is_code_late(command: Envelope, hold: Appointment) -> bool:
    """Return whether another code was asked for, and there is none because the one before is still being sent."""
    return isinstance(command, BookingResend) and not hold.is_changed_by(command.id)


def build_pending(
    command: Envelope, appointment: Appointment, zone: ZoneInfo, *, code_late: bool = False
) -> BookingPending:
    """Return the frame about a hold."""
    if appointment.hold_expires_at is None:
        raise ValueError("only a hold is pending")
    return BookingPending(
        re=command.client_id,
        data=BookingPendingData(
            appointment_id=appointment.appointment_id,
            start=appointment.start.astimezone(zone),
            end=appointment.end.astimezone(zone),
            service=appointment.service_id,
            expires_at=appointment.hold_expires_at,
            contact=mask_contact(appointment.contact.address),
            contact_kind=appointment.contact.kind,
            send_number=appointment.code_sends,
            code_late=code_late,
        ),
    )


def build_confirmed(
    command: Envelope, appointment: Appointment, profile: TenantProfile, now: datetime
) -> BookingConfirmed:
    """Return the frame about a confirmed appointment."""
    data = BookingConfirmedData(**_describe_visit(appointment, profile, now))
    return BookingConfirmed(re=command.client_id or None, data=data)


def build_rescheduled(
    command: Envelope, appointment: Appointment, profile: TenantProfile, now: datetime, *, by: ChangedBy = "visitor"
) -> BookingRescheduled:
    """Return the frame about a moved appointment."""
    data = BookingRescheduledData(**_describe_visit(appointment, profile, now), by=by)
    return BookingRescheduled(re=command.client_id or None, data=data)


def _describe_visit(appointment: Appointment, profile: TenantProfile, now: datetime) -> dict[str, Any]:
    """Return the fields of every frame about a confirmed visit."""
    return {
        "appointment_id": appointment.appointment_id,
        "start": appointment.start.astimezone(profile.zone),
        "end": appointment.end.astimezone(profile.zone),
        "service": appointment.service_id,
        "ics": build_appointment_ics(appointment, profile, stamp=now),
        "change_until": find_change_deadline(appointment, profile),
    }


def build_cancelled(
    command: Envelope, appointment: Appointment, zone: ZoneInfo, *, by: ChangedBy = "visitor"
) -> BookingCancelled:
    """Return the frame about a cancelled appointment."""
    return BookingCancelled(
        re=command.client_id or None,
        data=BookingCancelledData(
            appointment_id=appointment.appointment_id,
            start=appointment.start.astimezone(zone),
            service=appointment.service_id,
            by=by,
        ),
    )
