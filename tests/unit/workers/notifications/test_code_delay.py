"""A code that can't be sent is given up early enough for its visitor to learn so within a minute."""

import asyncio
import random
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog

from shared.consumer.disposition import DeadLetter, RetryIn
from shared.consumer.lease import LeaseKeeper
from shared.consumer.queue_description import QueueRuntime
from shared.consumer.rollout import ROLLOUT_WAIT
from shared.consumer.shares import ShareLimits
from shared.consumer.telemetry import Telemetry
from shared.conversations.waiting import WaitingVisitors
from shared.errors import DependencyDownError, DeploymentError, TransientError
from shared.settings import PoolSettings
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakePoster
from tests.fakes.memory_queue import MemoryQueue
from tests.unit.workers.compositions import TOPIC, settings_of
from workers.notifications.handler.late_codes import CodeVisitor
from workers.notifications.ports import UnknownOutcomeError
from workers.notifications.settings import NotificationsSettings
from workers.notifications.wiring import describe_queues

LEASE = timedelta(hours=1)
"""The keeper does not run here: the time of a test jumps."""
SEND_SECONDS = 20
"""The longest call of a provider (`_SEND_SECONDS` in the wiring)."""
FOR_THE_QUEUES = 10
HOLD = timedelta(minutes=15)


class SlowMailer:
    """A provider that fails each call after a while."""

    def __init__(self, clock, error, seconds):
        self.clock, self.error, self.seconds, self.calls = clock, error, seconds, 0

    async def send(self, email):
        self.calls += 1
        self.clock.advance(timedelta(seconds=self.seconds))
        raise self.error


async def find_end(world, notice, error, seconds, **ports):
    """Return after how many seconds and calls the notice was given up."""
    mailer = SlowMailer(world.clock, error, seconds)
    world.use(mailer=mailer, **ports)
    queue = MemoryQueue(name="notices", clock=world.clock)

    @asynccontextmanager
    async def open_connections():
        yield queue, world.claims

    leases = LeaseKeeper(
        open_connections=open_connections, lease=LEASE, limit=LEASE, monotonic=lambda: world.clock.now().timestamp()
    )
    notices, _ = describe_queues(
        settings_of(NotificationsSettings, feedback_topic_arn=TOPIC),
        PoolSettings(),
        ports=world.handler._ports,
        claims=world.claims,
        outcomes=None,
    )
    processor = notices.build_processor(
        QueueRuntime(
            queue=queue,
            leases=leases,
            telemetry=Telemetry(),
            claims=world.claims,
            clock=world.clock,
            lease=LEASE,
            rollout_wait=ROLLOUT_WAIT,
            concurrency=64,
            shares=ShareLimits(),
        )
    )
    began = world.clock.now()
    queue.send(notice.model_dump_json())
    (delivery,) = await queue.receive(max_messages=1, wait_seconds=0, visibility_seconds=600)
    while isinstance(disposition := await processor.process(delivery), RetryIn):
        world.clock.advance(disposition.delay)
        delivery.receive_count += 1
    assert isinstance(disposition, DeadLetter)
    assert queue.dead_letters
    return (world.clock.now() - began).total_seconds(), mailer.calls


@pytest.mark.parametrize("seed", range(8))
async def test_a_code_is_given_up_in_time_however_slow_its_provider_is(new_world, make_notice, seed):
    """Whatever fails and however the waits fall, and not long before it has to be."""
    random.seed(seed)
    errors = (TransientError("throttled", reason="mail_not_taken"), DeploymentError("paused"), KeyError("a bug"))
    with structlog.testing.capture_logs():
        for error in errors:
            for seconds in (0.1, 3, 12, SEND_SECONDS):
                ends, calls = await find_end(new_world(), make_notice("code"), error, seconds)
                assert ends <= 60 - FOR_THE_QUEUES
                # Not earlier than needed: the longest wait is five seconds.
                assert ends >= 25 or calls == 10
            waits = TransientError("throttled", retry_after=timedelta(minutes=5))
            assert await find_end(new_world(), make_notice("code"), waits, 1) == (1, 1)


async def test_any_other_notice_is_tried_for_longer(new_world, make_notice):
    """Nobody waits for it in the chat, and a provider may throttle for minutes."""
    with structlog.testing.capture_logs():
        error = TransientError("throttled", reason="mail_not_taken")
        _, calls = await find_end(new_world(), make_notice("confirmed"), error, SEND_SECONDS)
    assert calls == 10


def make_waiting(make_notice, world):
    """Return a code whose visitor understands that it is late, and the hold's end in seconds."""
    notice = make_notice("code", waiting={"connection_id": "tab", "client_id": "c1"})
    notice = notice.model_copy(update={"accepted_at": world.clock.now(), "expires_at": world.clock.now() + HOLD})
    return notice, HOLD.total_seconds()


@pytest.mark.parametrize("seed", range(4))
async def test_a_code_whose_visitor_hears_that_it_is_late_is_tried_while_its_time_is_held(new_world, make_notice, seed):
    """A provider may be out for minutes; the end comes while the visitor can still hear it."""
    random.seed(seed)
    with structlog.testing.capture_logs():
        world = new_world()
        notice, hold = make_waiting(make_notice, world)
        down = DependencyDownError("throttled", reason="mail_not_taken")
        ends, calls = await find_end(world, notice, down, 0.1, waiting=WaitingVisitors(FakePoster()))
        assert 0.5 * hold < ends <= hold - 20
        assert calls < 100, "a queue allows a hundred receives"


async def test_what_may_have_been_sent_is_not_repeated_for_long(new_world, make_notice):
    """Each attempt may be another e-mail with the same code."""
    with structlog.testing.capture_logs():
        world = new_world()
        notice, _ = make_waiting(make_notice, world)
        waiting = WaitingVisitors(FakePoster())
        ends, _ = await find_end(world, notice, UnknownOutcomeError("silent"), SEND_SECONDS, waiting=waiting)
        assert ends <= 60 - FOR_THE_QUEUES


async def test_without_a_way_to_the_visitor_a_code_is_given_up_as_before(new_world, make_notice):
    """In an environment that does not say where visitors are."""
    with structlog.testing.capture_logs():
        world = new_world()
        down = DependencyDownError("throttled", reason="mail_not_taken")
        ends, _ = await find_end(world, make_waiting(make_notice, world)[0], down, 0.1)
        assert ends <= 60 - FOR_THE_QUEUES


@pytest.mark.parametrize(("waited", "posts"), [(3.9, 0), (4.1, 1)])
async def test_a_late_code_is_announced_over_the_connection_that_asked_for_it(make_notice, waited, posts):
    """Without a table, and about the hold."""
    clock, poster = FakeClock(), FakePoster()
    notice = make_notice("code", waiting={"connection_id": "tab", "client_id": "c1"})
    notice = notice.model_copy(update={"accepted_at": clock.now()})
    clock.advance(timedelta(seconds=waited))
    async with CodeVisitor(WaitingVisitors(poster), clock).watch(notice):
        await asyncio.sleep(0)
    frames = poster.frames("tab")
    assert len(frames) == posts
    for frame in frames:
        assert (frame["type"], frame["re"]) == ("progress", "c1")
        assert frame["data"] == {"appointment_id": notice.data.appointment_id}


@pytest.mark.parametrize(("reason", "end"), [("mail_not_taken", "given_up"), ("mail_rejected", "carried_out")])
async def test_a_code_that_its_provider_did_not_take_is_marked(world, make_notice, reason, end):
    """So that it does not count; one to a contact that is refused does."""
    notice = make_notice("code")
    claim = await world.claims.claim(notice.claim_key, fingerprint="f", lease=LEASE)
    assert await world.claims.find_end(notice.claim_key) == "open"
    await world.handler.give_up(notice, claim, reason)
    assert await world.claims.find_end(notice.claim_key) == end
