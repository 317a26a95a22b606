"""Explains to the owner why a time is offered or not, with what occupies it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.explanation import Block, Question, Rule, explain_start
from workers.booking.domain.hold import compute_blocked_interval
from workers.booking.domain.lanes import Occupancy, OccupancySource, select_free_lanes
from workers.booking.domain.values import Appointment, AppointmentState, Interval
from workers.booking.handler.occupancy import load_occupancy


@dataclass(frozen=True, slots=True)
class OccupiedBy:
    """What occupies the time: a visit, a hold whose code is awaited, or an entry of a calendar."""

    kind: Literal["visit", "hold", "calendar"]
    id: str
    """Of the appointment, or of the calendar."""
    lane: str
    """Empty if it occupies all lanes."""
    start: datetime
    end: datetime
    """With the buffers of a visit; in the zone of the business."""


@dataclass(frozen=True, slots=True)
class TimeExplanation:
    """Whether a time is offered, and all that blocks it; times are in the zone of the business."""

    service: str
    start: datetime
    end: datetime
    blocks: tuple[Block, ...]
    """In order; none if the time is offered."""
    free_lanes: tuple[str, ...]
    """The lanes that would take the visit."""
    occupied_by: tuple[OccupiedBy, ...]
    """What occupies the lanes that would take it otherwise."""


async def explain_time(
    ports: BookingPorts, tenant: str, profile: TenantProfile, service: Service, start: datetime, *, now: datetime
) -> TimeExplanation:
    """Read the calendars anew, and explain a start of a service at `now`.

    Raises:
        TransientError, PermanentError: a store or a calendar can't be read.
    """
    blocked = compute_blocked_interval(service, start)
    occupancy = await load_occupancy(ports, tenant, profile, blocked, at=now, fresh=True)
    blocks = explain_start(Question(profile, service, start, now, occupancy))
    lanes = next((block.lanes for block in blocks if block.rule is Rule.OCCUPIED), ())
    sources = [source for source in occupancy.sources if source.interval.overlaps(blocked)]
    local_blocks = (block._replace(at=block.at and block.at.astimezone(profile.zone)) for block in blocks)
    return TimeExplanation(
        service=service.id,
        start=start.astimezone(profile.zone),
        end=(start + timedelta(minutes=service.duration_minutes)).astimezone(profile.zone),
        blocks=tuple(local_blocks),
        free_lanes=() if blocks else _find_free_lanes(profile, service, blocked, occupancy),
        occupied_by=await _describe_sources(
            ports, profile, [source for source in sources if not source.lane or source.lane in lanes]
        )
        if lanes
        else (),
    )


def _find_free_lanes(
    profile: TenantProfile, service: Service, blocked: Interval, occupancy: Occupancy
) -> tuple[str, ...]:
    return tuple(sorted(select_free_lanes(profile, service, blocked, occupancy, appointment_id="")))


async def _describe_sources(
    ports: BookingPorts, profile: TenantProfile, sources: Sequence[OccupancySource]
) -> tuple[OccupiedBy, ...]:
    appointment_ids = sorted({source.appointment_id for source in sources if source.appointment_id})
    found = await asyncio.gather(*map(ports.appointments.find, appointment_ids))
    appointments = {appointment.appointment_id: appointment for appointment in found if appointment}
    occupied_by = {_describe_source(source, appointments.get(source.appointment_id), profile) for source in sources}
    return tuple(sorted(occupied_by, key=lambda one: (one.start, one.lane, one.id)))


def _describe_source(source: OccupancySource, appointment: Appointment | None, profile: TenantProfile) -> OccupiedBy:
    """Describe an occupied time; that of an appointment is stored in pieces, of which not all were read."""
    interval = appointment.blocked if appointment else source.interval
    kind: Literal["visit", "hold", "calendar"] = "visit" if source.appointment_id else "calendar"
    if appointment and appointment.state is AppointmentState.HELD:
        kind = "hold"
    return OccupiedBy(
        kind,
        source.appointment_id or source.calendar_id,
        source.lane,
        interval.start.astimezone(profile.zone),
        interval.end.astimezone(profile.zone),
    )
