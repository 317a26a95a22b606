"""Makes the business's calendar say what our records say of an appointment."""

import html
from dataclasses import replace

from shared.tenants.profile import TenantProfile
from workers.booking.domain.event_id import event_id
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.ports import CalendarEvent

_SUMMARY_CHARACTERS = 200


def assign_calendar(appointment: Appointment, profile: TenantProfile) -> Appointment:
    """Return the appointment with the calendar that it is about to be entered into, and where it was before."""
    calendar_id = profile.calendar_of(appointment.resource)
    before = tuple(one for one in appointment.calendars if one != calendar_id)
    return replace(
        appointment, calendar_event_id=event_id(appointment.appointment_id), calendars=(*before, calendar_id)
    )


async def sync_event(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> None:
    """Make the calendars say what the record says: the visit at its time, in its one calendar, or nowhere.

    A command by link runs beside those of the visit's own session. So the record is read once more after the entry was
    written: whoever is last leaves the calendars as the record is then.
    """
    await write_event(ports, appointment, profile)
    now = await ports.appointments.get(appointment.appointment_id, appointment.session_id)
    stands = now is not None and now.state is not AppointmentState.CANCELLED
    stands_in = current_calendar(now, profile) if now and stands else None
    for calendar_id in appointment.calendars:
        if calendar_id != stands_in:
            await ports.calendar.remove(calendar_id, event_id(appointment.appointment_id))


async def write_event(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> None:
    """Make the visit's calendar say that the appointment stands."""
    service = profile.service(appointment.service_id)
    name = service.name.in_(profile.locale) if service else appointment.service_id
    who = appointment.name or appointment.contact.address
    await ports.calendar.put(
        current_calendar(appointment, profile),
        CalendarEvent(
            event_id=event_id(appointment.appointment_id),
            appointment_id=appointment.appointment_id,
            version=appointment.version,
            start=appointment.start,
            end=appointment.end,
            time_zone=profile.time_zone,
            summary=_collapse_whitespace(f"{name}: {who}")[:_SUMMARY_CHARACTERS],
            description=_describe_visit(appointment),
            attendee=appointment.contact.address if appointment.contact.kind == "email" else None,
        ),
    )


async def remove_events(ports: BookingPorts, appointment: Appointment) -> None:
    """Make every calendar that the visit was entered into forget it."""
    for calendar_id in appointment.calendars:
        await ports.calendar.remove(calendar_id, event_id(appointment.appointment_id))


def current_calendar(appointment: Appointment, profile: TenantProfile) -> str:
    """Return the calendar that the visit stands in."""
    return appointment.calendars[-1] if appointment.calendars else profile.calendar_of(appointment.resource)


def _describe_visit(appointment: Appointment) -> str:
    """Return who comes and what they wrote; calendars show a description as HTML, so none of it may be markup."""
    note = "\n".join(map(_collapse_whitespace, appointment.note.splitlines()))
    parts = (_collapse_whitespace(appointment.name), appointment.contact.address, note)
    # Quotes matter in attributes alone, and some calendars would show their entities.
    return html.escape("\n".join(part for part in parts if part), quote=False)


def _collapse_whitespace(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
