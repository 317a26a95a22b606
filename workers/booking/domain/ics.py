"""Writes an appointment as an iCalendar file (RFC 5545) that a visitor can add to their own calendar."""

import unicodedata
from datetime import UTC, datetime

from icalendar import Calendar, Event, vCalAddress

from shared.tenants.profile import TenantProfile
from workers.booking.domain.values import Appointment, AppointmentState

_PRODUCT = "-//Stride Chat//Booking//EN"

_STATUS = {
    AppointmentState.HELD: "TENTATIVE",
    AppointmentState.CONFIRMED: "CONFIRMED",
    AppointmentState.CANCELLED: "CANCELLED",
}


def build_appointment_ics(
    appointment: Appointment, profile: TenantProfile, *, stamp: datetime, cancelled: bool = False
) -> str:
    """Return the file's text, with lines ending in CRLF; `stamp` is the instant at which the file is made.

    The UID stays the same and SEQUENCE grows, so a calendar that has the appointment updates or deletes it.
    """
    event = Event()
    event.add("uid", f"{appointment.appointment_id}@{appointment.tenant}")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("dtstart", appointment.start.astimezone(UTC))
    event.add("dtend", appointment.end.astimezone(UTC))
    event.add("summary", _build_summary(appointment, profile))
    event.add("status", _STATUS[AppointmentState.CANCELLED if cancelled else appointment.state])
    event.add("sequence", appointment.version)
    if description := "\n".join(filter(None, map(_remove_control_characters, (appointment.name, appointment.note)))):
        event.add("description", description)
    if organizer := _build_organizer(profile):
        event.add("organizer", organizer)
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text.decode()


def _build_summary(appointment: Appointment, profile: TenantProfile) -> str:
    service = profile.find_service(appointment.service_id)
    # The service may have been removed from the profile since.
    name = service.name.choose_text(appointment.locale, profile.locale) if service else appointment.service_id
    return " ".join(_remove_control_characters(f"{name} – {profile.name}").split())


def _build_organizer(profile: TenantProfile) -> vCalAddress | None:
    if profile.senders.email is None:
        return None
    organizer = vCalAddress(f"mailto:{profile.senders.email}")
    organizer.params["CN"] = " ".join(_remove_control_characters(profile.name).split())
    return organizer


def _remove_control_characters(text: str) -> str:
    """Return the text with LF as its only line break and no other control characters.

    The library escapes line breaks, but knows only CR and LF; some readers also break lines at other characters.
    """
    plain = "\n".join(text.splitlines())
    return "".join(char for char in plain if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"})
