"""Writes an appointment as an iCalendar file (RFC 5545) that a visitor can add to their own calendar.

A file for downloading publishes the visit (`PUBLISH`); one in an e-mail is a message from the business to the visitor
(`REQUEST`, `CANCEL`), by which calendars update or delete what they have (RFC 5546, section 3.2).
"""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote

from email_validator import EmailNotValidError, validate_email
from icalendar import Alarm, Event, vCalAddress

from shared.tenants.profile import TenantProfile
from shared.tenants.profile_types import choose_line
from shared.tenants.quiet_hours import TO_GET_READY
from workers.booking.domain.ics_text import flatten_text, remove_control_characters
from workers.booking.domain.ics_time_zone import write_time_zone
from workers.booking.domain.values import Appointment, AppointmentState

_PRODUCT = "-//Stride Chat//Booking//EN"

_STATUS = {
    AppointmentState.HELD: "TENTATIVE",
    AppointmentState.CONFIRMED: "CONFIRMED",
    AppointmentState.CANCELLED: "CANCELLED",
}

_NO_ADDRESS = "no-reply.invalid"
"""The domain of a business without a reply address: RFC 5546 requires an organizer, and nobody owns a name in
`.invalid` (RFC 2606)."""

_UNQUOTED = "@!$'*+-._~"
"""What an address in a `mailto` URI may contain as it is (RFC 6068, section 2), besides alphanumeric characters."""


class _Method(StrEnum):
    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


def build_appointment_ics(appointment: Appointment, profile: TenantProfile, *, stamp: datetime) -> str:
    """Return the file for downloading, with lines ending in CRLF; `stamp` is the instant at which the file is made.

    It names no visitor's address: frames show contacts masked. The UID stays the same and SEQUENCE grows, so a calendar
    that has the appointment updates it.
    """
    return _write(_Method.PUBLISH, appointment, profile, stamp=stamp)


def build_notice_ics(
    appointment: Appointment, profile: TenantProfile, *, stamp: datetime, cancelled: bool = False
) -> str:
    """Return the file for a notice about an appointment that is confirmed, moved or cancelled.

    Without an e-mail address on either side nobody can be invited, so the file is as for downloading.
    """
    if appointment.contact.kind != "email" or _find_reply_address(profile) is None:
        method = _Method.PUBLISH
    else:
        method = _Method.CANCEL if cancelled else _Method.REQUEST
    return _write(method, appointment, profile, stamp=stamp, cancelled=cancelled)


def _write(
    method: _Method, appointment: Appointment, profile: TenantProfile, *, stamp: datetime, cancelled: bool = False
) -> str:
    status = _STATUS[AppointmentState.CANCELLED if cancelled else appointment.state]
    summary = _build_summary(appointment, profile)
    start, end = (at.astimezone(profile.zone) for at in (appointment.start, appointment.end))
    if _is_repeated(start) or _is_repeated(end):
        start, end = appointment.start.astimezone(UTC), appointment.end.astimezone(UTC)

    event = Event()
    event.add("uid", f"{appointment.appointment_id}@{appointment.tenant}")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", summary)
    event.add("status", status)
    event.add("sequence", appointment.version)
    if description := _build_description(appointment, profile):
        event.add("description", description)
    if profile.address:
        event.add("location", flatten_text(profile.address.choose_text(appointment.locale, profile.locale)))
    event.add("organizer", _build_organizer(appointment, profile))
    if method is not _Method.PUBLISH:
        event.add("attendee", _build_attendee(appointment))
    if status != "CANCELLED":
        event.add_component(_build_alarm(summary))

    has_zone = "TZID" in event["dtstart"].params  # the library writes zones that are always at UTC without one
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_PRODUCT}\r\nMETHOD:{method}\r\n"
    # Not the library's calendar: it would write the time zone, which is half of the file, anew each time.
    time_zone = write_time_zone(profile.zone, start.year) if has_zone else ""
    return f"{head}{time_zone}{event.to_ical().decode()}END:VCALENDAR\r\n"


def _is_repeated(local: datetime) -> bool:
    """Return whether the clocks show this time twice: readers disagree about which of the two is meant."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _build_summary(appointment: Appointment, profile: TenantProfile) -> str:
    service = profile.find_service(appointment.service_id)
    # The service may have been removed from the profile since.
    name = service.name.choose_text(appointment.locale, profile.locale) if service else appointment.service_id
    return flatten_text(f"{name} – {profile.name}")


def _build_description(appointment: Appointment, profile: TenantProfile) -> str:
    """Return what the visitor typed, then price and telephone number, where there are any."""
    service = profile.find_service(appointment.service_id)
    price = choose_line(service.price if service else None, appointment.locale, profile.locale)
    parts = (appointment.name, appointment.note, price, profile.phone)
    return "\n".join(filter(None, (remove_control_characters(part) for part in parts if part)))


def _build_organizer(appointment: Appointment, profile: TenantProfile) -> vCalAddress:
    address = _find_reply_address(profile) or f"{appointment.tenant}@{_NO_ADDRESS}"
    return _build_party(address, profile.name)


def _build_attendee(appointment: Appointment) -> vCalAddress:
    """Return the visitor, who has accepted already and is asked for nothing."""
    attendee = _build_party(appointment.contact.address, appointment.name)
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _build_party(address: str, name: str) -> vCalAddress:
    party = vCalAddress(f"mailto:{quote(address, safe=_UNQUOTED)}")
    if name := flatten_text(name):
        party.params["CN"] = name
    return party


def _find_reply_address(profile: TenantProfile) -> str | None:
    """Return the address in ASCII that e-mails name for replies; None if there is none that they can name."""
    return _to_ascii(profile.senders.email) if profile.senders.email else None


@lru_cache(maxsize=256)
def _to_ascii(address: str) -> str | None:
    try:
        return validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError:
        return None


def _build_alarm(summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -TO_GET_READY)
    return alarm
