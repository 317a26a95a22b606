"""What the tests of the source share: queues that answer by a script or lose answers, and a source with its work."""

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
    """One receive as it was asked for."""

    at: float
    most: int
    wait: int
    visibility: int
    attempt: str | None


class Script:
    """Answers receives one after the other as it was told to, then like an empty queue; keeps what it was asked.

    An answer is a number of deliveries, an error, or a list of deliveries; `seconds` is how long each takes.
    """

    def __init__(self, *answers, fifo=False, seconds=0.05):
        self.name = "script.fifo" if fifo else "script"
        self.is_fifo = fifo
        self.answers = iter(answers)
        self.seconds = seconds
        self.asks = []
        self.open = []
        self.most_open = self.most_open_waiting = 0

    async def receive(self, *, max_messages, wait_seconds, visibility_seconds, attempt_id=None):
        loop = asyncio.get_running_loop()
        ask = Ask(loop.time(), max_messages, wait_seconds, visibility_seconds, attempt_id)
        self.asks.append(ask)
        self.open.append(ask)
        self.most_open = max(self.most_open, len(self.open))
        self.most_open_waiting = max(self.most_open_waiting, sum(one.wait > 0 for one in self.open))
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
    """A source with its permits, and the work that it starts: it lasts until it is told to end."""

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
        self.permits.give(count)

    async def quiet(self, grace=0.3):
        return await self.source.quiet(grace_seconds=grace)


def run(scene, story, *, seconds=0.0):
    """Open the source, let time pass, let the story happen, and go quiet if it didn't."""

    async def live():
        scene.source.open()
        await asyncio.sleep(seconds)
        try:
            return await story() if story else None
        finally:
            await scene.quiet()

    return run_turned(live())


class Forgetful(MemoryQueue):
    """Takes messages, and loses the answers that it was told to lose."""

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
