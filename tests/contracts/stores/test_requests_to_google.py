"""How many requests to Google visitors cost, counted by the stand-in; the tables are those in memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import RateLimitedError
from shared.messages.errors import ErrorCode
from tests.contracts.stores.calendars import CALENDAR, SECOND, AtGoogle
from tests.fakes.request_leases import FakeRequestLeases
from tests.unit.workers.booking.conftest import build_profile
from tests.unit.workers.booking.handler.conftest import LEASE, World
from workers.booking.adapters.cached_calendar import MAX_AGE, CachedCalendar
from workers.booking.adapters.google.budget import RequestBudget
from workers.booking.adapters.google.budgeted_calendar import BudgetedCalendar
from workers.booking.domain.request_budget import Urgency
from workers.booking.domain.values import Interval
from workers.booking.handler import BookingHandler

MONDAY_EIGHT = datetime(2026, 1, 12, 7, tzinfo=UTC)
TEN_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
"""Ten o'clock in Warsaw."""
HOUR = timedelta(hours=1)


class NotedBudget(RequestBudget):
    """A budget that notes what it lets through, and what was made."""

    def __init__(self, **how):
        super().__init__(**how)
        self.admitted, self.made = [], 0

    async def admit(self, calendar_id, urgency, tenant, *, requests=1):
        await super().admit(calendar_id, urgency, tenant, requests=requests)
        self.admitted.append((urgency, tenant, requests))

    def note_request(self):
        super().note_request()
        self.made += 1


class AtGoogleWorld(World):
    """A business whose calendar is at Google, through the cache and the budget."""

    def __init__(self, neighbour):
        super().__init__(build_profile(calendar_id=CALENDAR, senders={"email": "salon@example.com"}), MONDAY_EIGHT)
        self.budget = NotedBudget(
            leases=FakeRequestLeases(), clock=self.clock, requests_per_minute=600, random_source=lambda: 1.0
        )
        self.google = AtGoogle(*neighbour, on_request=self.budget.note_request)
        calendar = CachedCalendar(BudgetedCalendar(self.google.calendar, self.budget), self.clock)
        self.ports = replace(self.ports, calendar=calendar)
        self.handler = BookingHandler(ports=self.ports, replies=self.replies, claims=self.claims)

    @property
    def requests(self):
        """Return how many requests the stand-in has answered."""
        return sum(count for call, count in self.google.standin.calls.items() if "/calendars/" in call)


@pytest.fixture
def world(neighbour, google):
    """Return the business, with a stand-in that has just begun."""
    world = AtGoogleWorld(neighbour)
    yield world
    world.google.calendar.close()


async def test_a_visit_costs_a_few_requests_which_are_all_counted(world):
    """The time is checked for the hold and at the code, and the event is written; a cancellation reads and patches."""
    appointment_id = await world.confirmed()
    await world.send("cancel", appointment_id=appointment_id)
    assert world.budget.admitted == [
        (Urgency.HOLDS, "salon-ania", 1),
        (Urgency.HOLDS, "salon-ania", 1),
        (Urgency.EVENTS, "salon-ania", 1),
        (Urgency.EVENTS, "salon-ania", 2),
    ]
    assert world.requests == world.budget.made == 5


async def test_what_our_records_refuse_costs_no_request(world):
    """A visitor leafs through the free times, and then asks for impossible ones a hundred times."""
    await world.held(session="another")
    await world.ask("slots", days=30)
    before = world.requests
    for _ in range(50):
        occupied = await world.create()
        closed = await world.create("2026-01-17T10:00")
        assert (occupied.data.code, closed.data.code) == (ErrorCode.SLOT_TAKEN, ErrorCode.INVALID_TIME)
        assert occupied.data.alternatives
    assert world.requests == before


async def test_a_time_that_the_owner_has_filled_costs_one_request_for_all_who_want_it(world):
    """And one for the other times that they are offered, in half a minute."""
    world.google.owner_enters(Interval(TEN_UTC, TEN_UTC + HOUR))
    for _ in range(50):
        assert (await world.create()).data.code == ErrorCode.SLOT_TAKEN
    assert world.requests == 2
    world.clock.advance(MAX_AGE)
    assert (await world.create()).data.code == ErrorCode.SLOT_TAKEN
    assert world.requests <= 4


async def test_who_has_used_up_their_holds_costs_no_request(world):
    """Every further request for a free time is refused before a calendar is asked."""
    for number in range(2):
        await world.held(f"2026-01-1{number + 3}T10:00", session=f"another-{number}")
    before = world.requests
    for number in range(20):
        refused = await world.create("2026-01-15T10:00", session=f"more-{number}")
        assert refused.data.code == ErrorCode.RATE_LIMITED
    assert world.requests == before


async def test_questions_about_all_dates_cost_four_requests(world):
    """Whoever asks for each day of a month one by one."""
    for day in range(30):
        await world.ask(
            "slots", **{"from": f"{datetime(2026, 1, 13, tzinfo=UTC) + timedelta(days=day):%Y-%m-%d}", "days": 1}
        )
    assert world.requests <= 4


@pytest.mark.parametrize("kind", ["rate_limit", "quota", "account_limit", "calendar_limit"])
async def test_a_limit_of_google_delays_what_it_refuses(world, kind):
    """The event waits without costing an attempt, nothing is asked meanwhile, and then it is written."""
    appointment_id = await world.held()
    await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    [event] = world.google.event_starts()
    world.google.order(kind, path="events")
    await world.send("cancel", appointment_id=appointment_id)
    before = world.requests
    [sync] = [command for command in world.commands.delivered if command.type == "booking.settle_entry"]
    claim = await world.claims.claim(sync.claim_key, fingerprint="f", lease=LEASE)
    with pytest.raises(RateLimitedError) as limited:
        await world.handler.handle(sync, claim)
    await world.claims.release(claim)
    assert world.requests == before
    world.clock.advance(limited.value.retry_after)
    await world.sync_events()
    assert (event[1], world.google.event_starts()) == (TEN_UTC, [])


@pytest.mark.parametrize(
    ("kind", "of_others"), [("rate_limit", False), ("account_limit", True), ("calendar_limit", False)]
)
async def test_google_says_whose_limit_it_is(world, kind, of_others):
    """Another calendar is read meanwhile, unless the limit is that of the account."""
    calendar, tomorrow = world.ports.calendar, Interval(TEN_UTC, TEN_UTC + HOUR)
    world.google.order(kind)
    with pytest.raises(RateLimitedError):
        await calendar.find_busy_times(CALENDAR, tomorrow)
    with pytest.raises(RateLimitedError):
        await calendar.find_busy_times(CALENDAR, tomorrow)
    if of_others:
        with pytest.raises(RateLimitedError):
            await calendar.find_busy_times(SECOND, tomorrow)
    else:
        assert list(await calendar.find_busy_times(SECOND, tomorrow)) == []
    assert world.requests == (1 if of_others else 2)
