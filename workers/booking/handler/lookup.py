"""Use case: a visitor asks for the state of an appointment and what may be done with it."""

from typing import Literal

from shared.masking import mask_contact
from shared.messages.client import BookingLookupData
from shared.messages.errors import ErrorCode
from shared.messages.server import BookingDetails, BookingDetailsData, Error
from shared.tenants.profile_types import choose_line
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.decisions import decide_cancel
from workers.booking.domain.hold import has_expired
from workers.booking.domain.ics import build_appointment_ics
from workers.booking.domain.plans import CancelVisit
from workers.booking.domain.values import AppointmentState, Refusal
from workers.booking.handler.case import Case
from workers.booking.handler.find_appointment import find_appointment
from workers.booking.handler.frames import build_refusal, find_change_deadline


async def look_up_appointment(ports: BookingPorts, case: Case, reference: BookingLookupData) -> BookingDetails | Error:
    """Return the appointment's current details; the query changes nothing."""
    command, profile = case.command, case.profile
    appointment = await find_appointment(ports, command, reference)
    if appointment is None:
        return build_refusal(case, Refusal(ErrorCode.UNKNOWN_APPOINTMENT))
    service = profile.find_service(appointment.service_id)
    is_over = appointment.state is AppointmentState.CANCELLED or has_expired(appointment, command.accepted_at)
    state: Literal["held", "confirmed", "cancelled"] = "cancelled" if is_over else appointment.state.value
    is_confirmed = appointment.state is AppointmentState.CONFIRMED
    is_changeable = not is_over and isinstance(decide_cancel(appointment, profile, command.accepted_at), CancelVisit)
    return BookingDetails(
        re=command.client_id,
        data=BookingDetailsData(
            appointment_id=appointment.appointment_id,
            state=state,
            start=appointment.start.astimezone(profile.zone),
            end=appointment.end.astimezone(profile.zone),
            service=appointment.service_id,
            service_name=service.name.choose_text(case.locale, profile.locale) if service else appointment.service_id,
            time_zone=profile.time_zone,
            price=choose_line(service.price if service else None, case.locale, profile.locale),
            cancellation_fee=choose_line(profile.cancellation_fee, case.locale, profile.locale),
            address=choose_line(profile.address, case.locale, profile.locale),
            phone=profile.phone,
            contact=mask_contact(appointment.contact.address),
            expires_at=None if is_over else appointment.hold_expires_at,
            can_cancel=is_changeable,
            can_reschedule=is_changeable and service is not None,
            change_until=find_change_deadline(appointment, profile) if is_confirmed else None,
            ics=build_appointment_ics(appointment, profile, stamp=case.now) if is_confirmed else None,
        ),
    )
