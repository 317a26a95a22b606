"""Finds the lanes that are free for a visit, and takes the first that still is."""

from collections.abc import Awaitable, Callable, Collection, Iterable

from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.lanes import select_free_lanes
from workers.booking.domain.values import Appointment
from workers.booking.handler.case import Case
from workers.booking.handler.occupancy import load_occupancy
from workers.booking.ports import Lost, SlotLost, TooManyBucketsError


async def find_free_lanes(
    ports: BookingPorts, case: Case, service: Service, visit: Appointment, *, ignoring: Collection[str]
) -> tuple[str, ...]:
    """Return the lanes that are free for a visit, in the order in which to try them; none on a day that is full.

    The calendars are read anew. Times of the appointments in `ignoring` count as free.
    """
    profile = case.profile
    occupancy = await load_occupancy(
        ports,
        visit.tenant,
        profile,
        visit.blocked,
        at=case.command.accepted_at,
        fresh=True,
        ignoring=ignoring,
        lanes=profile.list_lanes(service),
    )
    day = visit.start.astimezone(profile.zone).date()
    if not {(day, None), (day, service.id)}.isdisjoint(occupancy.full_days):
        return ()
    return tuple(select_free_lanes(profile, service, visit.blocked, occupancy, appointment_id=visit.appointment_id))


async def take_first_lane(
    candidates: Iterable[Appointment], write: Callable[[Appointment], Awaitable[Lost | None]]
) -> Appointment | Lost:
    """Write the first candidate whose lane is still free; return it, or why the last one was not written.

    Only a lost time depends on the lane: what prevents the visit on the whole day ends the search.
    """
    lost: Lost = SlotLost()
    for candidate in candidates:
        try:
            result = await write(candidate)
        except TooManyBucketsError:
            break
        if result is None:
            return candidate
        lost = result
        if not isinstance(lost, SlotLost):
            break
    return lost
