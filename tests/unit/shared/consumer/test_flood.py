"""A flood of one tenant or one address in a real pool, in virtual time: the others' messages do not wait."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from shared.consumer.decode import Decoder
from shared.consumer.disposition import RetryPolicy
from shared.consumer.lease import LeaseKeeper
from shared.consumer.overload import OverloadGuard
from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.process import Processor
from shared.consumer.settle import Settler
from shared.consumer.shares import ShareLimits
from shared.consumer.stop import Stop
from shared.consumer.telemetry import Telemetry
from shared.messages.commands import CHAT_COMMAND
from tests.fakes.claims import FakeClaims
from tests.fakes.envelopes import command_body
from tests.fakes.memory_queue import MemoryQueue
from tests.fakes.turned_loop import run_turned

HANDLERS = 8
HANDLER_SECONDS = 2.0
LEASE = timedelta(hours=1)
MAX_WAIT = timedelta(seconds=5)
QUIET = 6
NO_LIMITS = ShareLimits(tenant=1, address=1, session=1)


class LoopClock:
    """The time of the running loop."""

    def now(self):
        return datetime.fromtimestamp(asyncio.get_running_loop().time(), UTC)


class IdleLeases(LeaseKeeper):
    """Has no thread: nothing has to be extended in an hour, and a thread does not know virtual time."""

    async def start(self):
        self.is_started = True

    async def stop(self):
        self.is_started = False


@dataclass
class Answers:
    """Takes two seconds for each message, and notes when it began; sheds in no time."""

    claims: FakeClaims
    clock: LoopClock
    began: dict = field(default_factory=dict)
    shed_ids: list = field(default_factory=list)
    running: Counter = field(default_factory=Counter)
    max_running: Counter = field(default_factory=Counter)

    async def handle(self, message, claim):
        self.began.setdefault(message.id, self.clock.now())
        for key in (message.tenant, message.source_ip):
            self.running[key] += 1
            self.max_running[key] = max(self.max_running[key], self.running[key])
        await asyncio.sleep(HANDLER_SECONDS)
        for key in (message.tenant, message.source_ip):
            self.running[key] -= 1
        await self.claims.complete(claim)

    def find_max_wait(self, message):
        return MAX_WAIT if message.tenant == "sheds" else None

    async def shed_message(self, message, claim):
        self.shed_ids.append(message.id)
        await self.claims.complete(claim)
        return "MODEL_BUSY"


class FloodedPool:
    """A pool in virtual time, and what was sent when."""

    def __init__(self, limits=None):
        self.clock = LoopClock()
        self.queue = MemoryQueue(clock=self.clock, max_receive_count=100)
        self.claims = FakeClaims(self.clock)
        self.answers = Answers(self.claims, self.clock)
        leases = IdleLeases(open_connections=None, lease=LEASE, limit=timedelta(minutes=10), telemetry=Telemetry())
        loop = asyncio.get_running_loop()
        self.processor = Processor(
            queue=self.queue,
            decoder=Decoder(CHAT_COMMAND),
            handler=self.answers,
            claims=self.claims,
            leases=leases,
            clock=self.clock,
            policy=RetryPolicy(),
            lease=LEASE,
            guard=OverloadGuard(
                total=HANDLERS, limits=limits or ShareLimits(), shedding=self.answers, monotonic=loop.time
            ),
        )
        self.pool = Pool(
            queue=self.queue,
            processor=self.processor,
            leases=leases,
            settler=Settler(self.queue),
            options=PoolOptions(concurrency=HANDLERS, wait_seconds=20, lease=LEASE),
        )
        self.sent = {}

    def send(self, key, **fields):
        self.sent[key] = self.clock.now()
        fields = {"tenant": "flood", "source_ip": ""} | fields
        self.queue.send(command_body(key, session=f"s-{key}", **fields), group=f"s-{key}")

    def waits(self, prefix):
        """Return how many seconds each of these messages waited for its handler; those that never began are absent."""
        return [
            (self.answers.began[key] - sent).total_seconds()
            for key, sent in self.sent.items()
            if key.startswith(prefix) and key in self.answers.began
        ]


async def flood(limits=None, *, count, **fields):
    """Send a flood at once, then a message of somebody else every second for a while; return the pool at its end."""
    pool, stop = FloodedPool(limits), Stop()
    running = asyncio.create_task(pool.pool.run(stop))
    for number in range(count):
        pool.send(f"flood{number}", **{name: value.format(number) for name, value in fields.items()})
    for number in range(QUIET):
        await asyncio.sleep(1)
        pool.send(f"quiet{number}", tenant="quiet", source_ip=f"203.0.113.{number}")
    async with asyncio.timeout(600):
        while pool.queue.bodies():
            await asyncio.sleep(1)
    stop.request()
    await running
    return pool


@pytest.mark.parametrize(
    ("fields", "key", "max_running"),
    [
        ({"tenant": "flood", "source_ip": "198.51.100.{}"}, "flood", 6),
        ({"tenant": "t{}", "source_ip": "198.51.100.7"}, "198.51.100.7", 4),
    ],
    ids=["one tenant", "one address"],
)
def test_a_flood_does_not_delay_the_others(logs, fields, key, max_running):
    """Two dozen messages at once take all of its share; the others' messages of that time begin within half a second.

    Each message of the flood is carried out, none by way of the dead-letter queue.
    """
    pool = run_turned(flood(count=24, **fields))
    assert len(pool.waits("quiet")) == QUIET
    assert max(pool.waits("quiet")) < 0.5
    assert pool.answers.max_running[key] == max_running
    assert len(pool.waits("flood")) == 24
    assert pool.answers.shed_ids == pool.queue.redriven == pool.queue.dead_letters == []


async def count_first_receives():
    """Send a flood of 60 messages; return how many receives a pool needs to see all of them once."""
    pool, stop = FloodedPool(), Stop()
    for number in range(60):
        pool.send(f"flood{number}", source_ip=f"198.51.100.{number}")
    running = asyncio.create_task(pool.pool.run(stop))
    await asyncio.sleep(0.9)
    stop.request()
    await running
    return pool.queue.calls["receive"]


def test_a_flood_is_passed_over_ten_messages_at_a_time(logs):
    """With the two permits that its share leaves it would take 28 receives until another's message is seen."""
    assert run_turned(count_first_receives()) <= 12


def test_without_shares_the_others_wait_behind_the_flood(logs):
    """What the shares are for: the same flood with limits of one."""
    pool = run_turned(flood(NO_LIMITS, count=24, tenant="flood", source_ip="198.51.100.{}"))
    assert max(pool.waits("quiet")) > 4
    assert pool.answers.max_running["flood"] == HANDLERS


def test_what_would_wait_too_long_is_shed(logs):
    """Six handlers carry 15 messages out in five seconds; of forty some are refused, and each ends in one of both ways.

    The others do not wait behind what is refused either.
    """
    pool = run_turned(flood(count=40, tenant="sheds", source_ip="198.51.100.{}"))
    assert len(pool.waits("flood")) + len(pool.answers.shed_ids) == 40
    assert len(pool.answers.shed_ids) >= 5
    assert max(pool.waits("quiet")) < 0.5
    shed = [line["reason"] for line in logs if line["event"] == "message_shed"]
    assert shed == ["tenant_has_its_share"] * len(pool.answers.shed_ids)
