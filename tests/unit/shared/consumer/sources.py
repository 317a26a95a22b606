"""Shared by the tests of the source: queues with scripted or lost answers, and a source with its processing."""

import asyncio
import itertools
from dataclasses import dataclass
from datetime import timedelta

from shared.consumer.delivery import Delivery
from shared.consumer.permits import Permits
from shared.consumer.source import Source
from shared.errors import TransientError
from tests.fakes.memory_queue import MemoryQueue
from tests.fakes.turned_loop import run_turned

WAIT = 20
VISIBILITY = timedelta(seconds=30)


@dataclass
class Ask:
    """The parameters of one receive."""

    at: float
    max_messages: int
    wait: int
    visibility: int
    attempt: str | None


class Script:
    """Answers receives from a script, then like an empty queue; records the requests.

    An answer is a number of deliveries, an error, or a list of deliveries; `seconds` is how long each takes.
    """

    def __init__(self, *answers, fifo=False, seconds=0.05):
        self.name = "script.fifo" if fifo else "script"
        self.is_fifo = fifo
        self.answers = iter(answers)
        self.seconds = seconds
        self.asks = []
        self.open = []
        self.max_open = self.max_open_waiting = 0

    async def receive(self, *, max_messages, wait_seconds, visibility_seconds, attempt_id=None):
        loop = asyncio.get_running_loop()
        ask = Ask(loop.time(), max_messages, wait_seconds, visibility_seconds, attempt_id)
        self.asks.append(ask)
        self.open.append(ask)
        self.max_open = max(self.max_open, len(self.open))
        self.max_open_waiting = max(self.max_open_waiting, sum(one.wait > 0 for one in self.open))
        try:
            answer = next(self.answers, None)
            await asyncio.sleep(self.seconds if answer is not None else max(wait_seconds, self.seconds))
        finally:
            self.open.remove(ask)
        if isinstance(answer, Exception):
            raise answer
        return messages(min(answer or 0, max_messages)) if not isinstance(answer, list) else answer


numbers = itertools.count()


def messages(count):
    return [Delivery(f"m{number}", f"r{number}", "body") for number in itertools.islice(numbers, count)]


class Scene:
    """A source with its permits and the processing that it starts, which lasts until `finish`."""

    def __init__(self, queue, *, total=64, lasts=True, wait=WAIT):
        self.queue = queue
        self.permits = Permits(total)
        self.lasts = lasts
        self.working = []
        self.started = []
        self.source = Source(
            queue=queue, permits=self.permits, start=self.start, wait_seconds=wait, visibility=VISIBILITY
        )

    def start(self, deliveries):
        self.started += deliveries
        if not self.lasts:
            return 0
        self.working += deliveries
        return len(deliveries)

    def finish(self, count):
        del self.working[:count]
        self.permits.give_back(count)

    async def stop(self, grace=0.3):
        return await self.source.stop_receiving(grace_seconds=grace)


def run(scene, scenario, *, seconds=0.0):
    """Open the source, let time pass, run the scenario, and stop the source."""

    async def live():
        scene.source.start_receiving()
        await asyncio.sleep(seconds)
        try:
            return await scenario() if scenario else None
        finally:
            await scene.stop()

    return run_turned(live())


class Forgetful(MemoryQueue):
    """Receives messages, and loses the answers given in `lost`."""

    def __init__(self, *lost, **options):
        super().__init__(**options)
        self.lost = iter(lost)
        self.attempts = []
        self.asked = []

    async def receive(self, *, max_messages, attempt_id=None, **options):
        self.attempts.append(attempt_id)
        self.asked.append(max_messages)
        found = await super().receive(max_messages=max_messages, attempt_id=attempt_id, **options)
        if next(self.lost, False):
            raise TransientError("reset")
        return found
