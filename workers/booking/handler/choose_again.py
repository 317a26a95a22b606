"""Sends a visitor who is not connected a notice to choose again, after the replay of a failed request was refused."""

from datetime import datetime

import structlog

from shared.messages.commands import BookingCancel, BookingCreate
from shared.messages.notices import AppointmentFacts, ChooseAgain
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.contact import parse_contact
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.replay import derive_choose_again_notice_id, has_visit_ahead, is_worth_a_notice
from workers.booking.domain.values import Appointment, Contact, Refusal
from workers.booking.handler.case import Replayable
from workers.booking.handler.contacts import find_channels
from workers.booking.handler.create import derive_appointment_id
from workers.booking.handler.late_replays import find_target_appointment

log = structlog.get_logger()


async def ask_to_choose_again(ports: BookingPorts, command: Replayable, profile: TenantProfile) -> None:
    """Queue the notice if a contact is known and the refusal is news; the same replay queues the same notice."""
    now = ports.clock.now()
    appointment = await find_target_appointment(ports, command)
    if not is_worth_a_notice(appointment, cancels=isinstance(command, BookingCancel), now=now):
        return
    facts = _extract_facts(appointment) if appointment else _parse_requested_facts(ports, command, profile)
    if facts is None:
        log.info("choose_again_without_contact")
        return
    appointment_id, contact, service_id, start, end = facts
    locale = appointment.locale if appointment else command.locale
    service = profile.find_service(service_id)
    await ports.notices.put(
        ChooseAgain(
            id=derive_choose_again_notice_id(
                appointment,
                contact,
                command_id=command.id,
                replay=command.replay,
                tenant=command.tenant,
                accepted_at=command.accepted_at,
                now=now,
            ),
            tenant=command.tenant,
            session_id=appointment.session_id if appointment else command.session_id,
            locale=locale,
            accepted_at=command.accepted_at,
            trace=command.trace,
            stands=has_visit_ahead(appointment, now),
            data=AppointmentFacts(
                appointment_id=appointment_id,
                contact=contact.address,
                contact_kind=contact.kind,
                # Nothing that the visitor typed: no name, and no service that the business does not have.
                service=service.id if service else "",
                service_name=service.name.choose_text(locale, profile.locale) if service else "",
                start=start.astimezone(profile.zone),
                end=end.astimezone(profile.zone),
            ),
        )
    )
    log.info("choose_again_queued", appointment_id=appointment_id, replay=command.replay)


def _extract_facts(appointment: Appointment) -> tuple[str, Contact, str, datetime, datetime]:
    return appointment.appointment_id, appointment.contact, appointment.service_id, appointment.start, appointment.end


def _parse_requested_facts(
    ports: BookingPorts, command: Replayable, profile: TenantProfile
) -> tuple[str, Contact, str, datetime, datetime] | None:
    """Return the facts of a request that created no appointment, or None if it has no usable contact or start."""
    if not isinstance(command, BookingCreate):
        return None
    contact = parse_contact(command.data.contact, channels=find_channels(ports, profile), region=profile.region)
    start = parse_start(command.data.start, profile.zone)
    if isinstance(contact, Refusal) or isinstance(start, Refusal):
        return None
    return derive_appointment_id(command), contact, command.data.service, start, start
