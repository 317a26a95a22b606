"""Answers the assistant's queries: free times, and the visits of a session. A query changes nothing."""

import asyncio
from datetime import timedelta
from typing import Literal

import structlog

from shared.conversations.replies import Replies
from shared.errors import PermanentError, TransientError
from shared.messages.answers import (
    MAX_ANSWERED_TIMES,
    MAX_ANSWERED_VISITS,
    FreeStart,
    QueryAnswer,
    TimesAnswer,
    VisitsAnswer,
    VisitState,
)
from shared.messages.commands import BookingQuery, TimesQuery, VisitsQuery
from shared.messages.server import BookingCancelled, BookingConfirmed, BookingPending, BookingRescheduled
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.hold import has_expired
from workers.booking.domain.time_selection import select_times
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.handler.availability import find_free_times
from workers.booking.handler.frames import find_change_deadline

log = structlog.get_logger()

ANSWERED_WITHIN = timedelta(seconds=10)
"""The assistant waits three seconds; clocks of two machines differ by less than the rest."""

_SEARCHED_FRAMES = 440
"""As far back as the assistant reads a conversation."""


async def answer_query(ports: BookingPorts, replies: Replies, command: BookingQuery) -> None:
    """Store the answer; a failure is worth no other attempt, because the assistant then says that it does not know."""
    left = ANSWERED_WITHIN - (ports.clock.now() - command.accepted_at)
    try:
        async with asyncio.timeout(left.total_seconds()):
            await ports.answers.put(command.id, await _find_answer(ports, replies, command))
    except (TransientError, PermanentError, TimeoutError) as error:
        log.warning("query_not_answered", about=command.data.about, error=type(error).__name__)


async def _find_answer(ports: BookingPorts, replies: Replies, command: BookingQuery) -> QueryAnswer:
    profile = await ports.tenants.get_profile(command.tenant)
    match command.data:
        case TimesQuery():
            return await _list_times(ports, command, command.data, profile)
        case VisitsQuery():
            return await _list_visits(ports, replies, command, profile)


async def _list_times(
    ports: BookingPorts, command: BookingQuery, query: TimesQuery, profile: TenantProfile
) -> TimesAnswer:
    service = profile.find_service(query.service) if query.service else None
    if query.service and service is None:
        return TimesAnswer(times=())
    found = await find_free_times(
        ports,
        command.tenant,
        profile,
        service.id if service else None,
        from_day=query.from_day,
        days=query.days,
        now=ports.clock.now(),
        at=command.accepted_at,
        may_recall=True,
    )
    selected = select_times(found.offers, profile.zone, limit=MAX_ANSWERED_TIMES)
    return TimesAnswer(
        times=tuple(
            FreeStart(service=offer.service_id, start=offer.start.astimezone(profile.zone)) for offer in selected
        ),
        has_more=len(selected) < len(found.offers),
    )


async def _list_visits(
    ports: BookingPorts, replies: Replies, command: BookingQuery, profile: TenantProfile
) -> VisitsAnswer:
    """Return the visits that the session's frames name, each read as it is now: a frame may be outdated."""
    frames = await replies.list_last_frames(command.session_id, _SEARCHED_FRAMES)
    ids = [
        frame.data.appointment_id
        for frame in reversed(frames)
        if isinstance(frame, BookingPending | BookingConfirmed | BookingCancelled | BookingRescheduled)
    ]
    latest = list(dict.fromkeys(ids))[:MAX_ANSWERED_VISITS]
    found = await asyncio.gather(*(ports.appointments.get(visit, command.session_id) for visit in latest))
    visits = sorted((visit for visit in found if visit), key=lambda visit: visit.start)
    return VisitsAnswer(visits=tuple(_describe_visit(visit, profile, command) for visit in visits))


def _describe_visit(visit: Appointment, profile: TenantProfile, command: BookingQuery) -> VisitState:
    is_over = visit.state is AppointmentState.CANCELLED or has_expired(visit, command.accepted_at)
    state: Literal["held", "confirmed", "cancelled"] = "cancelled" if is_over else visit.state.value
    return VisitState(
        state=state,
        service=visit.service_id,
        start=visit.start.astimezone(profile.zone),
        end=visit.end.astimezone(profile.zone),
        change_until=find_change_deadline(visit, profile) if state == "confirmed" else None,
    )
