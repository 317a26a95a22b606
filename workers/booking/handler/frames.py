"""Builds the frames that visitors get about appointments and refusals."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.conversations.replies import build_refusal_frame
from shared.masking import mask_contact
from shared.messages.commands import Envelope
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
    Slot,
)
from shared.tenants.profile import TenantProfile
from workers.booking.domain.ics import build_appointment_ics
from workers.booking.domain.values import Appointment, Refusal, SlotOffer


def build_slots(offers: Sequence[SlotOffer], zone: ZoneInfo) -> tuple[Slot, ...]:
    """Return the offers in the tenant's zone."""
    return tuple(
        Slot(start=offer.start.astimezone(zone), end=offer.end.astimezone(zone), service=offer.service_id)
        for offer in offers
    )


def build_refusal(command: Envelope, refusal_: Refusal, zone: ZoneInfo, locale: str) -> Error:
    """Return the `error` frame of a refusal, with alternative times or the time to retry after."""
    return build_refusal_frame(
        refusal_.code,
        re=command.client_id,
        locale=locale,
        alternatives=build_slots(refusal_.alternatives, zone),
        retry_after_ms=round(refusal_.retry_after / timedelta(milliseconds=1)) if refusal_.retry_after else None,
        appointment_id=refusal_.appointment_id,
        about=refusal_.about,
    )


def build_pending(command: Envelope, appointment: Appointment, zone: ZoneInfo) -> BookingPending:
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
        ),
    )


def build_confirmed(
    command: Envelope, appointment: Appointment, profile: TenantProfile, now: datetime
) -> BookingConfirmed:
    """Return the frame about a confirmed appointment."""
    return BookingConfirmed(
        re=command.client_id,
        data=BookingConfirmedData(
            appointment_id=appointment.appointment_id,
            start=appointment.start.astimezone(profile.zone),
            end=appointment.end.astimezone(profile.zone),
            service=appointment.service_id,
            ics=build_appointment_ics(appointment, profile, stamp=now),
        ),
    )


def build_rescheduled(
    command: Envelope, appointment: Appointment, profile: TenantProfile, now: datetime, *, by: ChangedBy = "visitor"
) -> BookingRescheduled:
    """Return the frame about a moved appointment."""
    return BookingRescheduled(
        re=command.client_id or None,
        data=BookingRescheduledData(
            appointment_id=appointment.appointment_id,
            start=appointment.start.astimezone(profile.zone),
            end=appointment.end.astimezone(profile.zone),
            service=appointment.service_id,
            ics=build_appointment_ics(appointment, profile, stamp=now),
            by=by,
        ),
    )


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
