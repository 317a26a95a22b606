"""ReceiveMessage, with long polling."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from tests.broker.errors import invalid_parameter
from tests.broker.exchange import Exchange
from tests.broker.message import RequestedMembers
from tests.broker.queue import Queue
from tests.broker.queues import Queues
from tests.broker.visibility import TICKS_PER_SECOND

_NOTHING = b"{}"


@dataclass(slots=True)
class _Poll:
    queue: Queue
    exchange: Exchange
    max_count: int
    seconds: int
    attempt_id: str | None
    requested: RequestedMembers
    until: float = 0

    def serve(self) -> bool:
        """Answer if there is a message; return whether there was one."""
        messages = self.queue.take(self.max_count, self.seconds, self.attempt_id)
        if not messages:
            return False
        render = self.requested.render
        self.exchange.answer(f'{{"Messages":[{",".join([render(message) for message in messages])}]}}'.encode())
        return True


class Receives:
    """Answers receives; waiting ones are served in the order of their arrival."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._waiting: dict[Queue, deque[_Poll]] = {}
        self._ticking = False

    def start(self, call: dict[str, Any], exchange: Exchange) -> None:
        """Answer a receive at once, when a message arrives, or with no message at the end of its wait time."""
        queue = self._queues.find(call["QueueUrl"])
        settings = queue.settings
        max_count = call.get("MaxNumberOfMessages", 1)
        wait = call.get("WaitTimeSeconds", settings.wait_seconds)
        if not 1 <= max_count <= 10:
            raise invalid_parameter(f"Value {max_count} for parameter MaxNumberOfMessages is invalid. Reason: 1 to 10.")
        if not 0 <= wait <= 20:
            raise invalid_parameter(f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: 0 to 20.")
        poll = _Poll(
            queue,
            exchange,
            max_count,
            call.get("VisibilityTimeout", settings.visibility_seconds),
            call.get("ReceiveRequestAttemptId"),
            RequestedMembers.of(
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
        """Serve the receives that wait for this queue, after a change of the queue."""
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
        """Serve messages that became visible, and answer calls whose wait time is over, while any call waits."""
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
