"""A visitor asks how an appointment stands, and what may be done with it."""

from typing import Literal

from shared.masking import mask_contact
from shared.messages.commands import BookingLookup
from shared.messages.errors import ErrorCode
from shared.messages.server import BookingDetails, BookingDetailsData, Error
from workers.booking.domain.decisions import Cancel, decide_cancel
from workers.booking.domain.hold import has_expired
from workers.booking.domain.ics import appointment_ics
from workers.booking.domain.values import AppointmentState, Refusal
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.find_appointment import find_appointment
from workers.booking.handler.frames import build_refusal


async def look_up(ports: BookingPorts, command: BookingLookup, locale: str) -> BookingDetails | Error:
    """Return the appointment as it is now; a question, which leaves no trace."""
    profile = await ports.tenants.profile(command.tenant)
    found = await find_appointment(ports, command)
    if found is None:
        return build_refusal(command, Refusal(ErrorCode.UNKNOWN_APPOINTMENT), profile.zone, locale)
    now, service = ports.clock.now(), profile.service(found.service_id)
    over = found.state is AppointmentState.CANCELLED or has_expired(found, command.accepted_at)
    state: Literal["held", "confirmed", "cancelled"] = "cancelled" if over else found.state.value
    stands = found.state is AppointmentState.CONFIRMED
    changeable = not over and isinstance(decide_cancel(found, command.accepted_at), Cancel)
    return BookingDetails(
        re=command.client_id,
        data=BookingDetailsData(
            appointment_id=found.appointment_id,
            state=state,
            start=found.start.astimezone(profile.zone),
            end=found.end.astimezone(profile.zone),
            service=found.service_id,
            service_name=service.name.in_(locale, profile.locale) if service else found.service_id,
            time_zone=profile.time_zone,
            contact=mask_contact(found.contact.address),
            expires_at=None if over else found.hold_expires_at,
            can_cancel=changeable,
            can_reschedule=changeable and service is not None,
            ics=appointment_ics(found, profile, stamp=now) if stands else None,
        ),
    )
