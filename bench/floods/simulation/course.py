"""Runs one simulated flood beside visitors of others, and finds what they noticed and what it caused."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api_gateway_ws.sender import Sender
from bench.floods.simulation.guards import Guard
from bench.floods.simulation.system import LIMITS, System
from bench.floods.simulation.visitors import SERVICE, Visitors
from shared.tenants.profile import TenantProfile
from shared.tenants.rate_limits import DEFAULTS, parse_rate_limits
from tests.fakes.turned_loop import run_turned

FLOODED, QUIET = "flooded", "quiet"
FLOOD_SECONDS = 10
_BEFORE_SECONDS = 2
_EMPTY_SECONDS = 90
_BETWEEN_VISITS_SECONDS = 1
"""So that what is prepared spends little of a window of requests to Google."""
FACTOR, GRACE_SECONDS = 1.5, 0.5
LIMIT = {**DEFAULTS, **parse_rate_limits(LIMITS)}
DAYS = ("2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16")
_FRAME = json.dumps({"v": 1, "type": "chat.final", "seq": 1, "re": "m", "data": {"text": "x" * 1000, "actions": []}})


def build_profiles(*names: str) -> dict[str, TenantProfile]:
    """Return businesses that are open from nine to five."""
    content = {
        "time_zone": "Europe/Warsaw",
        "services": [{"id": SERVICE, "name": {"en": "Massage"}, "duration_minutes": 30, "step_minutes": 30}],
        "opening_hours": {day: ["09:00-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
        "minimum_notice_minutes": 0,
        "horizon_days": 30,
        "allowed_origins": ["https://salon.example"],
        "senders": {"email": "salon@example.com"},
        "page_url": "https://salon.example/visits",
    }
    return {
        name: TenantProfile.model_validate({**content, "name": name, "calendar_id": f"calendar-{name}"})
        for name in names
    }


def list_starts(day: str) -> list[str]:
    """Return the starts of a day."""
    return [f"{day}T{9 + half // 2:02}:{half % 2 * 30:02}" for half in range(16)]


@dataclass
class Course:
    """One simulated flood, while it is under way."""

    system: System
    visitors: Visitors
    began: datetime
    flooders: list[Sender] = field(default_factory=list)
    visits: dict[str, list[str]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    asked: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """When each question of the flood was asked, by connection and frame."""


Send = Callable[[Course, Sender, int], Any]
Measure = Callable[[Course], Mapping[str, tuple[float, float]]]


@dataclass(frozen=True)
class SimulatedFlood:
    """A row: who sends what how fast, and the bounds of what it may cause besides the others' waits."""

    name: str
    sessions: int
    addresses: int
    per_second: float
    send: Send
    measure: Measure = lambda course: {}
    """Return what the flood caused, each with its bound."""
    tenants: int = 1
    neighbours: bool = False
    """Whether visitors of the same business are among the others."""
    others_confirm: bool = False
    """Whether the others confirm what they have asked for, so that events are written."""
    calendar_seconds: float = 0.2
    mail_seconds: float = 0.2
    visits: int = 0
    """How many confirmed visits each flooder has."""
    contacts: int = 1
    """How many addresses the visits of a flooder are of."""
    history_frames: int = 0
    """How many frames of a thousand characters the conversation of each flooder has."""
    requests_per_minute: int = 100_000
    """How many Google allows."""
    is_calendar_cached: bool = False
    """Whether visitors share requests for busy times, so that a calendar is read seldom, and events remain."""
    limits: str = ""
    """Limits that the business has raised."""


def simulate(flood: SimulatedFlood, off: Collection[Guard] = frozenset()) -> list[str]:
    """Run a flood without some guards; return what others noticed, and what it caused beyond its bounds."""
    return run_turned(_simulate(flood, off))


async def _simulate(flood: SimulatedFlood, off: Collection[Guard]) -> list[str]:
    names = [FLOODED if number == 0 else f"{FLOODED}-{number}" for number in range(flood.tenants)]
    system = System(
        off,
        build_profiles(QUIET, *names),
        limits=flood.limits,
        calendar_seconds=flood.calendar_seconds,
        mail_seconds=flood.mail_seconds,
        requests_per_minute=flood.requests_per_minute,
        is_calendar_cached=flood.is_calendar_cached,
    )
    course = Course(system, Visitors(system), system.clock.now())
    with system.run():
        await _prepare(flood, course, names)
        course.counted["mails before"] = sum(address.startswith("mover0c0@") for address, _ in system.mailer.sent)
        began = system.clock.now()
        await _let_visitors_arrive(flood, course, _BEFORE_SECONDS)
        flood_began = system.clock.now()
        arriving = asyncio.create_task(_let_visitors_arrive(flood, course, FLOOD_SECONDS))
        for number in range(round(flood.per_second * FLOOD_SECONDS)):
            flood.send(course, course.flooders[number % len(course.flooders)], number)
            await asyncio.sleep(1 / flood.per_second)
        await arriving
        flood_ended = system.clock.now()
        await _wait_until_empty(system)
    before = course.visitors.list_waits(began, flood_began)
    during = course.visitors.list_waits(flood_began, flood_ended)
    failures = [
        f"{what}: {max(during[what]):.1f} s instead of {max(before[what]):.1f}"
        for what in before
        if not max(during[what]) <= max(before[what]) * FACTOR + GRACE_SECONDS
    ]
    failures += [
        f"{what}: {value:g}, more than {bound:g}"
        for what, (value, bound) in flood.measure(course).items()
        if value > bound
    ]
    return failures


async def _prepare(flood: SimulatedFlood, course: Course, tenants: Sequence[str]) -> None:
    for number in range(flood.sessions):
        address = f"198.{number % flood.addresses // 200}.{number % flood.addresses % 200}.7"
        flooder = course.visitors.open(tenants[number % len(tenants)], f"flood-{number}", address)
        course.flooders.append(flooder)
        course.system.conversations.texts[flooder.session_id] = [_FRAME] * flood.history_frames
        for visit in range(flood.visits):
            position = number * flood.visits + visit
            start = list_starts(DAYS[2 + position // 16 % 2])[position % 16]
            contact = f"mover{number}c{visit % flood.contacts}@flood.example"
            booked = await course.visitors.book_visit(flooder, start, contact)
            course.visits.setdefault(flooder.session_id, []).append(booked)
            await asyncio.sleep(_BETWEEN_VISITS_SECONDS)
    await _wait_until_empty(course.system)


async def _let_visitors_arrive(flood: SimulatedFlood, course: Course, seconds: int) -> None:
    tenants = [QUIET, FLOODED] if flood.neighbours else [QUIET]
    for _ in range(seconds // 2):
        for tenant in tenants:
            course.counted[tenant] += 1
            # One of each day in turn: a few holds a day are within its share.
            days = [f"2026-01-{day}" for day in (19, 20, 21, 22, 23, 26, 27, 28, 29, 30)]
            number = course.counted[tenant]
            await course.visitors.arrive(tenant, list_starts(days[number % len(days)])[number // len(days)])
        await asyncio.sleep(1)
        if flood.others_confirm:
            course.visitors.confirm()
        await asyncio.sleep(1)


async def _wait_until_empty(system: System) -> None:
    for _ in range(_EMPTY_SECONDS):
        if not any(queue.length for queue in system.queues.values()):
            return
        await asyncio.sleep(1)
