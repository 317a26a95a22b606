"""ReceiveMessage, and the calls that wait for a first message."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from tests.broker.errors import invalid_parameter
from tests.broker.exchange import Exchange
from tests.broker.message import Wanted
from tests.broker.queue import Queue
from tests.broker.queues import Queues
from tests.broker.visibility import TICKS_PER_SECOND

_NOTHING = b"{}"


@dataclass(slots=True)
class _Poll:
    queue: Queue
    exchange: Exchange
    most: int
    seconds: int
    attempt_id: str | None
    wanted: Wanted
    until: float = 0

    def serve(self) -> bool:
        """Answer if there is a message."""
        messages = self.queue.take(self.most, self.seconds, self.attempt_id)
        if not messages:
            return False
        render = self.wanted.render
        self.exchange.answer(f'{{"Messages":[{",".join([render(message) for message in messages])}]}}'.encode())
        return True


class Receives:
    """Answers receives; those that wait are served in the order in which they came."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._waiting: dict[Queue, deque[_Poll]] = {}
        self._ticking = False

    def start(self, call: dict[str, Any], exchange: Exchange) -> None:
        """Answer a receive, at once or when there is something, or with nothing once its time is over."""
        queue = self._queues.find(call["QueueUrl"])
        settings = queue.settings
        most = call.get("MaxNumberOfMessages", 1)
        wait = call.get("WaitTimeSeconds", settings.wait_seconds)
        if not 1 <= most <= 10:
            raise invalid_parameter(f"Value {most} for parameter MaxNumberOfMessages is invalid. Reason: 1 to 10.")
        if not 0 <= wait <= 20:
            raise invalid_parameter(f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: 0 to 20.")
        poll = _Poll(
            queue,
            exchange,
            most,
            call.get("VisibilityTimeout", settings.visibility_seconds),
            call.get("ReceiveRequestAttemptId"),
            Wanted.of(
                (*call.get("MessageSystemAttributeNames", ()), *call.get("AttributeNames", ())),
                call.get("MessageAttributeNames", ()),
            ),
        )
        if poll.serve():
            return
        if not wait:
            exchange.answer(_NOTHING)
            return
        poll.until = asyncio.get_running_loop().time() + wait
        self._waiting.setdefault(queue, deque()).append(poll)
        self._tick_soon()

    def serve(self, queue: Queue) -> None:
        """Serve those that wait for this queue, now that something about it has changed."""
        polls = self._waiting.get(queue)
        if polls is None:
            return
        while polls and (polls[0].exchange.gone or polls[0].serve()):
            polls.popleft()
        if not polls:
            del self._waiting[queue]

    def _tick_soon(self) -> None:
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(1 / TICKS_PER_SECOND, self._tick)

    def _tick(self) -> None:
        """Look for messages that show again, and for calls whose time is over, while any call waits."""
        self._ticking = False
        now = asyncio.get_running_loop().time()
        for queue, polls in list(self._waiting.items()):
            self.serve(queue)
            for poll in [one for one in polls if one.until <= now or one.exchange.gone]:
                polls.remove(poll)
                poll.exchange.answer(_NOTHING)
            if not polls:
                self._waiting.pop(queue, None)
        if self._waiting:
            self._tick_soon()
