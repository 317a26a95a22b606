"""The read-only interface for the desk: forecasts, free times, visits, contacts and calendars."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Literal

import structlog

from shared.claims import Claim
from shared.clock import FixedClock
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.messages.commands import (
    BookingCommand,
    BookingLookup,
    BookingPlanReminders,
    BookingQuery,
    BookingRemind,
    BookingSettleEntry,
    BookingSlots,
    CalendarChanged,
    CalendarSync,
    CalendarTick,
    SessionEnd,
    TranscriptRequest,
)
from shared.tenants.busy_calendars import BusyCalendarSource
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.answers import word_answers
from workers.booking.domain.calendar_problem import CalendarProblem
from workers.booking.domain.contact import ANY_EMAIL, Channels, ContactRules
from workers.booking.domain.explanation import Block, Rule
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.replay_forecast import (
    ReplayForecast,
    ReplayForecastKind,
    describe_internal_plan,
    describe_plan,
)
from workers.booking.domain.slots import find_free_slots
from workers.booking.domain.values import Appointment, AppointmentState, Contact, Interval, Refusal, SlotOffer
from workers.booking.handler.availability import find_free_times
from workers.booking.handler.calendar_sync import is_obsolete_tick
from workers.booking.handler.case import build_case
from workers.booking.handler.contacts import find_channels
from workers.booking.handler.event_sync import plan_event_sync
from workers.booking.handler.explain import OccupiedBy, TimeExplanation, explain_time
from workers.booking.handler.owner_changes import plan_owner_change
from workers.booking.handler.reminders import plan_reminder
from workers.booking.handler.use_cases import plan_command
from workers.booking.ports import AppointmentStore

__all__ = [
    "ANY_EMAIL",
    "Appointment",
    "AppointmentState",
    "Block",
    "BookingFacade",
    "CalendarProblem",
    "Channels",
    "Contact",
    "ContactRules",
    "OccupiedBy",
    "ReplayForecast",
    "ReplayForecastKind",
    "Rule",
    "TimeExplanation",
    "TimeProblem",
    "list_open_times",
    "word_answers",
]


log = structlog.get_logger()

_NO_CLAIM = Claim(key="", owner="", attempts=0)
"""A forecast owns no command, so that nothing could be written for it."""

TimeProblem = Literal["unknown_service", "invalid_time", "skipped_time"]
"""Why there is nothing to explain. The clocks skip a time when they go forward."""


def list_open_times(profile: TenantProfile, service_id: str, now: datetime, *, count: int) -> list[datetime]:
    """Return the first starts that a profile's rules allow, as if there were neither visits nor calendar entries."""
    starts: list[datetime] = []
    today = now.astimezone(profile.zone).date()
    for number in range(profile.horizon_days + 1):
        day = today + timedelta(days=number)
        starts += [
            offer.start
            for offer in find_free_slots(profile, service_id, from_day=day, days=1, now=now, occupancy=Occupancy())
        ]
        if len(starts) >= count:
            break
    return starts[:count]


class BookingFacade:
    """Applies booking's rules to a deployment's stores and calendars, without writing.

    The first call that needs more than appointments opens the ports: they import Google's library and need a secret
    that not every operator may read. `facade_wiring.open_facade` opens it.
    """

    def __init__(self, *, appointments: AppointmentStore, open_ports: Callable[[], Awaitable[BookingPorts]]) -> None:
        self._appointments = appointments
        self._open_ports = open_ports

    async def forecast(self, command: BookingCommand, now: datetime) -> ReplayForecast:
        """Return what the command would do if it were replayed at `now`; it is `unknown` if something can't be read."""
        try:
            ports = await self._open_ports()
        except TransientError as error:
            return ReplayForecast("unknown", code=error.reason)
        except ConfigurationError:
            return ReplayForecast("unknown", code="not_allowed_to_look")
        return await forecast_command(replace(ports, clock=FixedClock(now)), command)

    async def find_free_times(
        self, tenant: str, service_id: str, *, first: date, days: int, now: datetime
    ) -> Sequence[SlotOffer]:
        """Return the times that a visitor could book at `now`, on the business's dates from `first`.

        Raises:
            PermanentError: there is no such business, or booking's settings can't be read (`not_allowed_to_look`).
            TransientError: a store or a calendar can't be reached.
        """
        ports = await self._get_ports()
        profile = await ports.tenants.get_profile(tenant)
        found = await find_free_times(ports, tenant, profile, service_id, from_day=first, days=days, now=now, at=now)
        return found.offers

    async def explain_time(
        self, tenant: str, service_id: str, start: str, *, now: datetime
    ) -> TimeExplanation | TimeProblem:
        """Return why a visitor could book a time of a service at `now`, or not.

        `start` is a date and time of ISO 8601, without an offset in the zone of the business.

        Raises:
            PermanentError: there is no such business, or booking's settings can't be read (`not_allowed_to_look`).
            TransientError: a store or a calendar can't be reached.
        """
        ports = await self._get_ports()
        profile = await ports.tenants.get_profile(tenant)
        service = profile.find_service(service_id)
        if service is None:
            return "unknown_service"
        instant = parse_start(start, profile.zone)
        if isinstance(instant, Refusal):
            return "skipped_time" if instant.about == "skipped" else "invalid_time"
        return await explain_time(ports, tenant, profile, service, instant, now=now)

    async def find_visit(self, appointment_id: str) -> Appointment | None:
        """Return an appointment of any session."""
        return await self._appointments.find(appointment_id)

    async def list_visits(self, tenant: str, start: datetime, end: datetime, *, now: datetime) -> Sequence[Appointment]:
        """Return the visits that begin in an interval (UTC), in order, without expired holds."""
        occupied = await self._appointments.find_occupied_times(tenant, Interval(start, end), at=now)
        appointment_ids = {time.appointment_id for time in occupied}
        appointments = await asyncio.gather(*map(self._appointments.find, appointment_ids))
        visits = [visit for visit in appointments if visit and start <= visit.start < end]
        return sorted(visits, key=lambda visit: (visit.start, visit.resource))

    async def read_contact_rules(self, tenant: str) -> ContactRules:
        """Return the rules for contacts of the business's visitors.

        Raises:
            PermanentError: there is no such business, or booking's settings can't be read (`not_allowed_to_look`).
            TransientError: the profile can't be reached.
        """
        ports = await self._get_ports()
        profile = await ports.tenants.get_profile(tenant)
        return ContactRules(find_channels(ports, profile), profile.region)

    async def is_calendar_writable(self, calendar_id: str, now: datetime) -> bool:
        """Read a calendar as booking does, and return whether events can be written to it.

        Raises:
            ConfigurationError: booking's settings or a secret can't be read; the message says which.
            PermanentError, TransientError: the calendar can't be read.
        """
        ports = await self._open_ports()
        await ports.calendar.find_busy_times(calendar_id, Interval(now, now + timedelta(hours=1)), fresh=True)
        return await ports.calendar.is_writable(calendar_id)

    async def check_busy_calendar(self, source: BusyCalendarSource, now: datetime) -> None:
        """Read a calendar that is only read, as booking does.

        Raises:
            ConfigurationError: booking's settings or a secret can't be read; the message says which.
            PermanentError, TransientError: the calendar can't be read.
        """
        ports = await self._open_ports()
        calendar = ports.get_busy_calendar(source.provider)
        await calendar.find_busy_times(source.id, Interval(now, now + timedelta(hours=1)), fresh=True)

    async def _get_ports(self) -> BookingPorts:
        try:
            return await self._open_ports()
        except ConfigurationError as error:
            raise PermanentError("not_allowed_to_look", str(error)) from error


async def forecast_command(ports: BookingPorts, command: BookingCommand) -> ReplayForecast:
    """Return what a replay of a command would do now; a failing store or calendar, or a bug, is a forecast, too.

    The plan is that of the worker. So a bug in it stops the forecast as well, and the failure must be shown all the
    same.
    """
    try:
        return await _forecast_plan(ports, command)
    except TransientError as error:
        return ReplayForecast("unknown", code=error.reason)
    except PermanentError as error:
        return ReplayForecast("would_fail", code=error.reason)
    except TimeoutError:
        return ReplayForecast("unknown", code=DeadLetterReason.TIMEOUT)
    except Exception:
        log.exception("forecast_failed")
        return ReplayForecast("would_fail", code=DeadLetterReason.BUG)


async def _forecast_plan(ports: BookingPorts, command: BookingCommand) -> ReplayForecast:
    if isinstance(command, CalendarTick):
        return ReplayForecast("stale" if is_obsolete_tick(command, ports.clock.now()) else "would_be_done")
    if isinstance(command, BookingQuery):
        # Nobody waits for its answer any more.
        return ReplayForecast("stale")
    if isinstance(command, CalendarSync | BookingSlots | BookingLookup | TranscriptRequest | SessionEnd):
        return ReplayForecast("would_be_done")
    profile = await ports.tenants.get_profile(command.tenant)
    if isinstance(command, CalendarChanged):
        return describe_internal_plan(await plan_owner_change(ports, command, profile), profile)
    if isinstance(command, BookingSettleEntry):
        return describe_internal_plan(await plan_event_sync(ports, command, profile), profile)
    if isinstance(command, BookingRemind | BookingPlanReminders):
        return describe_internal_plan(await plan_reminder(ports, command, profile), profile)
    case = build_case(command, _NO_CLAIM, profile, locale=command.locale, now=ports.clock.now())
    plan = await plan_command(ports, case, command)
    return describe_plan(plan, command_id=command.id, profile=profile, now=case.now)
