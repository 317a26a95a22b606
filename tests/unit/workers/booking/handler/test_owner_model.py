"""Whatever the owner does with up to five visits ends as the calendar finally shows it, if that is possible at all."""

import asyncio
import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.workers.booking.conftest import build_profile
from tests.unit.workers.booking.handler.conftest import World
from tests.unit.workers.booking.handler.owner import HOUR, MINUTE, NINE_UTC, alerts, changed
from tests.unit.workers.booking.handler.test_sync import tick
from workers.booking.domain.values import Interval

NOW = datetime(2026, 1, 12, 8, tzinfo=UTC)
"""An hour before the business opens: from now on its calendar is read each minute."""
WAIT_MINUTES = 10
SETTLED = 3
"""Minutes after the last wait in which everything that was queued is done."""


@dataclass
class Plan:
    """Where the visits are at first and finally, in half hours after ten o'clock, and when they are moved."""

    first: list[int]
    final: list[int]
    minutes: list[int]
    visitor: tuple[int, int, int] | None
    """A visit that its visitor moves: which, to which half hour, and in which minute."""


def format_start(half_hour):
    """Return the local time of so many half hours after ten o'clock."""
    return (NINE_UTC + HOUR + half_hour * HOUR / 2).strftime("%Y-%m-%dT%H:%M")


def overlap(starts):
    """Return whether two visits of an hour share some time."""
    return any(abs(one - other) < 2 for one, other in itertools.combinations(starts, 2))


def find_moves_left(final, wanted):
    """The reference model: return the visits that are not where the owner last put them, and could all be there.

    It knows nothing but the final calendar and the owner's last wishes.
    """
    back = [number for number, start in enumerate(final) if start != wanted[number]]
    for count in range(len(back), 0, -1):
        for chosen in itertools.combinations(back, count):
            if not overlap([wanted[number] if number in chosen else start for number, start in enumerate(final)]):
                return chosen
    return ()


@st.composite
def plans(draw, *, possible, last_minute):
    """Return visits that do not overlap at first and, if `possible`, finally neither."""
    count = draw(st.integers(1, 5))
    first = [2 * hour for hour in draw(st.permutations(range(6)))[:count]]
    if possible:
        shift = draw(st.sampled_from([0, 1]))
        final = [2 * hour + shift for hour in draw(st.permutations(range(6)))[:count]]
    else:
        final = draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
    minutes = draw(st.lists(st.integers(0, last_minute), min_size=count, max_size=count))
    rescheduled = st.tuples(st.integers(0, count - 1), st.integers(0, 12), st.integers(0, last_minute))
    return Plan(first, final, minutes, draw(st.none() | rescheduled) if not possible else None)


class Shop:
    """A business whose owner moves events, and whose queue reorders, repeats and delays."""

    def __init__(self, random):
        self.world = World(build_profile(senders={"email": "salon@example.com"}, hours=("10:00-18:00",)), NOW)
        self.random = random
        self.visits = []
        self.wanted = []
        self.queue = []
        self.delayed = set()
        self.ticks = 0

    async def book(self, half_hours):
        for number, half_hour in enumerate(half_hours):
            contact = f"{number}@example.com"
            visit = await self.world.confirmed(format_start(half_hour), session=str(number), contact=contact)
            self.visits.append(visit)
        self.wanted = list(half_hours)
        await self.minute()
        self.world.notices.delivered.clear()

    def move(self, number, half_hour):
        start = NINE_UTC + half_hour * HOUR / 2
        self.world.calendar.owner_moves(self.visits[number], Interval(start, start + HOUR))
        self.wanted[number] = half_hour

    async def reschedule(self, number, half_hour):
        visit_id, session = self.visits[number], str(number)
        before = await self.world.appointment(visit_id, session)
        frame = await self.world.send(
            "reschedule", session=session, appointment_id=visit_id, start=format_start(half_hour)
        )
        after = await self.world.appointment(visit_id, session)
        # A request for the time that the visit has changes nothing: where the owner has put it since still counts.
        if frame.type == "booking.rescheduled" and after.version != before.version:
            self.wanted[number] = half_hour

    async def minute(self):
        """Read the calendar, and process what is queued: in any order, some of it twice, some of it a minute later."""
        world = self.world
        world.clock.advance(MINUTE)
        self.ticks += 1
        read = tick(world).model_copy(update={"id": f"tick-{self.ticks}"})
        await world.carry_out(read)
        due = [one for one in world.schedules.due(world.clock.now()) if one.type == "calendar.changed"]
        self.queue += [*world.commands.drain(), *due]
        self.random.shuffle(self.queue)
        late = [one for one in self.queue if one.id not in self.delayed and self.random.random() < 0.2]
        self.delayed |= {one.id for one in late}
        for command in [one for one in self.queue if one not in late]:
            await world.carry_out(command)
            if self.random.random() < 0.2:
                await world.carry_out(command)
                session = str(self.visits.index(command.data.appointment_id))
                again = changed(world, command.data.appointment_id, f"again-{self.ticks}", session=session)
                await world.carry_out(again)
        self.queue = [*late, *world.commands.drain()]

    async def spend_minutes(self, plan, last_minute):
        """Carry the plan out, and let its last wait end."""
        for minute in range(last_minute + WAIT_MINUTES + 2 * SETTLED):
            for number, at in enumerate(plan.minutes):
                if at == minute and self.wanted[number] != plan.final[number]:
                    self.move(number, plan.final[number])
            if plan.visitor and plan.visitor[2] == minute:
                await self.reschedule(*plan.visitor[:2])
            await self.minute()

    async def starts(self):
        """Return where the visits are, in the tables and in the calendar alike."""
        found = []
        for number, appointment_id in enumerate(self.visits):
            visit = await self.world.appointment(appointment_id, str(number))
            [event] = [event for event in self.world.events if event.appointment_id == appointment_id]
            assert (event.start, event.end, event.version) == (visit.start, visit.end, visit.version)
            found.append((visit.start - NINE_UTC) // (HOUR / 2))
        return found

    def emails(self):
        """Return how many e-mails about a move each visitor got."""
        sent = [one.data.contact for one in self.world.notices.delivered if one.type == "notice.rescheduled"]
        return [sent.count(f"{number}@example.com") for number in range(len(self.visits))]


async def check_within_the_wait(plan, random):
    """Everything arrives within the waiting time: nothing is put back, and each visitor gets one e-mail."""
    shop = Shop(random)
    await shop.book(plan.first)
    await shop.spend_minutes(plan, WAIT_MINUTES - SETTLED)
    assert await shop.starts() == plan.final
    assert alerts(shop.world) == []
    assert shop.emails() == [int(one != other) for one, other in zip(plan.first, plan.final, strict=True)]


async def check_any_wishes(plan, random):
    """The owner's wishes may exclude each other, and a visitor moves a visit meanwhile."""
    shop = Shop(random)
    await shop.book(plan.first)
    await shop.spend_minutes(plan, WAIT_MINUTES - SETTLED)
    starts = await shop.starts()
    assert not overlap(starts)
    assert find_moves_left(starts, shop.wanted) == ()
    assert bool(alerts(shop.world)) == (starts != shop.wanted)


async def check_beyond_the_wait(plan, random):
    """What was put back meanwhile is moved again by the owner: then it stays; nobody gets more than one e-mail."""
    shop = Shop(random)
    await shop.book(plan.first)
    await shop.spend_minutes(plan, 3 * WAIT_MINUTES)
    again = Plan(plan.first, plan.final, [minute % (WAIT_MINUTES - SETTLED) for minute in plan.minutes], None)
    shop.wanted = await shop.starts()
    await shop.spend_minutes(again, WAIT_MINUTES - SETTLED)
    assert await shop.starts() == plan.final
    assert shop.emails() == [int(one != other) for one, other in zip(plan.first, plan.final, strict=True)]


CHECKS = [
    (check_within_the_wait, plans(possible=True, last_minute=WAIT_MINUTES - SETTLED)),
    (check_any_wishes, plans(possible=False, last_minute=WAIT_MINUTES - SETTLED)),
    (check_beyond_the_wait, plans(possible=True, last_minute=3 * WAIT_MINUTES)),
]


def run_checks(examples, **options):
    for check, strategy in CHECKS:
        run = settings(max_examples=examples, deadline=None, database=None, **options)(
            given(strategy, st.randoms(use_true_random=False))(build_runner(check))
        )
        run()


def build_runner(check):
    def run(plan, random):
        asyncio.run(check(plan, random))

    return run


@pytest.mark.exhaustive
def test_the_final_calendar_is_what_is_booked():
    """A few examples of each kind."""
    # To reduce a failing example would take minutes.
    run_checks(5, derandomize=True, phases=[Phase.generate])


def test_a_move_that_is_repeated_after_its_refusal_waits_again():
    """A comparison of the refused move is still to come, and does not end the wait of the repeated one."""
    plan = Plan(first=[8, 4, 10, 0, 6], final=[7, 1, 9, 5, 3], minutes=[29, 26, 29, 5, 13], visitor=None)
    asyncio.run(check_beyond_the_wait(plan, random.Random(17)))


@pytest.mark.parametrize(
    "plan",
    [
        # The owner has moved the third visit, then its visitor requests the time that it still has.
        Plan(first=[0, 8, 4], final=[3, 5, 0], minutes=[3, 7, 0], visitor=(2, 4, 0)),
        # The same with the first visit, in the minute of the owner's move.
        Plan(first=[0, 8, 4], final=[3, 8, 6], minutes=[6, 2, 3], visitor=(0, 0, 6)),
    ],
)
def test_a_request_for_the_same_time_leaves_the_owners_move(plan):
    """It changes nothing, whatever the order in which the queue delivers."""
    for seed in range(3):
        asyncio.run(check_any_wishes(plan, random.Random(seed)))


@pytest.mark.soak
def test_the_final_calendar_is_what_is_booked_thoroughly():
    """Many examples of each kind."""
    run_checks(2000)
