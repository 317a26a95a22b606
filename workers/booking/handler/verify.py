"""A visitor types the code: the appointment is confirmed and entered into the calendar. Or asks for another code."""

import html
from dataclasses import replace

import structlog

from shared.ids import derived_id
from shared.messages.commands import BookingResend, BookingVerify
from shared.messages.errors import ErrorCode
from shared.messages.server import ServerFrame
from shared.ports import Claim
from shared.tenants.profile import TenantProfile
from workers.booking.domain.code import code_matches
from workers.booking.domain.decisions import (
    AlreadyConfirmed,
    Confirm,
    Resend,
    WrongCode,
    decide_resend,
    decide_verify,
)
from workers.booking.domain.values import Appointment, Refusal
from workers.booking.handler.availability import slot_taken
from workers.booking.handler.frames import confirmed, pending, refused
from workers.booking.handler.notify import send_code, send_confirmed
from workers.booking.handler.roles import Roles
from workers.booking.ports import CalendarEvent

log = structlog.get_logger()

_SUMMARY_CHARACTERS = 200


async def verify(roles: Roles, work: BookingVerify, claim: Claim, locale: str) -> ServerFrame:
    """Confirm first, in one transaction; the calendar event and the notice are retried after it.

    Only the command that confirmed has effects, so that a later one never undoes what the owner did to the event.
    """
    profile = await roles.tenants.profile(work.tenant)
    appointment = await roles.appointments.get(work.data.appointment_id, work.session_id)
    if appointment and appointment.changed_by == work.id and appointment.hold_expires_at:
        # This very command counted its wrong code before it was cut off.
        return refused(work, Refusal(ErrorCode.CODE_INVALID), profile.zone, locale)
    code_ok = appointment is not None and code_matches(
        roles.code_key, appointment.appointment_id, appointment.code_sends, work.data.code
    )
    match decide_verify(appointment, code_ok=code_ok, now=work.accepted_at):
        case Confirm(confirmed_one):
            changed = replace(confirmed_one, changed_by=work.id, calendar_event_id=event_id(confirmed_one))
            lost = await roles.appointments.confirm(changed, claim=claim)
            if lost:
                refusal = await slot_taken(roles, work, profile, changed.service_id, changed.start)
                return refused(work, refusal, profile.zone, locale)
            roles.metrics.count("AppointmentVerified")
            log.info("appointment_confirmed", appointment_id=changed.appointment_id, service=changed.service_id)
        case AlreadyConfirmed(changed):
            pass
        case WrongCode(counted, refusal):
            await roles.appointments.save(replace(counted, changed_by=work.id), claim=claim)
            return refused(work, refusal, profile.zone, locale)
        case Refusal() as refusal:
            return refused(work, refusal, profile.zone, locale)
    if changed.changed_by == work.id:
        await enter(roles, changed, profile)
        await send_confirmed(roles.notices, work, changed, profile, roles.clock.now())
    return confirmed(work, changed, profile, roles.clock.now())


async def resend(roles: Roles, work: BookingResend, claim: Claim, locale: str) -> ServerFrame:
    """Send another code for the same hold."""
    profile = await roles.tenants.profile(work.tenant)
    appointment = await roles.appointments.get(work.data.appointment_id, work.session_id)
    if appointment and appointment.changed_by == work.id and appointment.hold_expires_at:
        again = appointment  # counted before this command was cut off
    else:
        match decide_resend(appointment, work.accepted_at):
            case Resend(next_one):
                again = replace(next_one, changed_by=work.id)
                await roles.appointments.save(again, claim=claim)
            case AlreadyConfirmed(standing):
                return confirmed(work, standing, profile, roles.clock.now())
            case Refusal() as refusal:
                return refused(work, refusal, profile.zone, locale)
    await send_code(roles.notices, work, again, profile)
    return pending(work, again, profile.zone)


def event_id(appointment: Appointment) -> str:
    """Return the id of the appointment's calendar event."""
    return derived_id(appointment.appointment_id, "calendar")


async def enter(roles: Roles, appointment: Appointment, profile: TenantProfile) -> None:
    """Make the calendar say that the appointment stands."""
    service = profile.service(appointment.service_id)
    name = service.name.in_(profile.locale) if service else appointment.service_id
    who = appointment.name or appointment.contact.address
    await roles.calendar.put(
        profile.calendar_id,
        CalendarEvent(
            event_id=event_id(appointment),
            appointment_id=appointment.appointment_id,
            start=appointment.start,
            end=appointment.end,
            time_zone=profile.time_zone,
            summary=_one_line(f"{name}: {who}")[:_SUMMARY_CHARACTERS],
            description=_described(appointment),
        ),
    )


def _described(appointment: Appointment) -> str:
    """Return who comes and what they wrote; calendars show a description as HTML, so none of it may be markup."""
    note = "\n".join(map(_one_line, appointment.note.splitlines()))
    parts = (_one_line(appointment.name), appointment.contact.address, note)
    # Quotes matter in attributes alone, and some calendars would show their entities.
    return html.escape("\n".join(part for part in parts if part), quote=False)


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
