"""Looks, every minute, for what owners changed in their calendars, and asks to have each change followed up.

Three steps, each of which may be done twice: a tick asks for every calendar to be read, reading asks for every changed
visit to be compared with its event, and only then is kept how far was read.
"""

import asyncio
from datetime import timedelta

import structlog

from shared.errors import PermanentError, TransientError
from shared.ids import derived_id
from shared.messages.commands import (
    CalendarChanged,
    CalendarChangedData,
    CalendarSync,
    CalendarSyncData,
    CalendarTick,
)
from workers.booking.domain.calendar_problem import UnusableCalendarError
from workers.booking.domain.values import AppointmentState
from workers.booking.handler.alerts import alert_operator
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.ports import LastSync

log = structlog.get_logger()

_AT_ONCE = 20
_TICKS_COUNT_FOR = timedelta(minutes=2)


async def request_calendar_reads(ports: BookingPorts, command: CalendarTick) -> None:
    """Ask for every calendar of every business to be read; of one without a good profile none is known.

    After a halt many ticks wait in line: the latest does for all.
    """
    if ports.clock.now() - command.accepted_at > _TICKS_COUNT_FOR:
        return
    for tenant in await ports.tenants.tenants():
        try:
            profile = await ports.tenants.profile(tenant)
        except PermanentError:
            continue
        for calendar_id in profile.calendars:
            # In a group of its own, so that a calendar that is slow keeps no other waiting.
            group = derived_id(calendar_id, "sync")
            sync_command = CalendarSync(
                id=derived_id(command.id, f"sync/{tenant}/{calendar_id}"),
                tenant=tenant,
                session_id=group,
                accepted_at=command.accepted_at,
                locale=profile.locale,
                data=CalendarSyncData(calendar_id=calendar_id),
            )
            await ports.commands.put(sync_command, group=group)


async def read_calendar_changes(ports: BookingPorts, command: CalendarSync) -> None:
    """Read what changed since the last time, and have each visit compared in its own visitor's turn.

    A calendar that can't be read is read in the next minute: the command is not worth a retry, nor a place among the
    dead letters. After a halt many wait in line, and the first of them does the work of all.
    """
    calendar_id = command.data.calendar_id
    last = await ports.sync_tokens.get(calendar_id)
    if last and last.synced_at >= command.accepted_at:
        return
    began = ports.clock.now()
    try:
        found = await ports.calendar.changes(calendar_id, last.token if last else None)
    except TransientError as error:
        log.warning("calendar_not_read", error=str(error))
        return
    except UnusableCalendarError as error:
        log.error("calendar_not_readable", reason=error.reason)  # noqa: TRY400 - the reason says it all
        await alert_operator(ports, tenant=command.tenant, session_id=command.session_id, problem=error.problem)
        return
    for first in range(0, len(found.appointment_ids), _AT_ONCE):
        some = found.appointment_ids[first : first + _AT_ONCE]
        await asyncio.gather(*(_request_comparison(ports, command, one, found.next_token) for one in some))
    kept = await ports.sync_tokens.put(
        calendar_id,
        LastSync(found.next_token, began),
        tenant=command.tenant,
        replaces=last.token if last else None,
    )
    if found.appointment_ids or not kept:
        log.info("calendar_read", changes=len(found.appointment_ids), kept=kept)


async def _request_comparison(ports: BookingPorts, command: CalendarSync, appointment_id: str, token: str) -> None:
    """Ask to have a visit compared with its event, after whatever its visitor asked for before.

    The calendar of one business may name a visit of another, so nothing but the record says whose it is.
    """
    appointment = await ports.appointments.find(appointment_id)
    if appointment is None or appointment.state is not AppointmentState.CONFIRMED:
        return
    if appointment.start <= ports.clock.now():
        return
    comparison = CalendarChanged(
        id=derived_id(appointment_id, f"changed/{token}"),
        tenant=appointment.tenant,
        session_id=appointment.session_id,
        accepted_at=command.accepted_at,
        locale=appointment.locale,
        data=CalendarChangedData(appointment_id=appointment_id),
    )
    await ports.commands.put(comparison, group=appointment.session_id)
