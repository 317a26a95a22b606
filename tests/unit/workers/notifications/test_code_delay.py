"""A code that can't be sent is given up early enough for its visitor to learn so within a minute."""

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
from shared.errors import DeploymentError, TransientError
from shared.settings import PoolSettings
from tests.fakes.memory_queue import MemoryQueue
from tests.unit.workers.compositions import TOPIC, settings_of
from workers.notifications.settings import NotificationsSettings
from workers.notifications.wiring import describe_queues

LEASE = timedelta(hours=1)
"""The keeper does not run here: the time of a test jumps."""
SEND_SECONDS = 20
"""The longest call of a provider (`_SEND_SECONDS` in the wiring)."""
FOR_THE_QUEUES = 10


class SlowMailer:
    """A provider that fails each call after a while."""

    def __init__(self, clock, error, seconds):
        self.clock, self.error, self.seconds, self.calls = clock, error, seconds, 0

    async def send(self, email):
        self.calls += 1
        self.clock.advance(timedelta(seconds=self.seconds))
        raise self.error


async def find_end(world, notice, error, seconds):
    """Return after how many seconds and calls the notice was given up."""
    mailer = SlowMailer(world.clock, error, seconds)
    world.use(mailer=mailer)
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
