"""Builds holds, and decides how long a hold keeps its time."""

from datetime import datetime, timedelta

from shared.tenants.services import Service
from workers.booking.domain.values import Appointment, AppointmentState, Contact, Interval

HOLD_MINUTES = 15
"""Long enough for a slow e-mail; short enough that a visitor who leaves does not block the time for a day."""


def compute_blocked_interval(service: Service, start: datetime) -> Interval:
    """Return the visit with its buffers."""
    return Interval(
        start - timedelta(minutes=service.buffer_before_minutes),
        start + timedelta(minutes=service.duration_minutes + service.buffer_after_minutes),
    )


def create_hold(
    *,
    appointment_id: str,
    session_id: str,
    tenant: str,
    service: Service,
    start: datetime,
    contact: Contact,
    name: str,
    note: str,
    locale: str,
    now: datetime,
) -> Appointment:
    """Return a new hold whose first code is about to be sent; `now` is the time at which the command was accepted."""
    return Appointment(
        appointment_id=appointment_id,
        session_id=session_id,
        tenant=tenant,
        service_id=service.id,
        start=start,
        end=start + timedelta(minutes=service.duration_minutes),
        blocked=compute_blocked_interval(service, start),
        state=AppointmentState.HELD,
        contact=contact,
        name=name,
        note=note,
        locale=locale,
        hold_expires_at=now + timedelta(minutes=HOLD_MINUTES),
        code_sends=1,
        code_attempts=0,
        version=1,
        created_at=now,
    )


def has_expired(appointment: Appointment, at: datetime) -> bool:
    """Return whether this is a hold that has expired at the instant at which a command was accepted."""
    return (
        appointment.state is AppointmentState.HELD
        and appointment.hold_expires_at is not None
        and at >= appointment.hold_expires_at
    )


def blocks_its_slot(appointment: Appointment, at: datetime) -> bool:
    """Return whether the appointment keeps its time from others."""
    return appointment.state is not AppointmentState.CANCELLED and not has_expired(appointment, at)


def is_same_request(
    appointment: Appointment, *, service_id: str, start: datetime, contact: Contact, at: datetime
) -> bool:
    """Return whether the session already has the appointment that it requests; it then gets the same answer again."""
    return (
        blocks_its_slot(appointment, at)
        and (appointment.service_id, appointment.start) == (service_id, start)
        and appointment.contact == contact
    )
