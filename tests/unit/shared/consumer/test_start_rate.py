"""A tenant's handlers share the processor with those of others, who must not notice how many there are."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

from shared.consumer import overload
from shared.consumer.disposition import Ack
from shared.consumer.overload import OverloadGuard
from shared.consumer.shares import ShareLimits, find_holders
from shared.consumer.start_rate import StartRate
from tests.fakes.turned_loop import TurnedLoop, run_turned

FLOOD = 200
STEPS, CPU_SECONDS, CALL_SECONDS = 12, 0.002, 0.004
"""A handler computes for two milliseconds before each of its calls of tables."""


class BusyLoop(TurnedLoop):
    """A loop with virtual time in which computing takes time, too, while nothing else runs."""

    computed = 0.0

    def time(self):
        return super().time() + self.computed

    def compute(self, seconds):
        self.computed += seconds


class BusyPool:
    """A guard of 64 handlers that compute and call."""

    def __init__(self, limits, *, elsewhere=False):
        self.loop = asyncio.get_running_loop()
        rate = StartRate(cpu_seconds=lambda: 0.0 if elsewhere else self.loop.computed)
        self.guard = OverloadGuard(total=64, limits=limits, monotonic=self.loop.time, start_rate=rate)
        self.seconds = {"flood": [], "quiet": []}
        self.running = self.max_running = 0

    async def process(self, tenant, who=None, source_ip=""):
        """Process a message until it has a handler, as a queue delivers it again after it was deferred."""
        message = SimpleNamespace(tenant=tenant, session_id="", source_ip=source_ip, replay=0)
        holders, began = find_holders(message), self.loop.time()
        while used_up := self.guard.take_handler(holders):
            deferred = await self.guard.wait_or_defer(message, holders, used_up, age=timedelta(0), shed=self.shed)
            if deferred is None:
                break
            await asyncio.sleep(deferred.delay.total_seconds())
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        handler_began = self.loop.time()
        for _ in range(STEPS):
            self.loop.compute(CPU_SECONDS)
            await asyncio.sleep(CALL_SECONDS)
        self.guard.end_handler(holders, began=handler_began)
        self.running -= 1
        self.seconds[who or tenant].append(self.loop.time() - began)

    async def shed(self, handle):
        return Ack()


async def flood(limits, **options):
    """Let a flood arrive at once, and messages of others one after the other; return the pool."""
    pool = BusyPool(limits, **options)
    for _ in range(40):
        await pool.process("quiet")  # the pool knows then how long its handlers take
    pool.seconds["quiet"].clear()
    tasks = [asyncio.create_task(pool.process("flood")) for _ in range(FLOOD)]
    for _ in range(12):
        tasks.append(asyncio.create_task(pool.process("quiet")))
        await asyncio.sleep(0.25)
    await asyncio.gather(*tasks)
    return pool


def run_flood(limits, **options):
    return run_turned(flood(limits, **options), loop_factory=BusyLoop)


def test_others_hardly_wait_for_a_flood_that_computes():
    """A quarter of a second instead of one to five; the flood is carried out nearly as fast as the processor can."""
    pool = run_flood(ShareLimits())
    assert max(pool.seconds["quiet"]) < 0.35
    assert len(pool.seconds["flood"]) == FLOOD
    assert max(pool.seconds["flood"]) < 1.3 * FLOOD * STEPS * CPU_SECONDS


async def flood_from_one_address(limits):
    """Let one address flood its business, and other visitors of the same business come meanwhile."""
    pool = BusyPool(limits)
    for _ in range(40):
        await pool.process("salon", "quiet", "198.51.100.1")
    pool.seconds["quiet"].clear()
    tasks = [asyncio.create_task(pool.process("salon", "flood", "192.0.2.7")) for _ in range(FLOOD)]
    for number in range(12):
        tasks.append(asyncio.create_task(pool.process("salon", "quiet", f"198.51.{number}.1")))
        await asyncio.sleep(0.25)
    await asyncio.gather(*tasks)
    return pool


def test_visitors_of_the_same_business_do_not_wait_behind_an_address(monkeypatch):
    """They have half of what it may start; one may be deferred for a second. Otherwise the address takes nearly all."""

    def run():
        pool = run_turned(flood_from_one_address(ShareLimits()), loop_factory=BusyLoop)
        assert len(pool.seconds["flood"]) == FLOOD
        return sorted(pool.seconds["quiet"])

    waits = run()
    assert waits[-2] < 0.35
    assert waits[-1] < 1.5
    monkeypatch.setattr(overload, "_PARTS_OF_RATE", (1.0,))
    assert run()[-1] > 3


def test_without_it_others_wait_for_the_processor():
    """A business that may have all handlers starts them at once: what the rate is for."""
    pool = run_flood(ShareLimits(tenant=1, address=1, session=1))
    assert pool.max_running == 64
    assert min(pool.seconds["quiet"]) > 0.9


def test_a_loop_that_is_late_because_of_others_starts_as_many():
    """Where other processes have the processor, fewer handlers would help nobody."""
    pool = run_flood(ShareLimits(), elsewhere=True)
    assert pool.max_running > 40


def test_handlers_that_wait_start_without_delay():
    """A hundred answers of a business that wait for their model run side by side within half a second."""

    async def count_running():
        guard = OverloadGuard(total=200, limits=ShareLimits(), monotonic=asyncio.get_running_loop().time)
        message = SimpleNamespace(tenant="busy", session_id="", replay=0)
        running = 0

        async def process():
            nonlocal running
            holders = find_holders(message)
            while used_up := guard.take_handler(holders):
                deferred = await guard.wait_or_defer(message, holders, used_up, age=timedelta(0), shed=None)
                if deferred is None:
                    break
                await asyncio.sleep(deferred.delay.total_seconds())
            running += 1
            await asyncio.sleep(60)

        tasks = [asyncio.create_task(process()) for _ in range(100)]
        await asyncio.sleep(5)
        for task in tasks:
            task.cancel()
        return running

    assert run_turned(count_running()) == 100
