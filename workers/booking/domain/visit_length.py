"""Keeps the length of visits that their owner has stretched or shortened in the calendar."""

from datetime import timedelta

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.values import Appointment, AppointmentState

_MINUTE = timedelta(minutes=1)


def keep_length(profile: TenantProfile, service: Service, appointment: Appointment) -> tuple[TenantProfile, Service]:
    """Return the profile and the service with the length of a confirmed visit, for the search for another time.

    The visit can begin at the same times as others of its service.
    """
    length = -((appointment.start - appointment.end) // _MINUTE)
    if appointment.state is not AppointmentState.CONFIRMED or length == service.duration_minutes:
        return profile, service
    same_length = service.model_copy(update={"duration_minutes": length, "step_minutes": service.step})
    services = tuple(same_length if one.id == service.id else one for one in profile.services)
    return profile.model_copy(update={"services": services}), same_length
