"""Writes the event of an appointment to the business's calendars and removes it."""

import html
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from shared.tenants.profile import TenantProfile
from shared.typed_names import flatten_name
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.answers import word_answers
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.owner_changes import StoredEvent, is_restored
from workers.booking.domain.values import Appointment, AppointmentState, Interval
from workers.booking.ports import CalendarEvent

log = structlog.get_logger()

_SUMMARY_CHARACTERS = 200
_DESCRIPTION_CHARACTERS = 8_000
"""Enough for answers as people type them; calendars refuse much longer descriptions."""


def assign_calendar(appointment: Appointment, profile: TenantProfile) -> Appointment:
    """Return the appointment with the calendar that its event is about to be written to, after those of before."""
    calendar_id = profile.get_calendar_id(appointment.resource)
    before = tuple(earlier for earlier in appointment.calendars if earlier != calendar_id)
    return replace(
        appointment, calendar_event_id=build_event_id(appointment.appointment_id), calendars=(*before, calendar_id)
    )


async def write_to_calendars(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> None:
    """Write the event of a confirmed visit, and remove it from the calendars where the visit is no longer."""
    is_cancelled = appointment.state is AppointmentState.CANCELLED
    current = find_current_calendar(appointment, profile) if appointment.state is AppointmentState.CONFIRMED else None
    if current is not None:
        await _write_event(ports, appointment, profile)
    for calendar_id in _list_calendars(appointment, profile):
        if calendar_id != current:
            with _ignore_lost_calendar(calendar_id, profile):
                await ports.calendar.remove(
                    calendar_id,
                    build_event_id(appointment.appointment_id),
                    cancelled_version=appointment.version if is_cancelled else None,
                )


async def list_outdated_calendars(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> list[str]:
    """Return the calendars that `write_to_calendars` would change.

    Raises:
        TransientError, UnusableCalendarError: a calendar can't be read, or can't be written to.
    """
    current = find_current_calendar(appointment, profile) if appointment.state is AppointmentState.CONFIRMED else None
    outdated: list[str] = []
    for calendar_id in _list_calendars(appointment, profile):
        with _ignore_lost_calendar(calendar_id, profile):
            event = await ports.calendar.find_event(calendar_id, build_event_id(appointment.appointment_id))
            if calendar_id == current:
                is_outdated = event is None or not _shows_appointment(event, appointment)
            else:
                is_outdated = event is not None and not event.deleted and not is_restored(appointment, event)
            if is_outdated and not await ports.calendar.is_writable(calendar_id):
                raise UnusableCalendarError(CalendarProblem.FORBIDDEN)
            if is_outdated:
                outdated.append(calendar_id)
    return outdated


@contextmanager
def _ignore_lost_calendar(calendar_id: str, profile: TenantProfile) -> Iterator[None]:
    """Ignore that a calendar can't be used if the profile no longer names it: nobody would repair it."""
    try:
        yield
    except UnusableCalendarError as error:
        is_lost = error.problem in {CalendarProblem.UNKNOWN, CalendarProblem.FORBIDDEN}
        if calendar_id in profile.calendars or not is_lost:
            raise
        log.warning("former_calendar_unusable", reason=error.reason)


def _shows_appointment(event: StoredEvent, appointment: Appointment) -> bool:
    """Return whether writing the event again changes nothing: it is up to date, or the owner has deleted it since."""
    if event.version != appointment.version:
        return event.version > appointment.version
    return event.deleted or event.interval == Interval(appointment.start, appointment.end)


async def _write_event(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> None:
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
            description=_describe_visit(appointment, profile),
            keeps_times=appointment.last_change.by_owner,
            attendee=appointment.contact.address if appointment.contact.kind == "email" else None,
        ),
        earlier=_list_calendars(appointment, profile)[:-1],
    )


def find_current_calendar(appointment: Appointment, profile: TenantProfile) -> str:
    """Return the id of the calendar that has the visit's event, or is to have it."""
    return _list_calendars(appointment, profile)[-1]


def _list_calendars(appointment: Appointment, profile: TenantProfile) -> tuple[str, ...]:
    """Return the calendars that the event is or was in, the current one last.

    If the profile has replaced that one, perhaps because it was deleted, the visit's lane has another calendar now.
    """
    if appointment.calendars and appointment.calendars[-1] in profile.calendars:
        return appointment.calendars
    return (*appointment.calendars, profile.get_calendar_id(appointment.resource))


def _describe_visit(appointment: Appointment, profile: TenantProfile) -> str:
    """Return the visitor's name, contact, note and answers, escaped: calendars show a description as HTML."""
    note = [*map(flatten_name, appointment.note.splitlines())]
    parts = [part for part in (flatten_name(appointment.name), appointment.contact.address) if part]
    parts += note if any(note) else ()
    service = profile.find_service(appointment.service_id)
    answers = word_answers(appointment.answers, service, profile.locale)
    parts += [f"{each.question}: {each.answer}" for each in answers]
    # Quotes need no escape outside attributes, and some calendars would show the entities.
    return _join_parts([html.escape(part, quote=False) for part in parts])


def _join_parts(parts: Sequence[str]) -> str:
    """Return as many whole lines as fit in a description."""
    ends = itertools.accumulate(len(part) + 1 for part in parts)
    return "\n".join(part for part, end in zip(parts, ends, strict=True) if end <= _DESCRIPTION_CHARACTERS)
