"""What booking offers to the desk: forecasts, free times, visits, contacts and calendars. Nothing here writes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from shared.clock import FixedClock
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.messages.commands import BookingCommand
from workers.booking.domain.calendar_problem import CalendarProblem
from workers.booking.domain.contact import ANY_EMAIL, Channels, ContactRules
from workers.booking.domain.values import Appointment, AppointmentState, Contact, Interval, SlotOffer
from workers.booking.handler.availability import find_free_times
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.forecast import forecast
from workers.booking.handler.limits import channels_of
from workers.booking.handler.replay_forecast import ReplayForecast, ReplayForecastKind
from workers.booking.ports import AppointmentStore

__all__ = [
    "ANY_EMAIL",
    "Appointment",
    "AppointmentState",
    "BookingFacade",
    "CalendarProblem",
    "Channels",
    "Contact",
    "ContactRules",
    "ReplayForecast",
    "ReplayForecastKind",
]


class BookingFacade:
    """Booking's rules on a deployment's stores and calendars, for reading.

    The ports are opened by the first call that needs more than appointments: they bring Google's library along, and a
    secret that not every operator may read. `facade_wiring.open_facade` opens it.
    """

    def __init__(self, *, appointments: AppointmentStore, open_ports: Callable[[], Awaitable[BookingPorts]]) -> None:
        self._appointments = appointments
        self._open_ports = open_ports

    async def forecast(self, command: BookingCommand, now: datetime) -> ReplayForecast:
        """Return what the command would do if it were replayed at `now`; what can't be read leaves it `unknown`."""
        try:
            ports = await self._open_ports()
        except TransientError as error:
            return ReplayForecast("unknown", code=error.reason)
        except ConfigurationError:
            return ReplayForecast("unknown", code="not_allowed_to_look")
        return await forecast(replace(ports, clock=FixedClock(now)), command)

    async def free_times(
        self, tenant: str, service_id: str, *, first: date, days: int, now: datetime
    ) -> Sequence[SlotOffer]:
        """Return the times that a visitor could book at `now`, on the business's dates from `first` on.

        Raises:
            PermanentError: there is no such business, or booking's settings can't be read (`not_allowed_to_look`).
            TransientError: a store or a calendar can't be reached.
        """
        ports = await self._ports()
        profile = await ports.tenants.profile(tenant)
        return await find_free_times(ports, tenant, profile, service_id, from_day=first, days=days, now=now, at=now)

    async def visit(self, appointment_id: str) -> Appointment | None:
        """Return an appointment of any session."""
        return await self._appointments.find(appointment_id)

    async def visits(self, tenant: str, start: datetime, end: datetime, *, now: datetime) -> Sequence[Appointment]:
        """Return the visits that begin in a stretch of time (UTC), in order; a hold that has run out is none."""
        occupied = await self._appointments.occupied_times(tenant, Interval(start, end), at=now)
        found = await asyncio.gather(*map(self._appointments.find, {one.appointment_id for one in occupied}))
        visits = [one for one in found if one and start <= one.start < end]
        return sorted(visits, key=lambda one: (one.start, one.resource))

    async def contact_rules(self, tenant: str) -> ContactRules:
        """Return what booking takes as a contact of the business.

        Raises:
            PermanentError: there is no such business, or booking's settings can't be read (`not_allowed_to_look`).
            TransientError: the profile can't be reached.
        """
        ports = await self._ports()
        profile = await ports.tenants.profile(tenant)
        return ContactRules(channels_of(ports, profile), profile.region)

    async def is_calendar_writable(self, calendar_id: str, now: datetime) -> bool:
        """Read a calendar as booking does, and return whether events may be entered into it.

        Raises:
            ConfigurationError: booking's settings or a secret can't be read; the text says which.
            PermanentError, TransientError: the calendar can't be read.
        """
        ports = await self._open_ports()
        await ports.calendar.busy(calendar_id, Interval(now, now + timedelta(hours=1)), fresh=True)
        return await ports.calendar.is_writable(calendar_id)

    async def _ports(self) -> BookingPorts:
        try:
            return await self._open_ports()
        except ConfigurationError as error:
            raise PermanentError("not_allowed_to_look", str(error)) from error
