"""The contract of the send rate limiter, in memory and in the table that all workers share."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import PermanentError
from shared.ids import new_id
from tests.fakes.send_rate import FakeSendRateLimiter
from workers.notifications.adapters.send_rate import DynamoSendRateLimiter
from workers.notifications.domain import build_daily_rate

SECOND = timedelta(seconds=1)
BURST = 10 * SECOND


@pytest.fixture(params=["memory", "dynamodb"])
def new_limiter(request):
    """Return a function that makes a limiter; those on the table share its rows."""
    client = request.getfixturevalue("dynamodb") if request.param == "dynamodb" else None

    def make(per_minute=60, max_wait=timedelta(hours=1), burst=BURST):
        limits = {"per_minute": per_minute, "max_wait": max_wait, "burst": burst}
        if client is None:
            return FakeSendRateLimiter(**limits)
        return DynamoSendRateLimiter(client=client, table="LimitsTable", **limits)

    return make


@pytest.fixture
def key():
    return new_id()


async def test_a_burst_is_sent_at_once_and_the_rest_at_the_rate(new_limiter, key, clock):
    """At sixty a minute eleven notices are sent now, then one per second."""
    limiter, now = new_limiter(), clock.now()
    slots = [await limiter.reserve(key, f"{key}-{number}", now=now) for number in range(15)]

    assert slots[:11] == [now] * 11
    assert slots[11:] == [now + number * SECOND for number in range(1, 5)]


async def test_a_longer_burst(new_limiter, key, clock):
    """That of a contact: seven notices now, then one every ten seconds; they may wait for as long as any other."""
    limiter, now = new_limiter(per_minute=6, burst=60 * SECOND, max_wait=20 * SECOND), clock.now()
    slots = [await limiter.reserve(key, f"{key}-{number}", now=now) for number in range(9)]
    assert slots == [now] * 7 + [now + 10 * SECOND, now + 20 * SECOND]
    with pytest.raises(PermanentError):
        await limiter.reserve(key, f"{key}-9", now=now)


async def test_a_notice_keeps_its_send_slot(new_limiter, key, clock):
    """Repeated calls return the same slot, and delay no other notice."""
    limiter, now = new_limiter(per_minute=1), clock.now()
    await limiter.reserve(key, f"{key}-first", now=now)
    slot = await limiter.reserve(key, f"{key}-second", now=now)
    assert slot == now + 50 * SECOND
    for later in (now, now + SECOND, slot, slot + BURST):
        assert await limiter.reserve(key, f"{key}-second", now=later) == slot
    assert await limiter.reserve(key, f"{key}-third", now=now) == slot + 60 * SECOND


async def test_notices_with_one_key_share_a_slot(new_limiter, key, clock):
    """Who also has to wait gets the slot of the first, and delays no other; a slot that has passed is none."""
    limiter, now = new_limiter(per_minute=1), clock.now()
    await limiter.reserve(key, f"{key}-first", now=now)
    shared = {"is_shared": True, "is_first_time": True}
    slot = now + 50 * SECOND
    assert [await limiter.reserve(key, f"{key}-visit", now=now, **shared) for _ in range(3)] == [slot] * 3
    assert await limiter.reserve(key, f"{key}-other", now=now) == slot + 60 * SECOND
    for later in (slot, slot + 14 * 60 * SECOND):
        assert await limiter.reserve(key, f"{key}-visit", now=later, is_shared=True) == slot
    assert await limiter.reserve(key, f"{key}-visit", now=slot, **shared) == slot + 120 * SECOND
    assert await limiter.reserve(key, f"{key}-visit", now=slot + SECOND, is_shared=True) == slot + 120 * SECOND


async def test_a_shared_slot_of_earlier_notices_is_used_up(new_limiter, key, clock):
    """A notice that is tried again a quarter of an hour later reserves like a new one."""
    limiter, now = new_limiter(per_minute=1), clock.now()
    await limiter.reserve(key, f"{key}-first", now=now)
    slot = await limiter.reserve(key, f"{key}-visit", now=now, is_shared=True)
    later = slot + 15 * 60 * SECOND
    await limiter.reserve(key, f"{key}-second", now=later)
    assert await limiter.reserve(key, f"{key}-visit", now=later, is_shared=True) == later + 50 * SECOND


async def test_a_rate_overrides_that_of_the_limiter(new_limiter, key, clock):
    """That of a business which has set one: three a day."""
    limiter, now = new_limiter(max_wait=timedelta(days=1)), clock.now()
    rate = build_daily_rate(3)
    slots = [await limiter.reserve(key, f"{key}-{number}", now=now, rate=rate) for number in range(6)]
    assert slots == [now] * 3 + [now + hours * timedelta(hours=8) for hours in (1, 2, 3)]
    with pytest.raises(PermanentError):
        await limiter.reserve(key, new_id(), now=now, rate=rate)


async def test_rate_limit_keys_are_independent(new_limiter, key, clock):
    """Many notices of one key delay no other key."""
    limiter, now = new_limiter(per_minute=1), clock.now()
    for number in range(5):
        await limiter.reserve(key, f"{key}-{number}", now=now)

    assert await limiter.reserve(new_id(), new_id(), now=now) == now


async def test_an_idle_key_gets_one_burst_and_no_more(new_limiter, key, clock):
    """After an idle hour eleven notices are sent at once."""
    limiter, now = new_limiter(), clock.now()
    for number in range(15):
        await limiter.reserve(key, f"{key}-{number}", now=now)
    later = now + timedelta(hours=1)
    slots = [await limiter.reserve(key, f"{key}-later-{number}", now=later) for number in range(12)]

    assert slots == [later] * 11 + [later + SECOND]


async def test_a_notice_may_have_a_shorter_maximum_of_its_own(new_limiter, key, clock):
    """It is refused, and delays no other one; a longer maximum than the limiter's has no effect."""
    limiter, now = new_limiter(per_minute=1, max_wait=timedelta(minutes=2)), clock.now()
    await limiter.reserve(key, f"{key}-first", now=now)
    for number in range(3):
        with pytest.raises(PermanentError):
            await limiter.reserve(key, f"{key}-refused-{number}", now=now, max_wait=49 * SECOND)
    assert await limiter.reserve(key, f"{key}-second", now=now, max_wait=50 * SECOND) == now + 50 * SECOND
    assert await limiter.reserve(key, f"{key}-third", now=now) == now + 110 * SECOND
    with pytest.raises(PermanentError):
        await limiter.reserve(key, f"{key}-fourth", now=now, max_wait=timedelta(hours=1))


async def test_a_notice_that_would_wait_too_long_is_refused(new_limiter, key, clock):
    """A refused notice reserves nothing."""
    limiter, now = new_limiter(per_minute=1, max_wait=timedelta(minutes=2)), clock.now()
    slots = [await limiter.reserve(key, f"{key}-{number}", now=now) for number in range(3)]
    for _ in range(3):
        with pytest.raises(PermanentError) as caught:
            await limiter.reserve(key, new_id(), now=now)
        assert caught.value.reason == "line_too_long"

    assert slots == [now, now + 50 * SECOND, now + 110 * SECOND]
    assert await limiter.reserve(key, new_id(), now=now + 60 * SECOND) == now + 170 * SECOND


async def test_forty_concurrent_calls_get_forty_slots(new_limiter, key, clock):
    """Two workers that call at the same moment never share a slot."""
    limiter, now = new_limiter(), clock.now()
    slots = await asyncio.gather(*(limiter.reserve(key, f"{key}-{number}", now=now) for number in range(40)))

    waiting = sorted(slot for slot in slots if slot > now)
    assert len(waiting) == 40 - 11
    assert waiting == [now + number * SECOND for number in range(1, 30)]


async def test_a_notice_that_is_new_has_no_send_slot_to_read(new_limiter, key, clock):
    """Its slot is the same as with a look first; only the call for a later attempt finds it again."""
    limiter, now = new_limiter(per_minute=1), clock.now()
    await limiter.reserve(key, f"{key}-first", now=now, is_first_time=True)
    slot = await limiter.reserve(key, f"{key}-second", now=now, is_first_time=True)
    assert slot == now + 50 * SECOND
    assert await limiter.reserve(key, f"{key}-second", now=slot) == slot


async def test_an_idle_key_costs_one_write(dynamodb, key, clock):
    """Most businesses send no second notice within the interval; a busy one needs a second write."""

    class Counting:
        writes = 0

        async def update_item(self, **arguments):
            self.writes += 1
            return await dynamodb.update_item(**arguments)

    client = Counting()
    limiter = DynamoSendRateLimiter(client=client, table="LimitsTable", per_minute=60, max_wait=BURST)
    for now, writes in ((clock.now(), 1), (clock.now() + 2 * SECOND, 2), (clock.now() + 2 * SECOND, 4)):
        await limiter.reserve(key, new_id(), now=now, is_first_time=True)
        assert client.writes == writes
