"""Reads owners' changes in calendars, and queues a comparison for each changed visit.

There are idempotent steps: a tick reads each calendar that is due, or queues its read; a read queues a comparison of
each changed visit with its event, and then stores the new sync token. Ticks come once a minute.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from shared.errors import PermanentError, RateLimitedError, TransientError, describe_error
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
from workers.booking.domain.due_calendars import READ_AT_ONCE, is_near_hours, select_due
from workers.booking.domain.values import AppointmentState
from workers.booking.handler.alerts import alert_operator
from workers.booking.ports import LastSync

log = structlog.get_logger()

_PARALLEL_REQUESTS = 20
_MAX_TICK_AGE = timedelta(minutes=2)

_READ_SECONDS = 20
"""For one calendar of a tick: two requests that end at their time-out."""

_MAX_LIST_AGE = timedelta(minutes=5)
"""As old as a profile in the cache: a new business is read after this time. Every list of a bucket is billed."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A calendar to be read, and the command that requested it."""

    tenant: str
    calendar_id: str
    locale: str
    accepted_at: datetime

    @property
    def group(self) -> str:
        """Return the calendar's message group; a slow calendar does not delay the others."""
        return derive_id(self.calendar_id, "sync")


async def read_due_calendars(ports: BookingPorts, command: CalendarTick) -> None:
    """Read the calendars of the businesses that are due, or queue their reads if there are many.

    After an outage many ticks are queued: old ones are skipped, because the latest is enough. If some can't be read
    because of our own tables, the tick is retried, and finds the others already read.
    """
    if is_obsolete_tick(command, ports.clock.now()):
        return
    readings = await _list_due_readings(ports, command)
    if len(readings) > READ_AT_ONCE:
        for reading in readings:
            await _request_reading(ports, command, reading)
        return
    errors = await asyncio.gather(*(_read_changes(ports, reading) for reading in readings), return_exceptions=True)
    if error := next(filter(None, errors), None):
        raise error


def is_obsolete_tick(command: CalendarTick, now: datetime) -> bool:
    """Return whether a later tick has read the calendars since."""
    return now - command.accepted_at > _MAX_TICK_AGE


async def _list_due_readings(ports: BookingPorts, command: CalendarTick) -> list[_Reading]:
    """Return the calendars of the businesses with a valid profile that are due."""
    readings: list[_Reading] = []
    near_hours: set[str] = set()
    for tenant in await ports.tenants.list_tenants(max_age=_MAX_LIST_AGE):
        try:
            profile = await ports.tenants.get_profile(tenant)
        except PermanentError:
            continue
        readings += [
            _Reading(tenant, calendar_id, profile.locale, command.accepted_at) for calendar_id in profile.calendars
        ]
        if is_near_hours(profile, command.accepted_at):
            near_hours.update(profile.calendars)
    calendars = [reading.calendar_id for reading in readings]
    due = select_due(calendars, near_hours, command.accepted_at, per_minute=ports.syncs_per_minute)
    return [reading for reading in readings if reading.calendar_id in due]


async def _request_reading(ports: BookingPorts, command: CalendarTick, reading: _Reading) -> None:
    sync_command = CalendarSync(
        id=derive_id(command.id, f"sync/{reading.tenant}/{reading.calendar_id}"),
        tenant=reading.tenant,
        session_id=reading.group,
        accepted_at=reading.accepted_at,
        locale=reading.locale,
        data=CalendarSyncData(calendar_id=reading.calendar_id),
    )
    await ports.commands.put(sync_command, group=reading.group)


async def read_calendar_changes(ports: BookingPorts, command: CalendarSync) -> None:
    """Read one calendar, as a command of its own.

    Raises:
        RateLimitedError: no request to the calendar is left; the command waits, until a later one makes it obsolete.
    """
    reading = _Reading(command.tenant, command.data.calendar_id, command.locale, command.accepted_at)
    await _read_changes(ports, reading, waits=ports.clock.now() - command.accepted_at <= _MAX_TICK_AGE)


async def _read_changes(ports: BookingPorts, reading: _Reading, *, waits: bool = False) -> None:
    """Read the changes since the last sync, and queue a comparison of each changed visit in its session's group.

    A calendar that can't be read is read again when it is due next, so the command is neither retried nor
    dead-lettered. After an outage many such commands are queued, and the first one makes the others unnecessary.
    """
    calendar_id = reading.calendar_id
    last = await ports.sync_tokens.get(calendar_id)
    if last and last.synced_at >= reading.accepted_at:
        return
    started_at = ports.clock.now()
    try:
        async with asyncio.timeout(_READ_SECONDS):
            changes = await ports.calendar.list_changes(calendar_id, last.token if last else None)
    except (TransientError, TimeoutError) as error:
        if waits and isinstance(error, RateLimitedError):
            raise
        log.warning("calendar_not_read", error=describe_error(error))
        return
    except UnusableCalendarError as error:
        log.error("calendar_not_readable", reason=error.reason)  # noqa: TRY400 - the reason is enough
        await alert_operator(ports, tenant=reading.tenant, session_id=reading.group, problem=error.problem)
        return
    for first in range(0, len(changes.appointment_ids), _PARALLEL_REQUESTS):
        batch = changes.appointment_ids[first : first + _PARALLEL_REQUESTS]
        await asyncio.gather(
            *(
                _request_comparison(
                    ports,
                    reading,
                    appointment_id,
                    changes.next_token,
                    is_deleted=appointment_id in changes.deleted_ids,
                )
                for appointment_id in batch
            )
        )
    is_stored = await ports.sync_tokens.put(
        calendar_id,
        LastSync(changes.next_token, started_at),
        tenant=reading.tenant,
        replaces=last.token if last else None,
    )
    if changes.appointment_ids or not is_stored:
        log.info("calendar_read", changes=len(changes.appointment_ids), token_stored=is_stored)


async def _request_comparison(
    ports: BookingPorts, reading: _Reading, appointment_id: str, token: str, *, is_deleted: bool
) -> None:
    """Queue a comparison of a visit with its event, after the commands that its visitor sent before.

    A calendar may contain the id of another business's visit, so tenant and session come from the appointment.
    """
    appointment = await ports.appointments.find(appointment_id)
    if appointment is None or appointment.state is AppointmentState.HELD:
        return
    if appointment.state is AppointmentState.CANCELLED and is_deleted:
        return
    if appointment.start <= ports.clock.now():
        return
    comparison = CalendarChanged(
        id=derive_id(appointment_id, f"changed/{token}"),
        tenant=appointment.tenant,
        session_id=appointment.session_id,
        accepted_at=reading.accepted_at,
        locale=appointment.locale,
        data=CalendarChangedData(appointment_id=appointment_id),
    )
    await ports.commands.put(comparison, group=appointment.session_id)
