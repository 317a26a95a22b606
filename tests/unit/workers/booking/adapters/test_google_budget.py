"""The budget of requests to Google: of all processes, tenants and urgencies together."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import RateLimitedError, TransientError
from tests.fakes.clock import FakeClock
from tests.fakes.request_leases import FakeRequestLeases
from workers.booking.adapters.google.budget import RequestBudget
from workers.booking.domain.request_budget import MAX_BLOCK, WINDOW, Urgency, find_window
from workers.booking.domain.request_pauses import LimitScope

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
LIMIT = 85
"""Of a window, with 600 requests a minute."""


class Account:
    """Processes that share one budget."""

    def __init__(self, processes=1, requests_per_minute=600):
        self.clock, self.leases = FakeClock(NOON), FakeRequestLeases()
        self.processes = [
            RequestBudget(
                leases=self.leases, clock=self.clock, requests_per_minute=requests_per_minute, random_source=lambda: 0.5
            )
            for _ in range(processes)
        ]

    async def ask(self, count=1, urgency=Urgency.QUESTIONS, tenant="salon", process=0, *, at_once=True, **how):
        """Ask for requests; return how many are let through."""
        asking = [self.try_one(urgency, tenant, process, **how) for _ in range(count)]
        answers = await asyncio.gather(*asking) if at_once else [await one for one in asking]
        return answers.count(None)

    async def try_one(self, urgency, tenant, process=0, calendar_id="calendar", **how):
        try:
            await self.processes[process].admit(calendar_id, urgency, tenant, **how)
        except RateLimitedError as error:
            return error.retry_after
        return None


@pytest.fixture
def account():
    return Account()


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("flood", [Urgency.QUESTIONS, Urgency.HOLDS, Urgency.EVENTS])
async def test_one_tenant_leaves_half_to_the_others(account, flood, at_once):
    """A flood of one is refused beyond its share and a block, and visitors and events of others notice nothing."""
    admitted = await account.ask(200, flood, tenant="flooded", at_once=at_once)
    assert LIMIT // 2 <= admitted <= LIMIT // 2 + MAX_BLOCK
    assert await account.ask(9, tenant="quiet") == 9
    assert await account.ask(5, Urgency.HOLDS, tenant="quiet") == 5
    assert await account.ask(8, Urgency.EVENTS, tenant="quiet") == 8


async def test_a_tenant_that_moves_visits_leaves_a_third(account):
    """Each move reads the calendar and then writes the event; both have a share."""
    for _ in range(10):
        await account.ask(8, Urgency.HOLDS, tenant="flooded")
        await account.ask(8, Urgency.EVENTS, tenant="flooded")
    assert account.leases.free[find_window(NOON)] >= LIMIT // 3 - MAX_BLOCK
    assert await account.ask(8, Urgency.HOLDS, tenant="quiet") == 8
    assert await account.ask(3, Urgency.EVENTS, tenant="quiet") == 3


@pytest.mark.parametrize("flood", [Urgency.QUESTIONS, Urgency.EVENTS])
async def test_ten_flooded_tenants_leave_room_for_a_quiet_one(account, flood):
    """The share of each shrinks."""
    for _ in range(5):
        for number in range(10):
            await account.ask(5, flood, tenant=f"flooded-{number}", at_once=False)
    assert max(account.leases.leased[find_window(NOON)].values()) <= LIMIT // 6
    assert await account.ask(2, Urgency.HOLDS, tenant="quiet") == 2
    assert await account.ask(1, Urgency.EVENTS, tenant="quiet") == 1


async def test_what_is_urgent_comes_before_what_is_not(account):
    """Syncs stop first, then questions; holds and events have the rest."""
    refused = {}
    for urgency in (Urgency.SYNC, Urgency.QUESTIONS, Urgency.HOLDS):
        for number in range(LIMIT):
            await account.ask(1, urgency, tenant=f"tenant-{number}")
        refused[urgency] = account.leases.free[find_window(NOON)]
    assert list(refused.values()) == [42, 13, 0]


async def test_holds_of_many_tenants_find_what_their_events_leave(account):
    """Twenty flooded ones that have their shares of events: nothing is kept for events only."""
    for _ in range(5):
        for number in range(20):
            await account.ask(1, Urgency.EVENTS, tenant=f"flooded-{number}")
    assert await account.ask(2, Urgency.HOLDS, tenant="quiet") == 2


async def test_many_requests_at_once_are_leased_in_blocks(account):
    """Twenty questions of one tenant cost three writes; one after the other, fewer from the ninth on."""
    assert await account.ask(20) == 20
    assert account.leases.writes <= 3
    one_by_one = Account()
    await one_by_one.ask(40, at_once=False)
    assert one_by_one.leases.writes < 25


async def test_a_refusal_is_remembered_to_the_end_of_the_window(account):
    """No write asks again; then all begins anew, and who waits is spread over the next window."""
    await account.ask(200)
    writes = account.leases.writes
    account.clock.advance(timedelta(seconds=4))
    assert await account.try_one(Urgency.QUESTIONS, "salon") == timedelta(seconds=6) + WINDOW / 2
    assert account.leases.writes == writes
    account.clock.advance(timedelta(seconds=6))
    assert await account.ask(5) == 5


async def test_fifty_processes_never_exceed_the_limit():
    """Whatever they ask for, and whoever comes first: together they make no more than a window has."""
    account = Account(processes=50)
    asked = [
        account.ask(6, urgency, tenant=f"tenant-{process % 7}", process=process)
        for process in range(50)
        for urgency in Urgency
    ]
    admitted = sum(await asyncio.gather(*asked))
    leased = sum(account.leases.leased[find_window(NOON)].values())
    assert admitted <= leased <= LIMIT
    assert admitted >= LIMIT - 10
    assert account.leases.writes <= LIMIT + 2 * 50 * len(Urgency)


async def test_the_fullest_minute_has_as_many_requests_as_allowed():
    """It begins at the end of a window, and three processes use up each window as soon as it begins."""
    account, made = Account(processes=3, requests_per_minute=70), []
    account.clock.advance(WINDOW - timedelta(seconds=0.1))
    for number in range(14):
        for process in range(3):
            for tenant in range(10):
                admitted = await account.ask(1, Urgency.EVENTS, tenant=f"{process}-{tenant}", process=process)
                made += [account.clock.now()] * admitted
        account.clock.advance(WINDOW if number else timedelta(seconds=0.1))
    in_minutes = [sum(first <= each < first + timedelta(minutes=1) for each in made) for first in made]
    assert max(in_minutes) == 70


async def test_requests_beyond_plan_are_paid_by_the_next_lease(account):
    """A read of many pages is planned as one request; what it made besides is taken from what is left."""
    [budget] = account.processes
    await account.ask(1)
    for _ in range(6):
        budget.note_request()
    await account.ask(1)
    assert account.leases.leased[find_window(NOON)]["tenant#salon"] == 7


async def test_an_operation_of_several_requests_counts_them(account):
    """A removal reads and deletes."""
    await account.ask(1, Urgency.EVENTS, requests=2)
    assert account.leases.leased[find_window(NOON)]["events#salon"] == 2


async def test_without_the_table_everything_is_let_through(account):
    """A limit must not end the service: for ten seconds nothing is counted, and then it is tried again."""
    account.leases.error = TransientError("throttled")
    assert await account.ask(100) == 100
    account.leases.error = None
    assert await account.ask(10) == 10
    assert account.leases.leased == {}
    account.clock.advance(timedelta(seconds=10))
    await account.ask(1)
    assert account.leases.leased != {}


async def test_a_refusal_by_google_pauses_the_calendar_or_all(account):
    """What it names decides; a pause of the account ends what the other processes may lease."""
    account = Account(processes=2)
    first, _ = account.processes
    assert await first.note_refusal("calendar", LimitScope.CALENDAR) == timedelta(seconds=30)
    assert await account.try_one(Urgency.EVENTS, "salon") == timedelta(seconds=30)
    assert await account.try_one(Urgency.EVENTS, "salon", calendar_id="another") is None
    for _ in range(6):
        wait = await first.note_refusal("another", LimitScope.ACCOUNT)
        account.clock.advance(wait)
    await first.note_refusal("another", LimitScope.ACCOUNT)
    assert await account.ask(1, Urgency.EVENTS, tenant="third", process=1, calendar_id="third") == 0


async def test_a_cancelled_request_does_not_hold_up_the_others(account):
    """It waited for a lease that was under way."""
    first = asyncio.create_task(account.ask(1))
    second = asyncio.create_task(account.ask(1))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1
    assert await account.ask(3) == 3
