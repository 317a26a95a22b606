"""What becomes of a message whose share is used up: it waits for a handler, is deferred, or is shed."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from shared.consumer.disposition import Ack, RetryIn
from shared.consumer.overload import MAX_DEFERRAL, OverloadGuard
from shared.consumer.shares import ShareLimits, find_holders

TENANT_HAS_ITS_SHARE = "tenant_has_its_share"


class TenSeconds:
    """Sheds what has waited for ten seconds."""

    def __init__(self):
        self.shed_now = self.max_shed_now = 0
        self.ended = asyncio.Event()

    def find_max_wait(self, message):
        return timedelta(seconds=10)

    async def shed_message(self, message, claim):
        self.shed_now += 1
        self.max_shed_now = max(self.max_shed_now, self.shed_now)
        await self.ended.wait()
        self.shed_now -= 1


class Guarded:
    """A guard of four handlers that end when the test says so."""

    def __init__(self, *, total=4, shedding=None, limits=None):
        self.shedding = shedding
        self.guard = OverloadGuard(total=total, limits=limits or ShareLimits(), shedding=shedding)
        self.ends = asyncio.Event()
        self.running = []

    def begin(self, tenant, *, age=0.0, replay=0):
        message = SimpleNamespace(tenant=tenant, session_id="", replay=replay)

        async def shed(handle):
            await handle(message, None)
            return Ack()

        async def process():
            holders = find_holders(message)
            used_up = self.guard.take_handler(holders)
            if used_up:
                disposition = await self.guard.wait_or_defer(
                    message, holders, used_up, age=timedelta(seconds=age), shed=shed
                )
                if disposition:
                    return disposition
            try:
                await self.handle(message, None)
            finally:
                self.guard.end_handler(holders, began=self.guard.monotonic())
            return Ack()

        return asyncio.create_task(process())

    async def handle(self, message, claim):
        self.running.append(message.tenant)
        await self.ends.wait()

    async def begin_all(self, *tenants):
        tasks = [self.begin(tenant) for tenant in tenants]
        await asyncio.sleep(0)
        return tasks


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_tenant_that_has_its_share_is_deferred(logs):
    """For as long as a handler of it is expected to take, in whole seconds at least."""
    guarded = Guarded()
    await guarded.begin_all("a", "a", "a")
    deferred = await guarded.begin("a")
    assert deferred == RetryIn(timedelta(seconds=1), reason=TENANT_HAS_ITS_SHARE)
    assert guarded.running == ["a"] * 3
    guarded.ends.set()


async def test_the_schedule_of_what_is_not_shed_ends_after_a_minute(logs):
    """SQS allows a hundred receives of a message, and a flood may last."""
    guarded = Guarded()
    await guarded.begin_all("a", "a", "a")
    waits = [(await guarded.begin("a")).delay for _ in range(200)]
    assert waits == sorted(waits)
    assert max(waits) == waits[-1] == MAX_DEFERRAL
    guarded.ends.set()


async def test_a_message_waits_while_all_handlers_run(logs):
    """It goes back to no queue, and begins when the first handler ends, whichever that is."""
    guarded = Guarded()
    running = await guarded.begin_all("a", "a", "b", "c")
    waiting = await guarded.begin_all("d", "e")
    assert not any(task.done() for task in waiting)
    running[3].cancel()
    await settle()
    assert guarded.running == ["a", "a", "b", "c", "d"]
    guarded.ends.set()
    assert await asyncio.gather(*waiting) == [Ack(), Ack()]


async def test_a_cancelled_wait_wakes_the_next_one(logs):
    """A stop may cancel the one that is to be next, after a handler has ended and before it begins."""
    guarded = Guarded()
    running = await guarded.begin_all("a", "a", "b", "c")
    first, second = await guarded.begin_all("d", "e")
    running[0].cancel()
    await asyncio.sleep(0)
    first.cancel()
    await settle()
    assert guarded.running[4:] == ["e"]
    guarded.ends.set()
    assert await second == Ack()


@pytest.mark.parametrize(("age", "replay", "is_shed"), [(9.0, 0, True), (0.0, 0, False), (9.0, 1, False)])
async def test_what_would_wait_too_long_is_shed(logs, age, replay, is_shed):
    """Its age counts. An operator waits for a replay, so that it is never shed."""
    guarded = Guarded(shedding=TenSeconds())
    guarded.shedding.ended.set()
    await guarded.begin_all("a", "a", "a")
    for _ in range(3):
        await guarded.begin("a")
    outcome = await guarded.begin("a", age=age, replay=replay)
    assert isinstance(outcome, Ack) is is_shed
    assert [line["waited_ms"] for line in logs if line["event"] == "message_shed"] == [9000] * is_shed
    guarded.ends.set()


async def test_few_messages_are_shed_at_once(logs):
    """The others are looked at again after a moment: refusing must not take the handlers of answers."""
    guarded = Guarded(total=32, shedding=TenSeconds())
    await guarded.begin_all(*["a"] * 24)
    tasks = [guarded.begin("a", age=60) for _ in range(10)]
    await settle()
    assert guarded.shedding.max_shed_now == 2
    assert sum(task.done() and isinstance(task.result(), RetryIn) for task in tasks) == 8
    guarded.shedding.ended.set()
    guarded.ends.set()
    await asyncio.gather(*tasks)
