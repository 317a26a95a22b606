"""Writes appointments to the business's calendars and removes them."""

import html
from dataclasses import replace

from shared.tenants.profile import TenantProfile
from shared.typed_names import flatten_name
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.ports import CalendarEvent

_SUMMARY_CHARACTERS = 200


def assign_calendar(appointment: Appointment, profile: TenantProfile) -> Appointment:
    """Return the appointment with the calendar that its event is about to be written to, after those of before."""
    calendar_id = profile.get_calendar_id(appointment.resource)
    before = tuple(earlier for earlier in appointment.calendars if earlier != calendar_id)
    return replace(
        appointment, calendar_event_id=build_event_id(appointment.appointment_id), calendars=(*before, calendar_id)
    )


async def sync_event(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> None:
    """Write the event, and remove it from the calendars where the visit is no longer.

    A command with a link runs in parallel with those of the visit's own session. So the appointment is read again after
    the event was written: the last command leaves the calendars in the state of the appointment.
    """
    await write_event(ports, appointment, profile)
    stored = await ports.appointments.get(appointment.appointment_id, appointment.session_id)
    is_active = stored is not None and stored.state is not AppointmentState.CANCELLED
    calendar_of_event = find_current_calendar(stored, profile) if stored and is_active else None
    for calendar_id in appointment.calendars:
        if calendar_id != calendar_of_event:
            await ports.calendar.remove(calendar_id, build_event_id(appointment.appointment_id))


async def write_event(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> None:
    """Write the visit's event to its current calendar."""
    service = profile.find_service(appointment.service_id)
    name = service.name.choose_text(profile.locale) if service else appointment.service_id
    who = flatten_name(appointment.name) or appointment.contact.address
    await ports.calendar.put(
        find_current_calendar(appointment, profile),
        CalendarEvent(
            event_id=build_event_id(appointment.appointment_id),
            appointment_id=appointment.appointment_id,
            version=appointment.version,
            start=appointment.start,
            end=appointment.end,
            time_zone=profile.time_zone,
            summary=flatten_name(f"{name}: {who}")[:_SUMMARY_CHARACTERS],
            description=_describe_visit(appointment),
            attendee=appointment.contact.address if appointment.contact.kind == "email" else None,
        ),
    )


async def remove_events(ports: BookingPorts, appointment: Appointment) -> None:
    """Remove the visit's event from every calendar that it was written to."""
    for calendar_id in appointment.calendars:
        await ports.calendar.remove(calendar_id, build_event_id(appointment.appointment_id))


def find_current_calendar(appointment: Appointment, profile: TenantProfile) -> str:
    """Return the id of the calendar that has the visit's event."""
    return appointment.calendars[-1] if appointment.calendars else profile.get_calendar_id(appointment.resource)


def _describe_visit(appointment: Appointment) -> str:
    """Return the visitor's name, contact and note, escaped: calendars show a description as HTML."""
    note = "\n".join(map(flatten_name, appointment.note.splitlines()))
    parts = (flatten_name(appointment.name), appointment.contact.address, note)
    # Quotes need no escape outside attributes, and some calendars would show the entities.
    return html.escape("\n".join(part for part in parts if part), quote=False)
