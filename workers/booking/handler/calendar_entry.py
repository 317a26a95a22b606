"""Makes the business's calendar say what our records say of an appointment."""

import html

from shared.tenants.profile import TenantProfile
from workers.booking.domain.event_id import event_id
from workers.booking.domain.values import Appointment
from workers.booking.handler.roles import Roles
from workers.booking.ports import CalendarEvent

_SUMMARY_CHARACTERS = 200


async def enter(roles: Roles, appointment: Appointment, profile: TenantProfile) -> None:
    """Make the calendar of the visit's resource say that the appointment stands."""
    service = profile.service(appointment.service_id)
    name = service.name.in_(profile.locale) if service else appointment.service_id
    who = appointment.name or appointment.contact.address
    await roles.calendar.put(
        profile.calendar_of(appointment.resource),
        CalendarEvent(
            event_id=event_id(appointment.appointment_id),
            appointment_id=appointment.appointment_id,
            version=appointment.version,
            start=appointment.start,
            end=appointment.end,
            time_zone=profile.time_zone,
            summary=_one_line(f"{name}: {who}")[:_SUMMARY_CHARACTERS],
            description=_described(appointment),
            attendee=appointment.contact.address if appointment.contact.kind == "email" else None,
        ),
    )


async def leave(roles: Roles, appointment: Appointment, profile: TenantProfile) -> None:
    """Make the calendar forget the appointment."""
    await roles.calendar.remove(profile.calendar_of(appointment.resource), event_id(appointment.appointment_id))


def _described(appointment: Appointment) -> str:
    """Return who comes and what they wrote; calendars show a description as HTML, so none of it may be markup."""
    note = "\n".join(map(_one_line, appointment.note.splitlines()))
    parts = (_one_line(appointment.name), appointment.contact.address, note)
    # Quotes matter in attributes alone, and some calendars would show their entities.
    return html.escape("\n".join(part for part in parts if part), quote=False)


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
