"""Reads owners' changes in calendars once a minute, and queues a comparison for each changed visit.

There are three idempotent steps: a tick queues a read of each calendar, a read queues a comparison of each changed
visit with its event, and then the new sync token is stored.
"""

import asyncio
from datetime import timedelta

import structlog

from shared.errors import PermanentError, TransientError
from shared.ids import derive_id
from shared.messages.commands import (
    CalendarChanged,
    CalendarChangedData,
    CalendarSync,
    CalendarSyncData,
    CalendarTick,
)
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.calendar_problem import UnusableCalendarError
from workers.booking.domain.values import AppointmentState
from workers.booking.handler.alerts import alert_operator
from workers.booking.ports import LastSync

log = structlog.get_logger()

_PARALLEL_REQUESTS = 20
_MAX_TICK_AGE = timedelta(minutes=2)


async def request_calendar_reads(ports: BookingPorts, command: CalendarTick) -> None:
    """Queue a read of every calendar of every business with a valid profile.

    After an outage many ticks are queued: old ones are skipped, because the latest is enough.
    """
    if ports.clock.now() - command.accepted_at > _MAX_TICK_AGE:
        return
    for tenant in await ports.tenants.list_tenants():
        try:
            profile = await ports.tenants.get_profile(tenant)
        except PermanentError:
            continue
        for calendar_id in profile.calendars:
            # A message group per calendar, so that a slow calendar does not delay the others.
            group = derive_id(calendar_id, "sync")
            sync_command = CalendarSync(
                id=derive_id(command.id, f"sync/{tenant}/{calendar_id}"),
                tenant=tenant,
                session_id=group,
                accepted_at=command.accepted_at,
                locale=profile.locale,
                data=CalendarSyncData(calendar_id=calendar_id),
            )
            await ports.commands.put(sync_command, group=group)


async def read_calendar_changes(ports: BookingPorts, command: CalendarSync) -> None:
    """Read the changes since the last sync, and queue a comparison of each changed visit in its session's group.

    A calendar that can't be read is read again in the next minute, so the command is neither retried nor
    dead-lettered. After an outage many such commands are queued, and the first one makes the others unnecessary.
    """
    calendar_id = command.data.calendar_id
    last = await ports.sync_tokens.get(calendar_id)
    if last and last.synced_at >= command.accepted_at:
        return
    started_at = ports.clock.now()
    try:
        changes = await ports.calendar.list_changes(calendar_id, last.token if last else None)
    except TransientError as error:
        log.warning("calendar_not_read", error=str(error))
        return
    except UnusableCalendarError as error:
        log.error("calendar_not_readable", reason=error.reason)  # noqa: TRY400 - the reason is enough
        await alert_operator(ports, tenant=command.tenant, session_id=command.session_id, problem=error.problem)
        return
    for first in range(0, len(changes.appointment_ids), _PARALLEL_REQUESTS):
        batch = changes.appointment_ids[first : first + _PARALLEL_REQUESTS]
        await asyncio.gather(
            *(_request_comparison(ports, command, appointment_id, changes.next_token) for appointment_id in batch)
        )
    is_stored = await ports.sync_tokens.put(
        calendar_id,
        LastSync(changes.next_token, started_at),
        tenant=command.tenant,
        replaces=last.token if last else None,
    )
    if changes.appointment_ids or not is_stored:
        log.info("calendar_read", changes=len(changes.appointment_ids), token_stored=is_stored)


async def _request_comparison(ports: BookingPorts, command: CalendarSync, appointment_id: str, token: str) -> None:
    """Queue a comparison of a visit with its event, after the commands that its visitor sent before.

    A calendar may contain the id of another business's visit, so tenant and session come from the appointment.
    """
    appointment = await ports.appointments.find(appointment_id)
    if appointment is None or appointment.state is not AppointmentState.CONFIRMED:
        return
    if appointment.start <= ports.clock.now():
        return
    comparison = CalendarChanged(
        id=derive_id(appointment_id, f"changed/{token}"),
        tenant=appointment.tenant,
        session_id=appointment.session_id,
        accepted_at=command.accepted_at,
        locale=appointment.locale,
        data=CalendarChangedData(appointment_id=appointment_id),
    )
    await ports.commands.put(comparison, group=appointment.session_id)
