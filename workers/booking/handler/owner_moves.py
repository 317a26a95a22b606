"""Moves visits to where the owner put their events: alone, or together with those that are in their way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from shared.claims import Claim
from shared.errors import PermanentError
from shared.ids import derive_id
from shared.messages.commands import CalendarChanged, CalendarChangedData, MoveWait
from shared.tenants.grid import compute_bucket_minutes
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.joint_moves import MAX_VISITS_MOVED_TOGETHER, WantedMove, arrange_moves
from workers.booking.domain.quotas import Quota, list_day_quotas_of_visit
from workers.booking.domain.values import Appointment, AppointmentState, LastChange, OccupiedTime
from workers.booking.handler.calendar_event import assign_calendar
from workers.booking.handler.owner_events import find_owner_change, list_lanes_of_calendar
from workers.booking.handler.reminders import delete_reminders
from workers.booking.ports import GridTooFine, Lost, QuotaFull, SlotLost

log = structlog.get_logger()

_RECHECK_INTERVAL = timedelta(minutes=1)
"""As often as calendars are read."""

Moves = Sequence[tuple[Appointment, Appointment]]


async def move_visits(
    ports: BookingPorts, command: CalendarChanged, wanted: WantedMove, profile: TenantProfile, claim: Claim
) -> Appointment | Lost:
    """Move the visit, with others if they exchange their times; return it, or what stays in the way.

    `GridTooFine` means that the visit alone is too long for one transaction.
    """
    alone = [(wanted.old, replace(wanted.new, resource=lane)) for lane in wanted.lanes[:1]]
    if alone:
        moved = await _write_moves(ports, command, alone, profile, claim)
        if isinstance(moved, Appointment | GridTooFine):
            return moved
    arranged = await _arrange_with_others(ports, wanted, profile)
    if arranged is None:
        return SlotLost()
    moved = await _write_moves(ports, command, arranged, profile, claim)
    # The last of a chain of visits can move alone, then the one before.
    return SlotLost() if isinstance(moved, GridTooFine) and len(arranged) > 1 else moved


async def _arrange_with_others(ports: BookingPorts, wanted: WantedMove, profile: TenantProfile) -> Moves | None:
    """Find out which visits are in the way of the visit, in the way of those, and so on, and where each has to go."""
    now = ports.clock.now()
    others: dict[str, WantedMove] = {}
    standing: set[OccupiedTime] = set()
    holds: set[str] = set()
    seen = {wanted.old.appointment_id}
    pending = [wanted]
    while pending:
        current = pending.pop()
        times = await ports.appointments.find_occupied_times(current.old.tenant, current.new.blocked, at=now)
        in_the_way = [time for time in times if time.resource in current.lanes]
        in_the_way = [time for time in in_the_way if time.interval.overlaps(current.new.blocked)]
        standing.update(in_the_way)
        for appointment_id in dict.fromkeys(time.appointment_id for time in in_the_way):
            if appointment_id in seen or len(others) >= MAX_VISITS_MOVED_TOGETHER:
                continue
            seen.add(appointment_id)
            appointment = await ports.appointments.find(appointment_id)
            if appointment is None:
                continue
            if appointment.state is AppointmentState.HELD:
                # Its visitor has not proved to exist, and is offered other times.
                holds.add(appointment_id)
                continue
            change = await find_owner_change(ports, appointment, profile)
            if isinstance(change, WantedMove):
                others[appointment_id] = change
                pending.append(change)
    return arrange_moves(wanted, others, [time for time in standing if time.appointment_id not in holds])


async def _write_moves(
    ports: BookingPorts, command: CalendarChanged, moves: Moves, profile: TenantProfile, claim: Claim
) -> Appointment | Lost:
    """Write the moves, of which the first is that of the command's visit; return it, or what prevents them."""
    now = ports.clock.now()
    first, *others = [
        (
            old,
            replace(
                assign_calendar(new, profile),
                last_change=LastChange(
                    _derive_command_id(command, new.appointment_id), by_owner=True, previous_start=old.start, at=now
                ),
            ),
        )
        for old, new in moves
    ]
    moved = replace(
        first[1],
        last_change=replace(
            first[1].last_change,
            command_id=command.id,
            together_with=tuple(new.appointment_id for _, new in others),
        ),
    )
    lost = await _move_with_units(ports, [(first[0], moved), *others], profile, claim)
    if lost is not None:
        return lost
    for old, new in moves:
        log.info("appointment_moved_by_business", appointment_id=new.appointment_id, resource=new.resource)
        await delete_reminders(ports, old, profile)
    return moved


async def _move_with_units(ports: BookingPorts, moves: Moves, profile: TenantProfile, claim: Claim) -> Lost | None:
    """Move the visits; where daily caps have free units, the visits take them.

    The owner may exceed their own daily caps. Units of a day that a visit already counts towards are kept then.
    """
    now = ports.clock.now()
    quotas = [quota for _, new in moves for quota in list_day_quotas_of_visit(profile, new)]
    owned = {(old.appointment_id, unit.key) for old, _ in moves for unit in old.quota_units}
    kept = [quota for quota in quotas if (quota.holder, quota.key) in owned]
    choices: tuple[Sequence[Quota], ...] = (quotas, kept, ())
    lost: Lost | None = None
    for chosen in choices:
        lost = await ports.appointments.move_together(moves, at=now, claim=claim, quotas=chosen)
        if not isinstance(lost, QuotaFull):
            break
    return lost


async def reinstate_visit(
    ports: BookingPorts,
    command: CalendarChanged,
    cancelled: Appointment,
    restored: Appointment,
    *,
    profile: TenantProfile,
    claim: Claim,
) -> Appointment | None:
    """Take the time of a visit whose deleted event the owner has restored; return None if it is occupied.

    The owner may exceed their own daily caps.
    """
    now = ports.clock.now()
    for lane in list_lanes_of_calendar(cancelled, profile, profile.get_calendar_id(cancelled.resource)):
        candidate = replace(
            assign_calendar(replace(restored, resource=lane), profile),
            last_change=LastChange(command.id, by_owner=True, at=now),
            grid_minutes=compute_bucket_minutes(profile),
        )
        quotas = tuple(list_day_quotas_of_visit(profile, candidate))
        lost = await ports.appointments.move(cancelled, candidate, at=now, claim=claim, quotas=quotas)
        if isinstance(lost, QuotaFull):
            lost = await ports.appointments.move(cancelled, candidate, at=now, claim=claim)
        if lost is None:
            log.info("appointment_reinstated_by_business", appointment_id=candidate.appointment_id, resource=lane)
            return candidate
    return None


def _derive_command_id(command: CalendarChanged, appointment_id: str) -> str:
    """Return the id of the command that notifies the visitor of another visit that this command has moved."""
    return derive_id(command.id, f"moved/{appointment_id}")


async def request_other_notifications(ports: BookingPorts, command: CalendarChanged, moved: Appointment) -> None:
    """Queue a command for each visit that was moved together with this one, in the group of its session.

    To that command, its visit looks as if it had moved it before it was interrupted: so it does the rest.
    """
    for appointment_id in moved.last_change.together_with:
        other = await ports.appointments.find(appointment_id)
        if other is None:
            continue
        notification = CalendarChanged(
            id=_derive_command_id(command, appointment_id),
            tenant=other.tenant,
            session_id=other.session_id,
            accepted_at=ports.clock.now(),
            locale=other.locale,
            data=CalendarChangedData(appointment_id=appointment_id),
        )
        await ports.commands.put(notification, group=other.session_id)


async def wait_for_other_moves(ports: BookingPorts, command: CalendarChanged, wanted: WantedMove) -> bool:
    """Compare the visit again in a minute: the owner may be about to move what is in its way.

    Returns False if it has waited long enough, or if the comparison can't be scheduled.
    """
    now, target = ports.clock.now(), wanted.new
    wait = command.data.wait
    if wait is None or (wait.version, wait.start, wait.end) != (wanted.old.version, target.start, target.end):
        until = now + ports.calendar_move_wait
        wait = MoveWait(version=wanted.old.version, start=target.start, end=target.end, until=until)
    if now >= wait.until:
        return False
    again = CalendarChanged(
        id=derive_id(command.id, "wait"),
        tenant=command.tenant,
        session_id=command.session_id,
        accepted_at=now,
        locale=command.locale,
        data=CalendarChangedData(appointment_id=target.appointment_id, wait=wait),
    )
    try:
        await ports.schedules.put(again.id, min(wait.until, now + _RECHECK_INTERVAL), again, group=command.session_id)
    except PermanentError as error:
        log.warning("calendar_move_not_awaited", appointment_id=target.appointment_id, reason=error.reason)
        return False
    log.info("calendar_move_waits", appointment_id=target.appointment_id)
    return True
